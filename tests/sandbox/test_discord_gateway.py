"""The gateway as a raw client meets it."""

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from reaper_tui.sandbox.community import generate_community
from reaper_tui.sandbox.discord_server import DiscordServer

CONTENT = 1 << 15
MESSAGES = 1 << 9
GUILDS = 1 << 0


class Ear:
    """A socket that reads payloads one by one."""

    def __init__(self, server: DiscordServer, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.server = server
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        return await self.socket.receive_json(timeout=5)

    async def identify(self, intents: int) -> list[dict[str, Any]]:
        data = {"token": self.server.facts()["token"], "intents": intents, "properties": {}}
        await self.socket.send_json({"op": 2, "d": data})
        return [await self.hear() for _ in range(2 if intents & GUILDS else 1)]

    async def close_code(self) -> int | None:
        message = await self.socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        return message.data


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    server = DiscordServer(generate_community(seed=3, channels=12, messages=400))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ear(server: DiscordServer) -> AsyncIterator[Ear]:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.facts()["gateway"] + "?v=10") as socket:
        ear = Ear(server, socket)
        hello = await ear.hear()
        assert hello["op"] == 10 and hello["d"]["heartbeat_interval"] > 1000
        yield ear


def text_channel(server: DiscordServer) -> str:
    return next(str(each.id) for each in server.community.channels.values() if each.name == "general")


async def test_ready_then_the_guild_with_its_hidden_channel_obfuscated(ear: Ear) -> None:
    ready, guild = await ear.identify(GUILDS)
    assert (ready["t"], ready["s"]) == ("READY", 1)
    assert ready["d"]["resume_gateway_url"] == ear.server.facts()["gateway"]
    assert ready["d"]["guilds"] == [{"id": str(ear.server.community.id), "unavailable": True}]
    assert (guild["t"], guild["s"]) == ("GUILD_CREATE", 2)
    channels = guild["d"]["channels"]
    hidden = [channel for channel in channels if channel["flags"] & 1 << 17]
    assert [channel["name"] for channel in hidden] == ["___hidden___"]
    assert hidden[0]["topic"] is None
    assert hidden[0]["permission_overwrites"] == [
        {"id": str(ear.server.community.id), "type": 0, "allow": "0", "deny": "1024"}
    ]
    assert {thread["id"] for thread in guild["d"]["threads"]} == {str(t.id) for t in ear.server.store.active_threads()}


async def test_a_heartbeat_is_acknowledged(ear: Ear) -> None:
    await ear.socket.send_json({"op": 1, "d": None})
    assert (await ear.hear())["op"] == 11


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}, 4004),
        ({"op": 3, "d": {}}, 4003),
    ],
)
async def test_a_client_that_breaks_the_rules_is_closed(ear: Ear, payload: dict[str, Any], code: int) -> None:
    await ear.socket.send_json(payload)
    assert await ear.close_code() == code


async def test_nonsense_and_disallowed_intents_are_closed(ear: Ear, server: DiscordServer) -> None:
    await ear.socket.send_str("not json")
    assert await ear.close_code() == 4002
    server.faults.set(("no-message-content",))
    async with aiohttp.ClientSession() as session, session.ws_connect(server.facts()["gateway"]) as socket:
        other = Ear(server, socket)
        await other.hear()
        data = {"token": server.facts()["token"], "intents": MESSAGES | CONTENT}
        await socket.send_json({"op": 2, "d": data})
        assert await other.close_code() == 4014


async def test_identifying_twice_is_closed(ear: Ear) -> None:
    await ear.identify(0)
    await ear.socket.send_json({"op": 2, "d": {"token": ear.server.facts()["token"], "intents": 0}})
    assert await ear.close_code() == 4005


async def test_an_unknown_session_is_invalid_and_may_identify_on_the_same_socket(ear: Ear) -> None:
    data = {"token": ear.server.facts()["token"], "session_id": "gone", "seq": 4}
    await ear.socket.send_json({"op": 6, "d": data})
    answer = await ear.hear()
    assert (answer["op"], answer["d"]) == (9, False)
    assert (await ear.identify(0))[0]["t"] == "READY"


async def test_intents_decide_what_is_heard_and_how_much_of_it(ear: Ear) -> None:
    channel = text_channel(ear.server)
    await ear.identify(MESSAGES)
    made = await ear.server.change({"action": "create", "channel_id": channel, "content": "secret"})
    event = await ear.hear()
    assert event["t"] == "MESSAGE_CREATE" and event["d"]["content"] == "" and event["d"]["member"]["roles"] is not None
    where = {"channel_id": channel, "message_id": made["id"]}
    await ear.server.change({"action": "react", "emoji": "🔥", **where})
    await ear.server.change({"action": "delete", **where})
    event = await ear.hear()
    assert event["t"] == "MESSAGE_DELETE"
    assert event["d"] == {"id": made["id"], "channel_id": channel, "guild_id": str(ear.server.community.id)}


async def test_nothing_is_told_of_a_hidden_channel(ear: Ear) -> None:
    server = ear.server
    hidden = next(str(each.id) for each in server.community.channels.values() if each.name == "quartermaster")
    await ear.identify(MESSAGES | CONTENT)
    await server.change({"action": "create", "channel_id": hidden, "content": "psst"})
    await server.change({"action": "create", "channel_id": text_channel(server), "content": "loud"})
    assert (await ear.hear())["d"]["content"] == "loud"


async def test_the_stream_can_be_compressed(server: DiscordServer) -> None:
    url = server.facts()["gateway"] + "?v=10&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        stream = zlib.decompressobj()

        async def hear() -> dict[str, Any]:
            packed = await socket.receive_bytes(timeout=5)
            assert packed.endswith(b"\x00\x00\xff\xff")
            return json.loads(stream.decompress(packed))

        assert (await hear())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": server.facts()["token"], "intents": GUILDS}})
        assert [(await hear())["t"], (await hear())["t"]] == ["READY", "GUILD_CREATE"]
