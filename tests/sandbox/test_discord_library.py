"""An unmodified discord.py reads the sandbox and listens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from reaper_tui.sandbox.community import generate_community
from reaper_tui.sandbox.discord_server import DiscordServer

INTENTS = discord.Intents(guilds=True, guild_messages=True, guild_reactions=True, message_content=True)
FAST = 200.0


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    server = DiscordServer(generate_community(seed=3, channels=20, messages=1500), speed=FAST)
    await server.start()
    facts = server.facts()
    monkeypatch.setattr(Route, "BASE", facts["api_base"])
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(facts["gateway"]))
    monkeypatch.setattr(discord.asset.Asset, "BASE", facts["cdn"])
    yield server
    await server.stop()


@asynccontextmanager
async def logged_in(server: DiscordServer) -> AsyncIterator[tuple[discord.Client, discord.Guild]]:
    client = discord.Client(intents=INTENTS, max_messages=None)
    async with client:
        await client.login(server.facts()["token"])
        yield client, await client.fetch_guild(int(server.facts()["guild_id"]))


async def readable(guild: discord.Guild) -> list[Any]:
    found: list[Any] = []
    for channel in await guild.fetch_channels():
        if hasattr(channel, "history"):
            found.append(channel)
        if isinstance(channel, discord.TextChannel | discord.ForumChannel):
            found += [thread async for thread in channel.archived_threads(limit=None)]
        if isinstance(channel, discord.TextChannel) and not channel.is_news():
            found += [thread async for thread in channel.archived_threads(private=True, limit=None)]
    return found + await guild.active_threads()


async def test_history_of_every_container_adds_up_to_what_was_asked_for(server: DiscordServer) -> None:
    async with logged_in(server) as (_, guild):
        counts = {}
        for container in await readable(guild):
            ids = [message.id async for message in container.history(limit=None, oldest_first=True)]
            assert ids == sorted(set(ids))
            counts[container.id] = len(ids)
    assert sum(counts.values()) == 1500
    state = server.state()["messages_by_container"]
    assert counts == {int(key): count for key, count in state.items() if int(key) in counts}


async def test_every_channel_kind_is_understood(server: DiscordServer) -> None:
    async with logged_in(server) as (_, guild):
        channels = await guild.fetch_channels()
    assert len([channel for channel in channels if not isinstance(channel, discord.CategoryChannel)]) == 20
    kinds = {type(channel) for channel in channels}
    assert kinds == {
        discord.CategoryChannel,
        discord.TextChannel,
        discord.VoiceChannel,
        discord.StageChannel,
        discord.ForumChannel,
    }
    assert [channel.name for channel in channels].count("general") == 2


async def test_application_flags_tell_whether_content_may_be_read(server: DiscordServer) -> None:
    async with logged_in(server) as (client, _):
        assert client.application is not None
        assert client.application.flags.gateway_message_content_limited
    server.faults.set(("no-message-content",))
    async with logged_in(server) as (client, guild):
        assert client.application is not None
        assert not client.application.flags.gateway_message_content_limited
        channel = next(each for each in await guild.fetch_channels() if each.name == "general")
        assert isinstance(channel, discord.TextChannel)
        assert not any([message.content or message.embeds async for message in channel.history(limit=50)])


async def test_pins_reactions_and_poll_voters_are_listed(server: DiscordServer) -> None:
    pinned = reacted = voted = 0
    async with logged_in(server) as (_, guild):
        for container in await readable(guild):
            pins = [message async for message in container.pins(limit=None)]
            pinned += len(pins)
            assert all(message.pinned for message in pins)
            async for message in container.history(limit=None):
                for reaction in message.reactions[:1]:
                    reacted += 1
                    assert len([user async for user in reaction.users()]) == reaction.count
                if message.poll and message.poll.total_votes:
                    for answer in message.poll.answers:
                        voters = [voter async for voter in answer.voters()]
                        voted += len(voters)
                        assert len(voters) == answer.vote_count
    assert pinned and reacted and voted


async def test_emojis_stickers_and_avatars_can_be_fetched(server: DiscordServer) -> None:
    async with logged_in(server) as (_, guild):
        emojis = await guild.fetch_emojis()
        assert {emoji.animated for emoji in emojis} == {True, False}
        for emoji in emojis:
            start = await emoji.read()
            assert start[:4] in (b"\x89PNG", b"GIF8")
        stickers = await guild.fetch_stickers()
        assert {sticker.format.name for sticker in stickers} == {"png", "apng", "lottie"}
        assert (await stickers[0].read())[:4] == b"\x89PNG"
        assert guild.icon is not None
        assert (await guild.icon.read())[:4] == b"\x89PNG"
        member = await guild.fetch_member(guild.owner_id or 0)
        assert (await member.display_avatar.read())[:4] == b"\x89PNG"


async def test_the_bot_may_read_every_channel_it_is_told_of(server: DiscordServer) -> None:
    async with logged_in(server) as (client, guild):
        assert client.user is not None
        me = await guild.fetch_member(client.user.id)
        await guild.fetch_roles()
        for channel in await guild.fetch_channels():
            assert channel.permissions_for(me).view_channel, channel.name


class Listener(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=INTENTS, max_messages=None, guild_ready_timeout=0.05)
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.is_up = asyncio.Event()
        self.resumed = asyncio.Event()

    async def on_ready(self) -> None:
        self.is_up.set()

    async def on_resumed(self) -> None:
        self.resumed.set()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.heard.put_nowait(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.heard.put_nowait(payload)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self.heard.put_nowait(payload)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.heard.put_nowait(payload)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.heard.put_nowait(thread)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        self.heard.put_nowait(channel)


@asynccontextmanager
async def listening(server: DiscordServer) -> AsyncIterator[Listener]:
    client = Listener()
    async with client:
        task = asyncio.create_task(client.start(server.facts()["token"]))
        await asyncio.wait_for(client.is_up.wait(), 10)
        yield client
    await asyncio.gather(task, return_exceptions=True)


def text_channel(server: DiscordServer) -> int:
    return next(each.id for each in server.community.channels.values() if each.name == "general")


async def hears(client: Listener) -> Any:
    return await asyncio.wait_for(client.heard.get(), 10)


async def test_live_events_arrive_as_objects(server: DiscordServer) -> None:
    channel_id = text_channel(server)
    async with listening(server) as client:
        guild = client.get_guild(server.community.id)
        assert guild is not None and guild.get_channel(channel_id) is not None
        assert "___hidden___" in {channel.name for channel in guild.channels}

        created = await server.change({"action": "create", "channel_id": str(channel_id), "content": "ahoy **there**"})
        message = await hears(client)
        assert (message.id, message.content, message.channel.id) == (int(created["id"]), "ahoy **there**", channel_id)

        where = {"channel_id": str(channel_id), "message_id": created["id"]}
        await server.change({"action": "edit", "content": "ahoy", **where})
        assert (await hears(client)).message.content == "ahoy"
        await server.change({"action": "react", "emoji": "🔥", **where})
        assert str((await hears(client)).emoji) == "🔥"
        await server.change({"action": "delete", **where})
        assert (await hears(client)).message_id == int(created["id"])

        await server.change({"action": "channel_create", "name": "brand-new"})
        assert (await hears(client)).name == "brand-new"
        thread = await server.change({"action": "thread_create", "channel_id": str(channel_id), "name": "a side talk"})
        assert (await hears(client)).id == int(thread["id"])
        notice = await hears(client)
        assert (notice.type, notice.content) == (discord.MessageType.thread_created, "a side talk")
        said = await server.change({"action": "create", "channel_id": thread["id"], "content": "in here"})
        assert (await hears(client)).channel.name == "a side talk"
        gone = {"action": "bulk_delete", "channel_id": thread["id"], "message_ids": [said["id"]]}
        await server.change(gone)
        assert (await hears(client)).message_ids == {int(said["id"])}


async def test_a_cut_gateway_is_resumed_without_a_gap(server: DiscordServer) -> None:
    write = {"action": "create", "channel_id": str(text_channel(server))}
    async with listening(server) as client:
        await server.change({**write, "content": "before"})
        assert (await hears(client)).content == "before"
        await server.gateway.cut()
        for number in range(3):
            await server.change({**write, "content": f"missed {number}"})
        await asyncio.wait_for(client.resumed.wait(), 10)
        heard = {(await hears(client)).content for _ in range(3)}
        assert heard == {"missed 0", "missed 1", "missed 2"}


async def test_a_forgotten_session_is_identified_anew(server: DiscordServer) -> None:
    async with listening(server) as client:
        client.is_up.clear()
        await server.gateway.cut(forget=True)
        await asyncio.wait_for(client.is_up.wait(), 20)
        await server.change({"action": "create", "channel_id": str(text_channel(server)), "content": "again"})
        assert (await hears(client)).content == "again"
        assert not client.resumed.is_set()


async def test_a_wrong_token_is_refused_everywhere(server: DiscordServer) -> None:
    client = discord.Client(intents=INTENTS)
    async with client:
        with pytest.raises(discord.LoginFailure):
            await client.login("nonsense")


async def test_privileged_intents_that_are_off_end_the_connection(server: DiscordServer) -> None:
    intents = discord.Intents(INTENTS.value)
    intents.members = True
    client = discord.Client(intents=intents)
    async with client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(server.facts()["token"])
