"""A tiny API on loopback whose every answer a test decides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from reaper_tui.model.community import Webhook
from reaper_tui.profile.secrets import Secret
from reaper_tui.writer.events import WriterEvent
from reaper_tui.writer.writer import FluxerWriter

TOKEN = "111.secretsecretsecretsecretsecretsecretsecret"
WEBHOOK_TOKEN = "whooksecretwhooksecretwhooksecretwhooksecretwhooksecretwhooksecr"
HOOK = Webhook(55, 77, "reaper", WEBHOOK_TOKEN)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Stub:
    """Records requests and answers them in turn; the last answer repeats."""

    answers: list[Handler] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    base: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if "well-known" in request.path:
            return web.json_response({"endpoints": {}}, status=404)
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


@asynccontextmanager
async def stub_server(*answers: Handler) -> AsyncIterator[Stub]:
    stub = Stub(list(answers))
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{tail:.*}", stub.handle)
    server = TestServer(app)
    await server.start_server()
    stub.base = f"{server.make_url('/api/v1')}"
    try:
        yield stub
    finally:
        await server.close()


def reply(
    body: Any = None, status: int = 200, headers: dict[str, str] | None = None, text: str | None = None
) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        if text is not None:
            return web.Response(text=text, status=status, headers=headers, content_type="text/html")
        return web.json_response(body, status=status, headers=headers)

    return answer


def stored(message_id: int = 900, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(message_id),
        "channel_id": "77",
        "webhook_id": "55",
        "author": {"id": "55", "username": "Alice"},
        "type": 0,
        "content": "hi",
        "attachments": [],
        "embeds": [],
        **fields,
    }


def cut(*, after_reading: bool = True) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        if after_reading:
            await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


class Naps:
    """A sleep that takes no time but moves the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@asynccontextmanager
async def writer_at(base: str, naps: Naps | None = None) -> AsyncIterator[FluxerWriter]:
    naps = naps or Naps()
    events: list[WriterEvent] = []
    async with FluxerWriter(
        Secret(TOKEN), instance="", api_base=base, notify=events.append, clock=naps.clock, sleep=naps.sleep
    ) as writer:
        writer.events = events  # type: ignore[attr-defined]
        yield writer
