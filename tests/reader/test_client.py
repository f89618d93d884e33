"""Identity, pages, single messages and links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import discord.http
import pytest
from aiohttp import web

from reaper_tui.model.errors import AccessDenied, ConfigurationError, NotFound, ServiceDown
from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.client import DiscordReader
from reaper_tui.reader.events import ReaderEvent

from .conftest import BOT_ID, FakeDiscord, reply

if TYPE_CHECKING:
    from reaper_tui.engine.ports import Reader

PATH = "/channels/5/messages"


def history(count: int) -> list[dict[str, object]]:
    return [
        {"id": str(number), "channel_id": "5", "type": 0, "content": f"m{number}"} for number in range(1, count + 1)
    ]


def serve_history(fake: FakeDiscord, messages: list[dict[str, object]]) -> None:
    async def answer(request: web.Request) -> web.Response:
        after = int(request.query["after"])
        newer = [raw for raw in messages if int(str(raw.get("id") or raw["_id"])) > after][
            : int(request.query["limit"])
        ]
        return reply(newer[::-1])

    fake.standing[PATH] = answer


async def read_all(reader: Reader) -> list[int]:
    found: list[int] = []
    after = 0
    while True:
        page = await reader.page(5, after)
        found += [raw.id for raw in page]
        if len(page) < 100:
            return found
        after = page[-1].id


async def test_pages_walk_a_channel_oldest_first_to_its_end(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_history(discord, history(250))
    assert await read_all(reader) == list(range(1, 251))
    assert discord.count(PATH) == 3


async def test_a_channel_of_exactly_one_page_ends_with_an_empty_one(
    reader: DiscordReader, discord: FakeDiscord
) -> None:
    serve_history(discord, history(100))
    assert await read_all(reader) == list(range(1, 101))
    assert list(await reader.page(5, 100)) == []


async def test_messages_without_id_are_left_out_and_nothing_after_them_is_lost(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    messages = history(250)
    for place in (10, 99, 150):
        messages[place]["_id"] = messages[place].pop("id")
    serve_history(discord, messages)
    assert await read_all(reader) == [number for number in range(1, 251) if number not in (11, 100, 151)]
    assert any(event.kind == "note" and event.channel_id == 5 for event in events)


async def test_a_server_that_ignores_after_is_an_error_not_an_endless_loop(
    reader: DiscordReader, discord: FakeDiscord
) -> None:
    discord.standing[PATH] = history(100)
    with pytest.raises(ServiceDown):
        await reader.page(5, 100)


async def test_odd_characters_and_numbers_survive_storing(reader: DiscordReader, discord: FakeDiscord) -> None:
    odd = b'[{"id": "7", "channel_id": "5", "content": "a\\ud800b", "nonce": 123456789012345678901234567890}]'
    discord.standing[PATH] = lambda request: _raw(odd)
    [raw] = await reader.page(5, 0)
    assert reader.parse(raw.payload).content == "a?b"


async def _raw(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": "application/json"})


async def test_json_with_a_charset_is_still_json(reader: DiscordReader, discord: FakeDiscord) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(history(2))

    discord.standing[PATH] = answer
    assert [raw.id for raw in await reader.page(5, 0)] == [1, 2]


async def test_one_message_is_read_anew(reader: DiscordReader, discord: FakeDiscord) -> None:
    discord.standing[f"{PATH}/7"] = {"id": "7", "channel_id": "5", "content": "again"}
    raw = await reader.message(5, 7)
    assert (raw.id, reader.parse(raw.payload).content) == (7, "again")
    with pytest.raises(NotFound):
        await reader.message(5, 8)


async def test_links_are_refreshed_in_batches_of_fifty(reader: DiscordReader, discord: FakeDiscord) -> None:
    sizes: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        urls = (await request.json())["attachment_urls"]
        sizes.append(len(urls))
        return reply({"refreshed_urls": [{"original": url, "refreshed": f"{url}?ex=1"} for url in urls]})

    discord.standing["/attachments/refresh-urls"] = answer
    urls = [f"https://cdn/{number}" for number in range(120)]
    assert await reader.refresh_links(urls) == {url: f"{url}?ex=1" for url in urls}
    assert sizes == [50, 50, 20]


async def test_links_that_cannot_be_refreshed_are_missing(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    discord.standing["/attachments/refresh-urls"] = reply({"message": "no", "code": 1}, 400)
    assert await reader.refresh_links(["https://cdn/1"]) == {}
    assert [event.kind for event in events] == ["note"]


async def test_identity_lists_all_places_and_warns_of_missing_content(
    reader: DiscordReader, discord: FakeDiscord
) -> None:
    async def answer(request: web.Request) -> web.Response:
        after = int(request.query.get("after", "0"))
        return reply([{"id": str(n), "name": f"g{n}"} for n in range(1, 321) if n > after][:200])

    discord.standing["/users/@me/guilds"] = answer
    discord.standing["/oauth2/applications/@me"] = {"id": "1", "flags": 0}
    identity = await reader.identity()
    assert (identity.name, identity.bot_id, len(identity.places)) == ("reaper", BOT_ID, 320)
    assert "Message Content Intent" in identity.warnings[0]


@pytest.mark.parametrize("token", ["", "two words\n", "no-äscii"])
async def test_what_cannot_be_a_token_is_not_sent(discord: FakeDiscord, token: str) -> None:
    async with DiscordReader(Secret(token), api_base=discord.base) as reader:
        with pytest.raises(AccessDenied):
            await reader.identity()
    assert discord.requests == []


async def test_a_refused_token_ends_the_run_and_is_not_shown(reader: DiscordReader, discord: FakeDiscord) -> None:
    discord.standing["/users/@me"] = reply({"message": "401: Unauthorized", "code": 0}, 401)
    with pytest.raises(AccessDenied) as caught:
        await reader.identity()
    assert caught.value.ends_run and "Developer Portal" in caught.value.mend
    assert "a.bot.token" not in caught.value.line() + repr(caught.value.__cause__)
    assert discord.count("/users/@me") == 1


async def test_a_failed_login_can_be_tried_again(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_history(discord, history(1))
    discord.queue("/users/@me", *(web.Response(status=503) for _ in range(3)))
    with pytest.raises(ServiceDown):
        await reader.page(5, 0)
    assert len(await reader.page(5, 0)) == 1


async def test_two_readers_with_different_addresses_do_not_disturb_each_other(
    reader: DiscordReader, discord: FakeDiscord
) -> None:
    serve_history(discord, history(3))
    async with DiscordReader(Secret("x"), api_base=discord.base.replace("/v10", "/other"), sleep=_no_sleep) as other:
        with pytest.raises(ConfigurationError, match="address"):
            await other.page(5, 0)
        assert len(await reader.page(5, 0)) == 3
    assert discord.count(PATH) == 1
    assert discord_base() == "https://discord.com/api/v10"


def discord_base() -> str:
    return discord.http.Route.BASE


async def test_an_address_that_is_none_is_a_configuration_error() -> None:
    async with DiscordReader(Secret("x"), api_base="http://") as reader:
        with pytest.raises(ConfigurationError):
            await reader.identity()


async def _no_sleep(seconds: float) -> None:
    return None


async def test_a_closed_reader_says_so(reader: DiscordReader) -> None:
    await reader.close()
    with pytest.raises(ServiceDown):
        await reader.page(5, 0)


async def test_the_payload_is_the_whole_message(reader: DiscordReader, discord: FakeDiscord) -> None:
    told = {"id": "1", "channel_id": "5", "unknown_thing": {"deep": [1, None, True]}, "content": "ünï"}
    discord.standing[PATH] = [told]
    [raw] = await reader.page(5, 0)
    assert json.loads(raw.payload) == told
