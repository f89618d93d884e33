"""A gateway whose every connection is played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

GUILD_ID = 500
Play = Callable[["Caller"], Awaitable[None]]


class Caller:
    """One connection as the gateway sees it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    async def hello(self, seconds: float = 40.0) -> dict[str, Any]:
        """Greet and return how the client introduces itself."""
        await self.socket.send_json({"op": 10, "d": {"heartbeat_interval": seconds * 1000}})
        return await self.hear(2, 6)

    async def hear(self, *codes: int) -> dict[str, Any]:
        """Return the next packet of one of these kinds."""
        while True:
            said = await self.socket.receive_json(timeout=5)
            self.heard.append(said)
            if said["op"] in codes:
                return said

    async def tell(self, number: int, name: str, body: object) -> None:
        await self.socket.send_json({"op": 0, "s": number, "t": name, "d": body})

    async def ready(self, session: str = "one", number: int = 1) -> None:
        await self.tell(number, "READY", {"session_id": session, "guilds": [], "resume_gateway_url": "ws://0.0.0.0:1"})

    async def silence(self) -> int | None:
        """Answer nothing until the client hangs up; return its close code."""
        while (await self.socket.receive(timeout=5)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
            pass
        return self.socket.close_code


class GatewayServer:
    """Plays its scripts one connection after another, the last for ever."""

    def __init__(self) -> None:
        self.plays: list[Play] = []
        self.connections = 0
        self.errors: list[BaseException] = []
        self.address = ""

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoclose=True)
        await socket.prepare(request)
        play = self.plays[min(self.connections, len(self.plays) - 1)]
        self.connections += 1
        try:
            await play(Caller(socket))
        except (TypeError, ConnectionError, asyncio.CancelledError):
            pass  # the client was gone
        except BaseException as error:
            self.errors.append(error)
            raise
        return socket


@asynccontextmanager
async def gateway_server() -> AsyncIterator[GatewayServer]:
    gateway = GatewayServer()
    application = web.Application()
    application.router.add_get("/", gateway.accept)
    async with TestServer(application) as server:
        gateway.address = f"ws://127.0.0.1:{server.port}/"
        yield gateway
