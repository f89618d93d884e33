"""A client of the sandbox's Fluxer server, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from reaper_tui.sandbox.fluxer_server import FluxerServer

PROPERTIES = {"os": "linux", "browser": "test", "device": "test"}


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Speaks to one server as its bot."""

    def __init__(self, server: FluxerServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.facts = server.facts()
        self.guild = f"/guilds/{self.facts['community_id']}"
        self.session = session

    async def call(
        self, method: str, path: str, body: Any = None, *, as_bot: bool = True, **arguments: Any
    ) -> tuple[int, Any]:
        """The status and the JSON of a reply."""
        status, _, payload = await self.call_whole(method, path, body, as_bot=as_bot, **arguments)
        return status, payload

    async def call_whole(
        self, method: str, path: str, body: Any = None, *, as_bot: bool = True, **arguments: Any
    ) -> tuple[int, Any, Any]:
        """The status, headers and JSON of a reply."""
        headers = {"Authorization": f"Bot {self.facts['token']}"} if as_bot else {}
        address = path if path.startswith("http") else self.facts["api_base"] + path
        async with self.session.request(method, address, json=body, headers=headers, **arguments) as response:
            raw = await response.read()
            return response.status, response.headers, json.loads(raw) if raw else None

    async def general(self) -> str:
        """The id of the first text channel."""
        _, channels = await self.call("GET", f"{self.guild}/channels")
        return next(channel["id"] for channel in channels if channel["type"] == 0)

    async def webhook(self, channel_id: str) -> str:
        """The path of a new webhook."""
        _, webhook = await self.call("POST", f"/channels/{channel_id}/webhooks", {"name": "Importer"})
        return f"/webhooks/{webhook['id']}/{webhook['token']}?wait=true"

    async def upload(self, path: str, name: str, file: bytes, **payload: Any) -> tuple[int, Any]:
        """Send one file."""
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"attachments": [{"id": 0, "filename": name}], **payload}))
        form.add_field("files[0]", io.BytesIO(file), filename=name)
        return await self.call("POST", path, as_bot="webhooks" not in path, data=form)

    async def connect(self, **identify: Any) -> aiohttp.ClientWebSocketResponse:
        """A gateway connection that has been told READY and GUILD_CREATE."""
        socket = await self.session.ws_connect(f"{self.facts['gateway']}?v=1&encoding=json")
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": self.facts["token"], "properties": PROPERTIES, **identify}})
        return socket

    async def start_session(self) -> None:
        """Be on the gateway once, which lets the bot send messages."""
        socket = await self.connect()
        assert (await socket.receive_json())["t"] == "READY"
        await socket.close()


@asynccontextmanager
async def client_of(server: FluxerServer) -> AsyncIterator[Client]:
    """Start the server, give a client, stop the server."""
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(server, session)
    finally:
        await server.stop()


@asynccontextmanager
async def process_of(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    """A server in a process of its own, and how to reach it."""
    command = ["-m", "reaper_tui.sandbox.fluxer_server", *options]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
