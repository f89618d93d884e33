"""The community that holds one of everything, as a client meets it on the wire."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from reaper_tui.sandbox.community import draw_everything
from reaper_tui.sandbox.discord_server import DiscordServer
from reaper_tui.sandbox.service import Sandbox, SandboxOptions

LIMIT = 25 * 1024 * 1024


class Visitor:
    """Reads everything over REST."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession) -> None:
        self.facts = server.facts()
        self.session = session
        self.guild = f"/guilds/{self.facts['guild_id']}"

    async def call(self, method: str, path: str, **arguments: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {self.facts['token']}"}
        async with self.session.request(
            method, self.facts["api_base"] + path, headers=headers, **arguments
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> Any:
        status, body = await self.call("GET", path, params=query)
        assert status == 200, body
        return body

    async def channel(self, name: str) -> dict[str, Any]:
        return next(each for each in await self.get(f"{self.guild}/channels") if each["name"] == name)

    async def messages(self, name: str) -> list[dict[str, Any]]:
        channel = await self.channel(name)
        found: list[dict[str, Any]] = await self.get(f"/channels/{channel['id']}/messages", limit="100")
        return found[::-1]

    async def threads(self) -> dict[str, dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"{self.guild}/threads/active"))["threads"]
        for name in ("threads", "ideas", "gallery", "news"):
            channel = await self.channel(name)
            for kind in ("public", "private"):
                found += (await self.get(f"/channels/{channel['id']}/threads/archived/{kind}"))["threads"]
        return {thread["name"]: thread for thread in found}


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    server = DiscordServer(draw_everything(1), speed=5000)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def visitor(server: DiscordServer) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield Visitor(server, session)


async def test_every_kind_of_message_is_there(visitor: Visitor, server: DiscordServer) -> None:
    kinds: Counter[int] = Counter()
    places = [each["id"] for each in await visitor.get(f"{visitor.guild}/channels") if each["type"] not in (4, 15, 16)]
    places += [thread["id"] for thread in (await visitor.threads()).values()]
    total = 0
    for place in places:
        messages = await visitor.get(f"/channels/{place}/messages", limit="100")
        total += len(messages)
        kinds.update(message["type"] for message in messages)
    expected = {0, 1, 4, *range(6, 13), *range(14, 30), 31, 32, 36, 37, 38, 39, 44, 46, 99} - {13, 21}
    assert expected <= kinds.keys() | {21, 18}
    assert {18, 21} <= kinds.keys()
    assert total == server.state()["messages"] >= 150


async def test_discord_py_reads_all_of_it(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", server.facts()["api_base"])
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.facts()["gateway"]))
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    client = discord.Client(intents=intents, max_messages=None, guild_ready_timeout=0.05)
    is_up = asyncio.Event()

    @client.event
    async def on_ready() -> None:  # pyright: ignore[reportUnusedFunction]
        is_up.set()

    async with client:
        task = asyncio.create_task(client.start(server.facts()["token"]))
        await asyncio.wait_for(is_up.wait(), 10)
        guild = client.get_guild(server.community.id)
        assert guild is not None
        read = 0
        for channel in guild.channels:
            is_talk = isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.StageChannel)
            if is_talk and channel.permissions_for(guild.me).view_channel:
                read += len([message async for message in channel.history(limit=None)])
        assert len(guild.threads) == sum(not thread.is_archived for thread in server.community.threads.values())
    await asyncio.gather(task, return_exceptions=True)
    assert read > 120


async def test_names_that_are_the_same_or_become_the_same(visitor: Visitor) -> None:
    names = Counter(each["name"] for each in await visitor.get(f"{visitor.guild}/channels"))
    assert names["general"] == 3 and {"whats-up", "what's-up"} <= names.keys() and "vault" not in names
    roles = Counter(each["name"] for each in await visitor.get(f"{visitor.guild}/roles"))
    assert roles["mod"] == 2
    assert {"ok", "OK"} <= {each["name"] for each in await visitor.get(f"{visitor.guild}/emojis")}
    assert {each["format_type"] for each in await visitor.get(f"{visitor.guild}/stickers")} == {1, 2, 3, 4}


