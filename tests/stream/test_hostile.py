"""Whoever means harm: refused or cut off, counted, and no trouble for anybody else."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path

import pytest

from reaper_tui.stream import wire_ws
from reaper_tui.stream.address import parse_networks
from reaper_tui.stream.service import allow_connections
from tests.stream.feeds import Kept, frames_until, message, served

HANDSHAKE = (
    b"Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    """A masked frame whose mask changes nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([(0x80 if is_last else 0) | opcode]) + length + bytes(4) + payload


async def send(service: Kept, data: bytes, later: bytes = b"") -> bytes:
    """Send bytes, more of them once something was answered, and return all that comes until the service hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        writer.write(data)
        answer = await reader.readuntil(b'"live","seq":0}') if later else b""
        writer.write(later)
        async with asyncio.timeout(10):
            try:
                return answer + await reader.read()
            except ConnectionResetError:
                return answer
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    "beginning", [b"", b"GET /messages HTTP/1.1\r\nHost: x\r\nX: ", b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\n"]
)
async def test_a_request_that_never_gets_whole_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(wire_ws, "REQUEST_SECONDS", 0.3)
    async with served(tmp_path) as service:
        async with service.connect() as ws:
            await frames_until(ws, "live")
            assert await send(service, beginning) == b""
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            with pytest.raises(ConnectionError):
                async with asyncio.timeout(10):
                    # A byte now and then does not help.
                    while not reader.at_eof():
                        writer.write(b"a")
                        await writer.drain()
                        await asyncio.sleep(0.05)
                    raise ConnectionResetError
            writer.transport.abort()
            await service.write([message(1)])
            await frames_until(ws, "event", seq=1)
        assert await service.metric('reaper_stream_refused_total{reason="slow_request"}') == 2


async def test_a_request_that_drips_in_time_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        for byte in b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_pings_without_end_are_no_way_to_fill_the_memory(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.connect() as other:
        await frames_until(other, "live")
        flood = frame(0x9, b"p" * 125) * 4000
        await send(service, b"GET /ws HTTP/1.1\r\n" + HANDSHAKE, flood)
        await service.write([message(1)])
        await frames_until(other, "event", seq=1)
        assert await service.metric('reaper_stream_dismissed_total{reason="flood"}') == 1


@pytest.mark.parametrize(
    "wrong",
    [
        frame(0x1, b"\xff\xfe\xc3\x28"),
        b"\x81\x02hi",
        b"\xf1\x82" + bytes(4) + b"hi",
        frame(0x0, b"x"),
        frame(0x9, b"x" * 126),
        frame(0x8, b"\x00\x01"),
        frame(0x1, b"x"),
        frame(0x2, b"\x00" * 3000),
    ],
    ids=["utf-8", "unmasked", "reserved", "continuation", "long ping", "close code", "text", "binary"],
)
async def test_who_breaks_the_protocol_is_sent_away_and_counted_once(tmp_path: Path, wrong: bytes) -> None:
    async with served(tmp_path) as service:
        answer = await send(service, b"GET /ws HTTP/1.1\r\n" + HANDSHAKE, wrong * 3)
        assert b"\x88" in answer
        async with asyncio.timeout(10):
            while service.hub.sessions:
                await asyncio.sleep(0.01)
        assert await service.metric('reaper_stream_dismissed_total{reason="protocol"}') == 1


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /messages\r\n\r\n",
        b"GET /messages HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00" + os.urandom(64) + b"\r\n\r\n",
        b"GET /messages?a=" + b"b" * 200_000,
    ],
    ids=["HTTP 0.9", "no host", "TLS", "endless address"],
)
async def test_what_is_no_request_is_refused_and_counted(tmp_path: Path, request_line: bytes) -> None:
    async with served(tmp_path) as service:
        assert (await send(service, request_line))[:12] in (b"HTTP/1.1 400", b"")
        assert await service.metric('reaper_stream_refused_total{reason="bad_request"}') == 1


@pytest.mark.parametrize("origin", ["null", "http://[::1", "http://127.0.0.1:1", "http://evil.example"])
async def test_pages_of_nowhere_and_of_elsewhere_are_refused(tmp_path: Path, origin: str) -> None:
    async with served(tmp_path) as service, service.http() as http:
        assert (await http.get("/messages", headers={"Origin": origin})).status_code == 403
        assert await service.metric('reaper_stream_refused_total{reason="foreign_origin"}') == 1


async def test_whoever_is_no_trusted_proxy_counts_as_himself(tmp_path: Path) -> None:
    limits = {"requests": 3, "window": 60}
    proxies = parse_networks(["10.0.0.0/8"])
    async with served(tmp_path, limits=limits, proxies=proxies) as service, service.http() as http:
        codes = [
            (await http.get("/messages", headers={"X-Forwarded-For": f"203.0.113.{number}"})).status_code
            for number in range(5)
        ]
        assert codes == [200, 200, 200, 429, 429]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/messages?limit=-1", 422),
        ("/messages?limit=1&limit=0", 422),
        ("/messages?before=%D9%A1", 400),
        ("/messages?before=-5", 400),
        ("/messages?channel=" + ",".join(map(str, range(1, 300))), 400),
        ("/sse?hb=nan", 400),
        ("/sse?after=abcdefgh:%D9%A1", 400),
        ("/sse?type=create,destroy", 400),
    ],
)
async def test_odd_questions_get_a_plain_answer(tmp_path: Path, path: str, status: int) -> None:
    async with served(tmp_path) as service, service.http() as http:
        await service.write([message(1)])
        reply = await http.get(path)
        assert reply.status_code == status
        assert reply.json()["message"]


async def test_a_cursor_of_the_future_is_told_as_a_loss(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write([message(1)])
        async with service.connect(f"after={service.hub.epoch}:999999") as ws:
            frames = await frames_until(ws, "live")
        assert [frame["op"] for frame in frames] == ["hello", "gap", "live"]
        assert (frames[1]["reason"], frames[1]["from"]) == ("lost", 1)


def test_files_enough_for_all_who_may_come_are_asked_of_the_system() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        assert allow_connections(300) == 0
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 800
        if before[1] != resource.RLIM_INFINITY:
            assert allow_connections(before[1]) == before[1] + 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
