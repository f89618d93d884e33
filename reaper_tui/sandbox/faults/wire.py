"""Connections that break, stall and drip."""

import asyncio
import contextlib
import socket
import struct

from aiohttp import web

NOBODY_LEFT = 499
_LOOK_EVERY_S = 0.02
_DROPS = 8
_NO_LINGER = struct.pack("ii", 1, 0)


def label_of(request: web.BaseRequest) -> str:
    """Return a request as faults name it: `POST /webhooks/:id/:token +files`."""
    parts = request.rel_url.raw_path.strip("/").split("/")
    if parts[0] == "api":
        parts = parts[2:] if len(parts) > 1 and parts[1].startswith("v") and parts[1][1:].isdecimal() else parts[1:]
    named = [":id" if part.isdecimal() else part for part in parts]
    if named[:2] == ["webhooks", ":id"] and len(named) > 2:
        named[2] = ":token"
    files = " +files" if "multipart/" in request.headers.get("Content-Type", "") else ""
    return f"{request.method} /{'/'.join(named)}{files}"


def reset(request: web.BaseRequest) -> web.Response:
    """Reset the connection; nobody will hear the returned answer."""
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return web.Response(status=NOBODY_LEFT)


async def hold(request: web.BaseRequest, seconds: float) -> None:
    """Be silent for so long, or until the client leaves."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(_LOOK_EVERY_S, left))


async def read_half(request: web.BaseRequest) -> None:
    """Take the first half of a body."""
    left = (request.content_length or 0) // 2
    while left > 0 and (piece := await request.content.read(left)):
        left -= len(piece)


async def drain(request: web.BaseRequest) -> None:
    """Read what is left of a body, so that the client hears the answer."""
    while await request.content.readany():
        pass


async def cut(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Send the headers and half of the body, then close."""
    body = _bytes_of(response)
    stream = await _begin(request, response, body)
    with contextlib.suppress(ConnectionError):
        await stream.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream


async def drip(request: web.BaseRequest, response: web.Response, seconds: float) -> web.StreamResponse:
    """Send the body in small pieces over so many seconds."""
    body = _bytes_of(response)
    stream = await _begin(request, response, body)
    size = max(1, -(-len(body) // _DROPS))
    with contextlib.suppress(ConnectionError):
        for start in range(0, len(body), size):
            await asyncio.sleep(seconds / _DROPS)
            await stream.write(body[start : start + size])
        await stream.write_eof()
    return stream


async def _begin(request: web.BaseRequest, response: web.Response, body: bytes) -> web.StreamResponse:
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    stream = web.StreamResponse(status=response.status, headers=headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    return stream


def _bytes_of(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""