async def test_one_emoji_is_heavier_than_any_limit(visitor: Visitor) -> None:
    emojis = {each["name"]: each for each in await visitor.get(f"{visitor.guild}/emojis")}
    async with visitor.session.get(f"{visitor.facts['cdn']}/emojis/{emojis['heavy']['id']}.gif") as response:
        picture = await response.read()
    assert picture[:6] == b"GIF89a" and len(picture) >= 700 * 1024


async def test_structure_has_its_edges(visitor: Visitor) -> None:
    guests, bridge = await visitor.channel("guests"), await visitor.channel("Bridge")
    kinds = Counter(each["type"] for each in guests["permission_overwrites"])
    assert kinds == {0: 2, 1: 3}
    assert (bridge["bitrate"], bridge["user_limit"]) == (96000, 7)
    assert (await visitor.channel("cellar"))["nsfw"] and (await visitor.channel("files"))["rate_limit_per_user"] == 30
    tags = (await visitor.channel("ideas"))["available_tags"]
    assert [bool(tag["emoji_id"]) for tag in tags] == [False, True, False, False]
    assert {each["type"] for each in await visitor.get(f"{visitor.guild}/channels")} == {0, 2, 4, 5, 13, 15, 16}


async def test_threads_of_every_sort(visitor: Visitor) -> None:
    threads = await visitor.threads()
    assert len(threads) == 13
    assert threads["An archived private thread"]["type"] == 12
    assert threads["Read this first"]["flags"] == 2
    assert threads["Less fog"]["thread_metadata"]["locked"]
    orphan = await visitor.get(f"/channels/{threads['A thread whose beginning is deleted']['id']}/messages")
    assert (orphan[-1]["type"], orphan[-1]["referenced_message"]) == (21, None)
    beheaded = threads["A post whose first message is deleted"]["id"]
    assert all(message["id"] != beheaded for message in await visitor.get(f"/channels/{beheaded}/messages"))


async def test_files_have_the_troubles_they_are_there_for(visitor: Visitor) -> None:
    messages = await visitor.messages("files")
    files = {file["filename"]: file for message in messages for file in message["attachments"]}

    async def fetched(name: str) -> tuple[int, int]:
        async with visitor.session.get(yarl.URL(files[name]["url"], encoded=True)) as response:
            return response.status, len(await response.read())

    assert await fetched("empty.txt") == (200, 0)
    assert await fetched("limit.zip") == (200, LIMIT)
    assert files["limit-and-one.zip"]["size"] == LIMIT + 1
    assert (await fetched("gone.png"))[0] == 404
    assert await fetched("half.txt") == (200, 2500)
    assert (await fetched("expired.png"))[0] == 404
    assert await fetched("Übersicht & Co (1).png") == (200, 3000)
    again = next(message for message in messages if message["attachments"][:1] == [files["expired.png"]])
    fresh = await visitor.get(f"/channels/{again['channel_id']}/messages/{again['id']}")
    async with visitor.session.get(fresh["attachments"][0]["url"]) as response:
        assert response.status == 200
    assert max(len(message["attachments"]) for message in messages) == 12


async def test_links_pasted_long_ago_are_refreshed(visitor: Visitor) -> None:
    messages = await visitor.messages("files")
    text = next(message["content"] for message in messages if message["content"].startswith("pasted: "))
    links = [word.strip("<>") for word in text.split() if "attachments" in word]
    links.append("https://cdn.discordapp.com/attachments/1/2/nowhere.png?ex=66000000&is=65f00000&hm=00&")
    assert all(link.startswith(visitor.facts["cdn"]) for link in links[:2])
    async with visitor.session.get(yarl.URL(links[0], encoded=True)) as response:
        assert response.status == 404
    body = {"attachment_urls": links}
    _, answer = await visitor.call("POST", "/attachments/refresh-urls", json=body)
    refreshed = [each["refreshed"] for each in answer["refreshed_urls"]]
    answers: list[tuple[int, int]] = []
    for address in refreshed:
        async with visitor.session.get(yarl.URL(address, encoded=True)) as response:
            answers.append((response.status, len(await response.read())))
    assert answers == [(200, 3000), (200, 3000), (404, len("This content is no longer available."))]


