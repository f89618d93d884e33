"""A small file server on loopback whose misbehaviour a test decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from reaper_tui.media.spool import MediaSpool

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FileServer:
    """Answers in turn, the last answer again and again."""

    answers: list[Handler]
    requests: list[web.Request] = field(default_factory=list)
    base: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


@asynccontextmanager
async def file_server(*answers: Handler) -> AsyncIterator[FileServer]:
    found = FileServer(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.handle)
    server = TestServer(app)
    await server.start_server()
    found.base = str(server.make_url("")).rstrip("/")
    try:
        yield found
    finally:
        await server.close()


def whole(data: bytes, *, etag: str = '"one"', headers: dict[str, str] | None = None) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        if wanted and request.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            named = {"ETag": etag, "Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            return web.Response(status=206, body=data[start:], headers=named)
        return web.Response(body=data, headers={"ETag": etag, **(headers or {})})

    return answer


def cut_after(data: bytes, count: int, *, etag: str = '"one"') -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        response = web.StreamResponse(status=206 if start else 200, headers={"ETag": etag})
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        response.content_length = len(data) - start
        await response.prepare(request)
        await response.write(data[start : start + count])
        await asyncio.sleep(0.05)
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def status(code: int, headers: dict[str, str] | None = None) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


class Naps:
    """A sleep that takes no time."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)


@asynccontextmanager
async def spool_at(
    directory: Path, base: str = "", max_bytes: int = 1 << 30, **options: object
) -> AsyncIterator[MediaSpool]:
    async with MediaSpool(directory, max_bytes, cdn=base, sleep=Naps().sleep, **options) as spool:  # type: ignore[arg-type]
        yield spool
