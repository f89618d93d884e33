"""A small Discord whose answers each test decides."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.client import DiscordReader
from reaper_tui.reader.events import ReaderEvent

Answer = Any | Callable[[web.Request], Awaitable[web.StreamResponse]]
BOT_ID = 900
CONTENT_ON = 1 << 19


def reply(body: object, status: int = 200, **headers: str) -> web.Response:
    """Return JSON as Discord sends it: a bare content type."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json", **names}
    )


def too_many(seconds: float, *, is_global: bool = False, **headers: str) -> web.Response:
    """Return a 429 as Discord's own servers send it."""
    extra = {"X-RateLimit-Global": "true"} if is_global else {}
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": is_global}
    return reply(body, 429, Via="1.1 google", Retry_After=str(seconds), **extra, **headers)


class FakeDiscord:
    """Answers by path; a path's queue is used up first, its standing answer after."""

    def __init__(self) -> None:
        self.standing: dict[str, Answer] = {
            "/users/@me": {"id": str(BOT_ID), "username": "reaper", "bot": True},
            "/oauth2/applications/@me": {"id": str(BOT_ID), "flags": CONTENT_ON},
        }
        self.queued: dict[str, deque[Answer]] = {}
        self.requests: list[web.Request] = []
        self.base = ""

    def queue(self, path: str, *answers: Answer) -> None:
        """Give these answers once each, before the standing one."""
        self.queued.setdefault(path, deque()).extend(answers)

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(request.path == f"/api/v10{path}" for request in self.requests)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append(request)
        path = request.path.removeprefix("/api/v10")
        waiting = self.queued.get(path)
        answer = waiting.popleft() if waiting else self.standing.get(path)
        if answer is None:
            return reply({"message": "404: Not Found", "code": 0}, 404)
        if callable(answer):
            return await answer(request)
        return answer if isinstance(answer, web.StreamResponse) else reply(answer)


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    fake = FakeDiscord()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", fake.handle)
    async with TestServer(application) as server:
        fake.base = f"http://127.0.0.1:{server.port}/api/v10"
        yield fake


@pytest.fixture
def events() -> list[ReaderEvent]:
    return []


@pytest.fixture
async def naps() -> list[float]:
    """What the reader slept by its own choice; no time passes."""
    return []


@pytest.fixture
async def reader(discord: FakeDiscord, events: list[ReaderEvent], naps: list[float]) -> AsyncIterator[DiscordReader]:
    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async with DiscordReader(
        Secret("a.bot.token"), api_base=discord.base, gateway="ws://127.0.0.1:1/", notify=events.append, sleep=nap
    ) as made:
        yield made