async def test_pictures_in_embeds_are_signed_whenever_they_are_read(visitor: Visitor) -> None:
    messages = await visitor.messages("every-kind")
    embeds = [embed for message in messages for embed in message["embeds"]]
    image = next(embed["image"]["url"] for embed in embeds if embed.get("title") == "Chart")
    async with visitor.session.get(image) as response:
        assert response.status == 200
    assert max(len(message["embeds"]) for message in messages) == 11


async def test_replies_forwards_and_links_point_everywhere(visitor: Visitor) -> None:
    messages = await visitor.messages("links-and-replies")
    by_text = {message["content"]: message for message in messages}
    early = by_text["answering what comes later"]
    assert int(early["message_reference"]["message_id"]) > int(early["id"])
    assert by_text["answering what was deleted"]["referenced_message"] is None
    other = by_text["answering another channel"]
    assert other["message_reference"]["channel_id"] != other["channel_id"]
    snapshots = [message["message_snapshots"][0]["message"] for message in messages if "message_snapshots" in message]
    assert [bool(each["attachments"]) for each in snapshots] == [False, True, False, False]
    assert snapshots[3]["content"] == "the bot cannot see this"
    hosts = {word.split("/")[2] for text in by_text for word in text.split() if word.startswith("https://")}
    doors = ("", "ptb.", "canary.")
    assert hosts == {door + host for host in ("discord.com", "discordapp.com") for door in doors}


async def test_long_texts_are_exactly_as_long_as_discord_allows(visitor: Visitor) -> None:
    lengths = {len(message["content"].encode("utf-16-le")) // 2 for message in await visitor.messages("general")}
    assert 4000 in lengths and max(lengths) == 4000


async def test_pins_are_not_in_the_order_of_their_messages(visitor: Visitor) -> None:
    channels = [each for each in await visitor.get(f"{visitor.guild}/channels") if each["name"] == "general"]
    pins = await visitor.get(f"/channels/{channels[0]['id']}/messages/pins")
    ids = [int(item["message"]["id"]) for item in pins["items"]]
    assert len(ids) == 3 and ids not in (sorted(ids), sorted(ids, reverse=True))


async def test_authors_of_every_sort(visitor: Visitor) -> None:
    messages = await visitor.messages("lobby")
    authors = {message["author"]["username"]: message["author"] for message in messages}
    assert max(map(len, authors)) == 90 and authors["blank_name"]["global_name"] == ""
    assert {"webhook_id" in message for message in messages} == {True, False}
    dead = authors["dead_picture"]
    async with visitor.session.get(f"{visitor.facts['cdn']}/avatars/{dead['id']}/{dead['avatar']}.png") as response:
        assert response.status == 404
    emojis = {each["emoji"]["name"] for message in messages for each in message.get("reactions", ())}
    assert {"ok", "OK", "spin", "far", "👋"} <= emojis


def test_the_same_seed_is_the_same_community() -> None:
    assert draw_everything(4) == draw_everything(4)
    assert draw_everything(4).id != draw_everything(5).id


async def test_somebody_of_the_source_lives_in_the_target_too() -> None:
    async with Sandbox(SandboxOptions(community="everything", generation="current")) as sandbox:
        people = {person.username: person.id for person in sandbox.discord.community.people.values()}
        facts = sandbox.facts()["fluxer"]
        address = f"{facts['api_base']}/guilds/{facts['community_id']}/members?limit=100"
        headers = {"Authorization": f"Bot {facts['token']}"}
        async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as response:
            members = {member["user"]["username"]: member["user"] for member in await response.json()}
        assert members["tomasz_k"]["global_name"] == "Tomasz"
        assert int(members["tomasz_k"]["id"]) != people["tomasz_k"]
