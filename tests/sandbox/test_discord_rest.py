"""The Discord server as a raw client meets it: paging, errors, limits, files."""

import io
import zipfile
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from reaper_tui.sandbox.community import generate_community
from reaper_tui.sandbox.community.nouns import Attachment
from reaper_tui.sandbox.discord_server import ChangeError, DiscordServer


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Raw:
    """A client that knows nothing but HTTP."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.server = server
        self.session = session
        self.clock = clock
        self.base = server.facts()["api_base"]
        self.headers = {"Authorization": f"Bot {server.facts()['token']}"}

    async def send(self, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
        self.clock.now += 20  # past every window
        async with self.session.request(method, self.base + path, headers=self.headers, **options) as response:
            return response.status, await response.json(), response.headers

    async def get(self, path: str) -> Any:
        status, body, _ = await self.send("GET", path)
        assert status == 200, body
        return body

    def channel(self, name: str) -> int:
        return next(each.id for each in self.server.community.channels.values() if each.name == name)


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    clock = Clock()
    server = DiscordServer(generate_community(seed=3, channels=12, messages=1500), clock=clock)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Raw(server, session, clock)
    await server.stop()


async def test_pages_come_newest_first_and_after_begins_at_the_id(raw: Raw) -> None:
    channel = raw.channel("general")
    ids = [message.id for message in raw.server.community.messages[channel]]

    async def page(query: str) -> list[int]:
        return [int(message["id"]) for message in await raw.get(f"/channels/{channel}/messages?{query}")]

    assert await page("") == ids[:-51:-1]
    assert await page(f"limit=10&before={ids[100]}") == ids[90:100][::-1]
    assert await page(f"limit=10&after={ids[100]}") == ids[101:111][::-1]
    assert await page("limit=3&after=0") == ids[:3][::-1]
    assert await page(f"limit=11&around={ids[50]}") == ids[45:56][::-1]
    assert await page(f"limit=5&after={ids[-1]}") == []


async def test_refusals_have_discords_codes(raw: Raw) -> None:
    hidden, forum = raw.channel("quartermaster"), raw.channel("ideas")
    general = raw.channel("general")
    for path, status, code in (
        (f"/channels/{hidden}", 403, 50001),
        (f"/channels/{hidden}/messages", 403, 50001),
        (f"/channels/{forum}/messages", 403, 50001),
        ("/channels/123", 404, 10003),
        ("/guilds/123", 404, 10004),
        (f"/channels/{general}/messages/123", 404, 10008),
        (f"/channels/{general}/messages?limit=101", 400, 50035),
        (f"/channels/{general}/messages?before=x", 400, 50035),
        (f"/guilds/{raw.server.community.id}/members/123", 404, 10013),
        (f"/guilds/{raw.server.community.id}/members?limit=1", 403, 50001),
        ("/nonsense", 404, 0),
    ):
        found, body, headers = await raw.send("GET", path)
        assert (found, body["code"]) == (status, code), path
        assert headers["Content-Type"] == "application/json"


async def test_a_wrong_token_is_401(raw: Raw) -> None:
    raw.headers = {"Authorization": "Bot wrong"}
    status, body, _ = await raw.send("GET", "/users/@me")
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_hidden_channels_are_omitted_by_rest(raw: Raw) -> None:
    channels = await raw.get(f"/guilds/{raw.server.community.id}/channels")
    assert sum(channel["type"] != 4 for channel in channels) == 12
    assert "quartermaster" not in {channel["name"] for channel in channels}
    assert "___hidden___" not in {channel["name"] for channel in channels}


async def test_a_bucket_counts_down_refuses_and_fills_again(raw: Raw) -> None:
    url = f"{raw.base}/channels/{raw.channel('general')}/messages?limit=1"
    seen = []
    for _ in range(6):
        async with raw.session.get(url, headers=raw.headers) as response:
            seen.append(response)
            body = await response.json()
    assert [response.headers["X-RateLimit-Remaining"] for response in seen] == ["4", "3", "2", "1", "0", "0"]
    last = seen[-1]
    assert last.status == 429
    assert body["message"] == "You are being rate limited."
    assert body["global"] is False and 0 < body["retry_after"] <= 1
    assert last.headers["Via"] and last.headers["Retry-After"] == "1"
    assert last.headers["X-RateLimit-Scope"] == "user"
    assert {response.headers["X-RateLimit-Limit"] for response in seen} == {"5"}
    assert len({response.headers["X-RateLimit-Bucket"] for response in seen}) == 1
    raw.clock.now += body["retry_after"]
    async with raw.session.get(url, headers=raw.headers) as response:
        assert response.status == 200


async def test_another_channel_has_a_bucket_of_its_own_but_fifty_a_second_is_the_end(raw: Raw) -> None:
    statuses = []
    for channel in list(raw.server.community.channels.values())[:13]:
        for _ in range(5):
            async with raw.session.get(f"{raw.base}/channels/{channel.id}", headers=raw.headers) as response:
                statuses.append(response.status)
                body = await response.json()
    assert statuses.count(429) == 15 and 429 not in statuses[:50]
    assert body["global"] is True


async def test_archived_threads_are_paged_by_time_of_archiving(raw: Raw) -> None:
    forum = raw.channel("ideas")
    expected = [each for each in raw.server.community.threads.values() if each.parent_id == forum and each.is_archived]
    found: list[dict[str, Any]] = []
    before = ""
    while True:
        page = await raw.get(f"/channels/{forum}/threads/archived/public?limit=2{before}")
        found += page["threads"]
        if not page["has_more"]:
            break
        before = "&before=" + found[-1]["thread_metadata"]["archive_timestamp"].replace("+00:00", "Z")
    assert sorted(int(each["id"]) for each in found) == sorted(each.id for each in expected)
    stamps = [each["thread_metadata"]["archive_timestamp"] for each in found]
    assert stamps == sorted(stamps, reverse=True)
    active = await raw.get(f"/guilds/{raw.server.community.id}/threads/active")
    assert not {each["id"] for each in active["threads"]} & {each["id"] for each in found}


async def test_pins_come_in_both_shapes(raw: Raw) -> None:
    channel = raw.channel("general")
    old = await raw.get(f"/channels/{channel}/pins")
    new = await raw.get(f"/channels/{channel}/messages/pins?limit=1")
    assert new["has_more"] is (len(old) > 1)
    assert new["items"][0]["message"]["id"] == old[0]["id"]
    before = new["items"][0]["pinned_at"]
    rest = await raw.get(f"/channels/{channel}/messages/pins?before={before.replace('+', '%2B')}")
    assert [item["message"]["id"] for item in rest["items"]] == [message["id"] for message in old[1:]]


async def test_without_history_permission_pages_are_empty_and_without_intent_content_is(raw: Raw) -> None:
    path = f"/channels/{raw.channel('general')}/messages?limit=100"
    raw.server.faults.set(("no-history",))
    assert await raw.get(path) == []
    raw.server.faults.set(("no-message-content",))
    page = await raw.get(path)
    assert len(page) == 100
    assert not any(message["content"] or message["attachments"] or message["embeds"] for message in page)
    assert (await raw.get("/applications/@me"))["flags"] == 0
    raw.server.faults.set(())
    assert any(message["content"] for message in await raw.get(path))


def files_of(raw: Raw) -> list[tuple[int, Attachment]]:
    return [
        (place, file)
        for place, messages in raw.server.community.messages.items()
        for message in messages
        for file in message.attachments
    ]


async def all_urls(raw: Raw) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for place, messages in raw.server.community.messages.items():
        for message in messages:
            if message.attachments:
                body = await raw.get(f"/channels/{place}/messages/{message.id}")
                found |= {file["url"]: file for file in body["attachments"]}
    return found


async def test_every_file_has_exactly_the_bytes_it_declares(raw: Raw) -> None:
    urls = await all_urls(raw)
    assert len(urls) == len(files_of(raw)) > 50
    kinds = set()
    for url, file in urls.items():
        async with raw.session.get(url) as response:
            body = await response.read()
            assert response.status == 200
            assert len(body) == file["size"] == int(response.headers["Content-Length"]), file["filename"]
            assert response.headers["Content-Type"] == file["content_type"]
        kind = file["content_type"].partition(";")[0]
        kinds.add(kind)
        if kind == "image/png":
            check_png(body, file["width"], file["height"])
        elif kind == "application/zip":
            assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
        elif kind.startswith("text/"):
            assert "Night" in body.decode()[:200] or len(body) < 100
    assert kinds >= {"image/png", "application/zip", "text/plain", "audio/ogg"}


def check_png(body: bytes, width: int, height: int) -> None:
    assert body[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(body[16:20], "big"), int.from_bytes(body[20:24], "big")) == (width, height)
    position, names = 8, []
    while position < len(body):
        size = int.from_bytes(body[position : position + 4], "big")
        part = body[position + 4 : position + 8 + size]
        names.append(part[:4])
        assert zlib.crc32(part) == int.from_bytes(body[position + 8 + size : position + 12 + size], "big")
        position += 12 + size
    assert names[0] == b"IHDR" and names[-1] == b"IEND" and b"IDAT" in names


async def test_ranges_join_to_the_whole(raw: Raw) -> None:
    place, file = next((place, file) for place, file in files_of(raw) if file.content_type == "image/png")
    messages = await raw.get(f"/channels/{place}/messages/{file.id & ~15}")
    url = messages["attachments"][0]["url"]
    async with raw.session.get(url) as response:
        whole = await response.read()
    joined = b""
    for start in range(0, len(whole), 7919):
        async with raw.session.get(url, headers={"Range": f"bytes={start}-{start + 7918}"}) as response:
            assert response.status == 206
            joined += await response.read()
    assert joined == whole
    async with raw.session.get(url, headers={"Range": "bytes=-10"}) as response:
        assert await response.read() == whole[-10:]
    async with raw.session.get(url, headers={"Range": f"bytes={len(whole)}-"}) as response:
        assert response.status == 416


async def test_addresses_expire_and_can_be_refreshed(raw: Raw) -> None:
    place, file = files_of(raw)[0]
    body = await raw.get(f"/channels/{place}/messages/{file.id & ~15}")
    url = body["attachments"][0]["url"]
    bare = url.partition("?")[0]
    for wrong in (bare, url.replace("hm=", "hm=0"), url.replace(f"/{place}/", "/1/")):
        async with raw.session.get(wrong) as response:
            assert response.status == 404
    raw.clock.now += 86_400
    async with raw.session.get(url) as response:
        assert response.status == 404
        assert await response.text() == "This content is no longer available."
    wish = {"attachment_urls": [url, bare, "https://elsewhere.example/x.png"]}
    status, answer, _ = await raw.send("POST", "/attachments/refresh-urls", json=wish)
    assert status == 200
    first, second, third = answer["refreshed_urls"]
    assert first["original"] == url and third["refreshed"] is None
    for fresh in (first["refreshed"], second["refreshed"]):
        async with raw.session.get(fresh) as response:
            assert response.status == 200
    status, _, _ = await raw.send("POST", "/attachments/refresh-urls", json={"attachment_urls": [url] * 51})
    assert status == 400


async def test_pictures_of_the_guild_are_valid(raw: Raw) -> None:
    cdn, community = raw.server.facts()["cdn"], raw.server.community
    async with raw.session.get(f"{cdn}/icons/{community.id}/{community.icon}.png?size=128") as response:
        check_png(await response.read(), 64, 64)
    for emoji in community.emojis:
        extension = "gif" if emoji.is_animated else "png"
        async with raw.session.get(f"{cdn}/emojis/{emoji.id}.{extension}") as response:
            assert response.status == 200 and len(await response.read()) < 200_000
    async with raw.session.get(f"{cdn}/emojis/{community.emojis[0].id}.gif") as response:
        assert response.status == 415
    lottie = next(each for each in community.stickers if each.format_type == 3)
    async with raw.session.get(f"{cdn}/stickers/{lottie.id}.json") as response:
        assert (await response.json())["layers"]


async def test_forwards_commands_and_polls_have_their_parts(raw: Raw) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for place, messages in raw.server.community.messages.items():
        for message in messages:
            for name, wanted in (("forward", message.forwarded), ("command", message.command), ("poll", message.poll)):
                if wanted and name not in seen:
                    seen[name] = await raw.get(f"/channels/{place}/messages/{message.id}")
    forward = seen["forward"]
    assert forward["message_reference"]["type"] == 1 and forward["flags"] & 1 << 14
    assert forward["message_snapshots"][0]["message"]["content"]
    assert "author" not in forward["message_snapshots"][0]["message"]
    assert seen["command"]["interaction_metadata"]["user"]["username"]
    assert seen["poll"]["poll"]["answers"][0]["answer_id"] == 1


async def test_changes_are_seen_by_rest(raw: Raw) -> None:
    channel = raw.channel("general")
    wish = {"action": "create", "channel_id": str(channel), "content": "hello"}
    made = await raw.server.change(wish | {"attachments": [{"filename": "a.png", "size": 40_000}]})
    where = {"channel_id": str(channel), "message_id": made["id"]}
    newest = (await raw.get(f"/channels/{channel}/messages?limit=1"))[0]
    assert (newest["id"], newest["content"], newest["edited_timestamp"]) == (made["id"], "hello", None)
    async with raw.session.get(newest["attachments"][0]["url"]) as response:
        assert len(await response.read()) == 40_000
    await raw.server.change({"action": "edit", "content": "changed", **where})
    await raw.server.change({"action": "react", "emoji": "partygull", **where})
    await raw.server.change({"action": "pin", **where})
    newest, edited = await raw.get(f"/channels/{channel}/messages?limit=2")
    assert newest["type"] == 6 and newest["message_reference"]["message_id"] == made["id"]
    assert edited["content"] == "changed" and edited["edited_timestamp"] and edited["pinned"]
    assert edited["reactions"][0]["emoji"]["name"] == "partygull"
    await raw.server.change({"action": "delete", **where})
    status, _, _ = await raw.send("GET", f"/channels/{channel}/messages/{made['id']}")
    assert status == 404


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"action": "dance"}, "unknown action"),
        ({"action": "create"}, "channel_id is missing"),
        ({"action": "create", "channel_id": "5"}, "no channel or thread 5"),
        ({"action": "thread_update", "channel_id": "5"}, "no thread 5"),
    ],
)
async def test_a_change_that_cannot_be_made_says_why(raw: Raw, wish: dict[str, str], reason: str) -> None:
    with pytest.raises(ChangeError, match=reason):
        await raw.server.change(wish)


async def test_channels_can_be_hidden_while_serving(raw: Raw) -> None:
    path = f"/guilds/{raw.server.community.id}/channels"
    before = {channel["id"] for channel in await raw.get(path)}
    raw.server.faults.set(("hidden-channels",))
    hidden = before - {channel["id"] for channel in await raw.get(path)}
    assert len(hidden) == 2
    for channel in hidden:
        status, body, _ = await raw.send("GET", f"/channels/{channel}/messages")
        assert (status, body["code"]) == (403, 50001)
    assert raw.server.state()["hidden_channels"] == 3
