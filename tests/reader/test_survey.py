"""The whole structure: odd channels, threads of every kind, what the bot may not read, what is hidden."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from reaper_tui.model.community import Channel, ChannelKind, Guild, Overwrite
from reaper_tui.model.errors import AccessDenied, ConfigurationError
from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.client import DiscordReader
from reaper_tui.reader.permissions import (
    ADMINISTRATOR,
    CONNECT,
    MANAGE_THREADS,
    READ_MESSAGE_HISTORY,
    VIEW_CHANNEL,
)

from .conftest import BOT_ID, FakeDiscord, reply

GUILD = 2
READS = VIEW_CHANNEL | READ_MESSAGE_HISTORY | CONNECT


def channel(number: int, kind: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "type": kind, "name": f"c{number}", "position": number, **fields}


def denies(bits: int, subject: int = GUILD, kind: int = 0) -> dict[str, Any]:
    return {"id": str(subject), "type": kind, "allow": "0", "deny": str(bits)}


def thread(number: int, parent: int, kind: int = 11, **fields: Any) -> dict[str, Any]:
    stamp = f"2024-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000000+00:00"
    metadata = {"archived": True, "archive_timestamp": stamp}
    return channel(number, kind, parent_id=str(parent), thread_metadata=metadata, **fields)


def serve_guild(fake: FakeDiscord, channels: list[dict[str, Any]], granted: int = READS, **fields: Any) -> None:
    roles = [{"id": str(GUILD), "name": "@everyone", "permissions": str(granted)}, {"name": "no id"}]
    fake.standing[f"/guilds/{GUILD}"] = {
        "id": str(GUILD),
        "name": "Home",
        "roles": roles,
        "emojis": [],
        "stickers": [],
        **fields,
    }
    fake.standing[f"/guilds/{GUILD}/channels"] = channels
    fake.standing[f"/guilds/{GUILD}/members/{BOT_ID}"] = {"roles": []}
    fake.standing[f"/guilds/{GUILD}/threads/active"] = {"threads": []}
    for raw in channels:
        for name in ("threads/archived/public", "threads/archived/private", "users/@me/threads/archived/private"):
            fake.standing[f"/channels/{raw.get('id')}/{name}"] = {"threads": [], "has_more": False}


def serve_threads(fake: FakeDiscord, path: str, threads: list[dict[str, Any]], *, by_id: bool = False) -> None:
    def place(raw: dict[str, Any]) -> Any:
        return int(raw["id"]) if by_id else raw["thread_metadata"]["archive_timestamp"]

    async def answer(request: web.Request) -> web.Response:
        before = request.query.get("before")
        older = [raw for raw in threads if before is None or place(raw) < (int(before) if by_id else before)]
        page = sorted(older, key=place, reverse=True)[: int(request.query["limit"])]
        return reply({"threads": page, "has_more": len(older) > len(page)})

    fake.standing[path] = answer


def by_id(guild: Guild) -> dict[int, Channel]:
    return {found.id: found for found in guild.channels}


@pytest.fixture
async def gateway() -> AsyncIterator[Callable[..., Any]]:
    """A gateway that shows the channels a test gives it."""
    servers: list[TestServer] = []

    async def start(channels: list[dict[str, Any]], **fields: Any) -> str:
        async def talk(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.send_json({"op": 10, "d": {"heartbeat_interval": 45000}})
            identify = json.loads((await socket.receive()).data)
            assert identify["op"] == 2 and identify["d"]["token"] == "a.bot.token"
            await socket.send_json({"op": 1, "d": None})
            assert json.loads((await socket.receive()).data)["op"] == 1
            await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": {}})
            for number in (99, GUILD):
                guild = {"id": str(number), "channels": channels, **fields}
                await socket.send_json({"op": 0, "t": "GUILD_CREATE", "s": 2, "d": guild})
            assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)
            return socket

        application = web.Application()
        application.router.add_get("/", talk)
        server = TestServer(application)
        await server.start_server()
        servers.append(server)
        return f"ws://127.0.0.1:{server.port}/"

    yield start
    for server in servers:
        await server.close()


async def test_every_channel_kind_and_odd_ones(reader: DiscordReader, discord: FakeDiscord) -> None:
    tags = [{"id": "71", "name": "bug"}, {"id": "72", "name": "idea"}]
    serve_guild(
        discord,
        [
            channel(10, 4),
            channel(11, 0, parent_id="10", topic="talk", nsfw=True, rate_limit_per_user=5, last_message_id="44"),
            channel(12, 2, bitrate=96000, user_limit=9),
            channel(13, 5),
            channel(14, 13),
            channel(15, 15, available_tags=tags),
            channel(16, 16, available_tags=None),
            channel(17, 14),
            channel(18, 0, permission_overwrites=None, topic=None, position=None),
            {"type": 0, "name": "no id"},
            {"id": "19", "type": "what"},
        ],
        icon="i",
        banner="a_b",
        emojis=[{"id": "81", "name": "wave", "animated": True}, {"name": "no id"}],
        stickers=[{"id": "82", "name": "s", "format_type": 3, "tags": "a, b", "description": None}],
    )
    discord.standing[f"/guilds/{GUILD}/threads/active"] = {
        "threads": [channel(20, 11, parent_id="15", applied_tags=["72", "99"], message_count=3)]
    }
    guild = await reader.survey(GUILD)
    found = by_id(guild)
    kinds = [found[number].kind.value for number in range(10, 21)]
    assert kinds[:6] == ["category", "text", "voice", "announcement", "stage", "forum"]
    assert kinds[6:] == ["media", "other", "text", "other", "thread"]
    text = found[11]
    assert (text.parent_id, text.topic, text.is_nsfw, text.slowmode_seconds, text.last_message_id) == (
        10,
        "talk",
        True,
        5,
        44,
    )
    assert (found[12].bitrate, found[12].user_limit) == (96000, 9)
    assert (found[15].tags, found[20].tags, found[20].message_count) == (("bug", "idea"), ("idea",), 3)
    assert guild.icon_url.endswith("/icons/2/i.png?size=1024") and "/banners/2/a_b.gif" in guild.banner_url
    assert [emoji.url for emoji in guild.emojis] == ["https://cdn.discordapp.com/emojis/81.gif"]
    assert guild.stickers[0].tags == ("a", "b") and guild.stickers[0].format == "lottie"
    assert [role.name for role in guild.roles] == ["@everyone"]
    assert any("type this version does not know" in note for note in guild.notes)
    assert any("could not be checked" in note for note in guild.notes), "no gateway is a note, not a failure"


async def test_twelve_hundred_threads_of_every_kind(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(discord, [channel(10, 0), channel(11, 15)], READS | MANAGE_THREADS)
    active = [{**thread(number, 10), "thread_metadata": {"archived": False}} for number in range(1000, 1100)]
    discord.standing[f"/guilds/{GUILD}/threads/active"] = {"threads": active}
    serve_threads(discord, "/channels/10/threads/archived/public", [thread(number, 10) for number in range(2000, 2700)])
    serve_threads(discord, "/channels/10/threads/archived/private", [thread(n, 10, 12) for n in range(3000, 3150)])
    serve_threads(discord, "/channels/11/threads/archived/public", [thread(number, 11) for number in range(4000, 4250)])
    guild = await reader.survey(GUILD)
    threads = [found for found in guild.channels if found.kind is ChannelKind.THREAD]
    assert len(threads) == 1200
    assert sum(found.is_archived for found in threads) == 1100
    assert sum(found.is_private for found in threads) == 150
    assert not any("Manage Threads" in note for note in guild.notes)


async def test_threads_archived_in_one_instant_are_not_cut_apart(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(discord, [channel(10, 0)])
    stamp = {"archived": True, "archive_timestamp": "2024-01-01T00:00:00.500000+00:00"}
    threads = [{**thread(number, 10), "thread_metadata": stamp} for number in range(2050, 2120)]
    threads += [thread(number, 10) for number in range(2120, 2170)]
    serve_threads(discord, "/channels/10/threads/archived/public", threads)
    assert len((await reader.survey(GUILD)).channels) == 1 + 120


async def test_without_manage_threads_the_joined_private_ones_are_listed(
    reader: DiscordReader, discord: FakeDiscord
) -> None:
    serve_guild(discord, [channel(10, 0)])
    path = "/channels/10/users/@me/threads/archived/private"
    serve_threads(discord, path, [thread(number, 10, 12) for number in range(3000, 3150)], by_id=True)
    guild = await reader.survey(GUILD)
    assert len(guild.channels) == 151
    assert discord.count("/channels/10/threads/archived/private") == 0
    assert any("Manage Threads" in note for note in guild.notes)


async def test_a_listing_that_is_denied_is_a_note(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(discord, [channel(10, 0), channel(11, 0)])
    discord.standing["/channels/10/threads/archived/public"] = reply({"message": "Missing Access", "code": 50001}, 403)
    serve_threads(discord, "/channels/11/threads/archived/public", [thread(2000, 11)])
    guild = await reader.survey(GUILD)
    assert 2000 in by_id(guild)
    assert any("public archived threads of #c10" in note for note in guild.notes)


async def test_what_cannot_be_read_is_known_before_it_is_asked_for(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(
        discord,
        [
            channel(10, 0, permission_overwrites=[denies(VIEW_CHANNEL)]),
            channel(11, 0, permission_overwrites=[denies(READ_MESSAGE_HISTORY, 50)]),
            channel(12, 2, permission_overwrites=[denies(CONNECT)]),
            channel(
                13,
                0,
                permission_overwrites=[denies(VIEW_CHANNEL), {**denies(0, BOT_ID, 1), "allow": str(VIEW_CHANNEL)}],
            ),
        ],
    )
    discord.standing[f"/guilds/{GUILD}/members/{BOT_ID}"] = {"roles": ["50"]}
    discord.standing[f"/guilds/{GUILD}/threads/active"] = {"threads": [thread(2000, 11)]}
    guild = await reader.survey(GUILD)
    found = by_id(guild)
    lacking = {number: found[number].cannot_read.removeprefix("the bot lacks ") for number in (10, 11, 12, 13, 2000)}
    assert lacking == {
        10: "View Channel",
        11: "Read Message History",
        12: "Connect",
        13: "",
        2000: "Read Message History",
    }
    assert found[13].overwrites[1] == Overwrite(BOT_ID, True, VIEW_CHANNEL, 0)
    assert (
        discord.count("/channels/10/threads/archived/public")
        == discord.count("/channels/11/threads/archived/public")
        == 0
    )
    assert (await reader.estimate(found[10])) == (0, False)


@pytest.mark.parametrize(("granted", "owner"), [(ADMINISTRATOR, 1), (0, BOT_ID)])
async def test_administrators_and_owners_read_everything(
    reader: DiscordReader, discord: FakeDiscord, granted: int, owner: int
) -> None:
    closed = [denies(VIEW_CHANNEL), denies(VIEW_CHANNEL, BOT_ID, 1)]
    serve_guild(discord, [channel(10, 0, permission_overwrites=closed)], granted, owner_id=str(owner))
    assert by_id(await reader.survey(GUILD))[10].cannot_read == ""


async def test_hidden_channels_are_counted_and_never_made(discord: FakeDiscord, gateway: Callable[..., Any]) -> None:
    serve_guild(discord, [channel(10, 0), channel(11, 0, flags=1 << 17, name="___hidden___")])
    shown = [channel(10, 0), {"id": "12", "type": 2, "name": "___hidden___", "flags": 1 << 17}]
    shown += [{"id": "13", "type": 15, "name": "___hidden___", "flags": 1 << 17, "available_tags": None}, {"odd": 1}]
    async with DiscordReader(Secret("a.bot.token"), api_base=discord.base, gateway=await gateway(shown)) as reader:
        guild = await reader.survey(GUILD)
    assert [found.id for found in guild.channels] == [10]
    assert guild.hidden_channel_ids == (11, 12, 13)


async def test_the_gateway_is_found_by_asking(discord: FakeDiscord, gateway: Callable[..., Any]) -> None:
    serve_guild(discord, [channel(10, 0)])
    discord.standing["/gateway/bot"] = {"url": await gateway([channel(10, 0), channel(12, 0)]), "shards": 1}
    async with DiscordReader(Secret("a.bot.token"), api_base=discord.base) as reader:
        assert (await reader.survey(GUILD)).hidden_channel_ids == (12,)


async def test_an_unknown_guild_says_how_to_mend_it(reader: DiscordReader, discord: FakeDiscord) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await reader.survey(123)
    assert "123" in str(caught.value) and "invite" in caught.value.mend
    discord.standing["/guilds/123"] = reply({"message": "Missing Access", "code": 50001}, 403)
    with pytest.raises(ConfigurationError):
        await reader.survey(123)


async def test_a_token_that_is_revoked_meanwhile_ends_the_survey(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(discord, [channel(10, 0)])
    await reader.survey(GUILD)
    discord.standing["/channels/10/threads/archived/public"] = reply({"message": "401: Unauthorized"}, 401)
    with pytest.raises(AccessDenied) as caught:
        await reader.survey(GUILD)
    assert caught.value.ends_run


async def test_missing_message_content_is_noted(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(discord, [channel(10, 0)])
    discord.standing["/oauth2/applications/@me"] = {"flags": 0}
    guild = await reader.survey(GUILD)
    assert not guild.can_read_content and "Message Content Intent" in guild.notes[0]


async def test_parts_the_guild_does_not_carry_are_asked_for(reader: DiscordReader, discord: FakeDiscord) -> None:
    serve_guild(discord, [channel(10, 0)])
    del discord.standing[f"/guilds/{GUILD}"]["emojis"]
    discord.standing[f"/guilds/{GUILD}/emojis"] = [{"id": "81", "name": "wave"}]
    assert [emoji.name for emoji in (await reader.survey(GUILD)).emojis] == ["wave"]


async def test_threads_are_estimated_by_what_they_say(reader: DiscordReader, discord: FakeDiscord) -> None:
    assert await reader.estimate(Channel(1, ChannelKind.THREAD, "t", message_count=7)) == (8, False)
    assert await reader.estimate(Channel(1, ChannelKind.FORUM, "f")) == (0, True)
    discord.standing["/channels/1/messages"] = [{"id": str(number)} for number in range(1, 61)]
    assert await reader.estimate(Channel(1, ChannelKind.THREAD, "old", message_count=50)) == (60, True)
