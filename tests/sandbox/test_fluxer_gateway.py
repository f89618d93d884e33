"""The Fluxer server's gateway."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import fluxer
import pytest
from fluxer_client import PROPERTIES, Client, client_of

from reaper_tui.sandbox.fluxer_server import FluxerServer


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with client_of(FluxerServer(speed=1000)) as client:
        yield client


async def next_event(socket: aiohttp.ClientWebSocketResponse, name: str) -> dict[str, Any]:
    while True:
        payload = await socket.receive_json(timeout=5)
        if payload["t"] == name:
            return payload


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    while (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
        pass
    return socket.close_code


async def test_identify_gives_ready_without_guilds_then_the_guild(client: Client) -> None:
    socket = await client.connect()
    ready, guild = await socket.receive_json(), await socket.receive_json()
    assert (ready["t"], ready["d"]["guilds"], ready["s"]) == ("READY", [], 1)
    assert (guild["t"], guild["d"]["id"]) == ("GUILD_CREATE", client.facts["community_id"])
    assert {channel["name"] for channel in guild["d"]["channels"]} >= {"general", "General"}
    await socket.close()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "Bot x", "properties": PROPERTIES}}, 4004),
        ({"op": 2, "d": {"token": "x", "properties": {"os": "linux"}}}, 4002),
        ({"op": 77, "d": None}, 4001),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 1, "d": "x" * 5000}, 4002),
    ],
)
async def test_a_wrong_payload_closes_the_connection(client: Client, payload: dict[str, Any], code: int) -> None:
    socket = await client.session.ws_connect(client.facts["gateway"])
    await socket.receive_json()
    await socket.send_json(payload)
    assert await close_code(socket) == code


async def test_an_unknown_version_is_refused(client: Client) -> None:
    socket = await client.session.ws_connect(f"{client.facts['gateway']}?v=9")
    assert await close_code(socket) == 4012


async def test_a_heartbeat_is_acknowledged(client: Client) -> None:
    socket = await client.session.ws_connect(client.facts["gateway"])
    assert (await socket.receive_json())["d"]["heartbeat_interval"] == 41250
    await socket.send_json({"op": 1, "d": None})
    assert (await socket.receive_json())["op"] == 11
    await socket.close()


async def test_messages_are_told_to_every_session(client: Client) -> None:
    sockets = [await client.connect(), await client.connect()]
    for socket in sockets:
        await next_event(socket, "GUILD_CREATE")
    hook = await client.webhook(await client.general())
    _, message = await client.call("POST", hook, {"content": "hello"})
    for socket in sockets:
        event = await next_event(socket, "MESSAGE_CREATE")
        assert (event["d"]["id"], event["d"]["content"]) == (message["id"], "hello")
        await socket.close()


async def test_resume_replays_what_was_missed_and_nothing_else(client: Client) -> None:
    socket = await client.connect()
    session_id = (await next_event(socket, "READY"))["d"]["session_id"]
    sequence = (await next_event(socket, "GUILD_CREATE"))["s"]
    await socket.close()
    hook = await client.webhook(await client.general())
    for content in ("one", "two"):
        await client.call("POST", hook, {"content": content})
    socket = await client.session.ws_connect(client.facts["gateway"])
    await socket.receive_json()
    resume = {"token": client.facts["token"], "session_id": session_id, "seq": sequence}
    await socket.send_json({"op": 6, "d": resume})
    told = [await socket.receive_json(timeout=5) for _ in range(4)]
    assert [event["t"] for event in told] == ["WEBHOOKS_UPDATE", "MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
    assert [event["s"] for event in told] == [sequence + 1, sequence + 2, sequence + 3, sequence + 4]
    await socket.close()


async def test_an_unknown_session_cannot_be_resumed(client: Client) -> None:
    socket = await client.session.ws_connect(client.facts["gateway"])
    await socket.receive_json()
    await socket.send_json({"op": 6, "d": {"token": client.facts["token"], "session_id": "gone", "seq": 1}})
    assert await socket.receive_json(timeout=5) == {"op": 9, "d": False}
    await socket.close()


async def test_fluxer_py_connects_and_hears_a_message(client: Client) -> None:
    bot = fluxer.Client(api_url=client.facts["api_base"])
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @bot.event
    async def on_ready() -> None:
        hook = await client.webhook(await client.general())
        await client.call("POST", hook, {"content": "from a webhook"})

    @bot.event
    async def on_message(message: fluxer.Message) -> None:
        heard.set_result(message.content)

    running = asyncio.create_task(bot.start(client.facts["token"]))
    assert await asyncio.wait_for(heard, 10) == "from a webhook"
    await bot.close()
    await asyncio.wait_for(running, 10)
