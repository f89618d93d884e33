"""Trouble on the gateway, met by an unmodified discord.py and by a raw socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from test_discord_gateway import CONTENT, GUILDS, MESSAGES, Ear

from reaper_tui.sandbox.community import generate_community
from reaper_tui.sandbox.discord_server import DiscordServer
from reaper_tui.sandbox.faults import Wish

INTENTS = discord.Intents(guilds=True, guild_messages=True, message_content=True)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    server = DiscordServer(generate_community(seed=3, channels=12, messages=60), speed=1000)
    await server.start()
    monkeypatch.setattr(Route, "BASE", server.facts()["api_base"])
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.facts()["gateway"]))
    yield server
    await server.stop()


class Listener(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=INTENTS, max_messages=None, guild_ready_timeout=0.05)
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.is_up = asyncio.Event()
        self.resumed = 0

    async def on_ready(self) -> None:
        self.is_up.set()

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(message.content)


@pytest.fixture
async def listener(server: DiscordServer) -> AsyncIterator[Listener]:
    client = Listener()
    async with client:
        task = asyncio.create_task(client.start(server.facts()["token"]))
        await asyncio.wait_for(client.is_up.wait(), 10)
        yield client
    await asyncio.gather(task, return_exceptions=True)


async def write(server: DiscordServer, *contents: str) -> None:
    channel = next(str(each.id) for each in server.community.channels.values() if each.name == "general")
    for content in contents:
        await server.change({"action": "create", "channel_id": channel, "content": content})


async def heard(client: Listener, count: int) -> list[str]:
    return [await asyncio.wait_for(client.heard.get(), 10) for _ in range(count)]


@pytest.mark.parametrize("name", ["gateway-cut", "gateway-cut-4000", "gateway-reconnect"])
async def test_a_session_that_is_cut_again_and_again_loses_nothing(
    server: DiscordServer, listener: Listener, name: str
) -> None:
    server.faults.set([Wish(name, every=1)])
    said = [str(number) for number in range(6)]
    for content in said:
        resumed = listener.resumed
        await write(server, content)
        async with asyncio.timeout(10):
            while listener.resumed == resumed:
                await asyncio.sleep(0.005)
    assert await heard(listener, 6) == said
    assert listener.heard.empty()
    assert server.faults.report()[0]["struck"] == 6


async def test_what_happens_while_a_session_is_forgotten_is_lost(server: DiscordServer, listener: Listener) -> None:
    await write(server, "before")
    listener.is_up.clear()
    server.faults.set([Wish("gateway-invalid", count=1, every=1)])
    await write(server, "lost")
    await asyncio.wait_for(listener.is_up.wait(), 20)
    await write(server, "after")
    assert await heard(listener, 2) == ["before", "after"]
    assert listener.resumed == 0


async def test_a_swallowed_event_never_comes(server: DiscordServer, listener: Listener) -> None:
    server.faults.set([Wish("gateway-swallow", every=2)])
    await write(server, "a", "b", "c", "d", "e")
    assert await heard(listener, 3) == ["a", "c", "e"]


@pytest.mark.parametrize("name", ["gateway-refused", "gateway-slam"])
async def test_a_gateway_that_lets_nobody_in_for_a_while_is_reached_again(
    server: DiscordServer, listener: Listener, name: str
) -> None:
    server.faults.set([Wish(name, seconds=0.3)])
    await server.gateway.cut()
    await write(server, "missed")
    assert await heard(listener, 1) == ["missed"]
    assert int(str(server.faults.report()[0]["struck"])) >= 1


async def test_hidden_voice_and_forum_channels_lack_what_a_client_counts_on(server: DiscordServer) -> None:
    server.faults.set(["hidden-voice-and-forum"])
    async with aiohttp.ClientSession() as session, session.ws_connect(server.facts()["gateway"]) as socket:
        ear = Ear(server, socket)
        await ear.hear()
        _, guild = await ear.identify(GUILDS | MESSAGES | CONTENT)
    hidden: dict[int, Any] = {each["type"]: each for each in guild["d"]["channels"] if each["flags"] & 1 << 17}
    assert hidden[2]["name"] == "___hidden___" and "bitrate" not in hidden[2]
    assert hidden[15]["available_tags"] is None
    headers = {"Authorization": f"Bot {server.facts()['token']}"}
    address = f"{server.facts()['api_base']}/guilds/{server.facts()['guild_id']}/channels"
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as response:
        assert not {each["type"] for each in await response.json()} & {2, 15}


async def test_op_nine_lets_the_same_socket_identify_again(server: DiscordServer) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.facts()["gateway"]) as socket:
        ear = Ear(server, socket)
        await ear.hear()
        await ear.identify(0)
        await server.gateway.invalidate()
        told = await ear.hear()
        assert (told["op"], told["d"]) == (9, False)
        assert (await ear.identify(0))[0]["t"] == "READY"
