"""The client comes back by itself and hears everything once."""

from __future__ import annotations

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path

import pytest

from reaper_tui.model.errors import AccessDenied, ConfigurationError, Refused
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.client import Missing, Received, State, StreamClient, stream_address
from reaper_tui.stream.cursors import Cursor
from tests.stream.feeds import KEY, message, served


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def at_once(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.02))


async def test_nothing_is_missed_over_cuts_and_restarts(tmp_path: Path) -> None:
    port = free_port()
    client = StreamClient(f"http://127.0.0.1:{port}", after="earliest", sleep=at_once)
    heard: list[int] = []
    states: list[str] = []

    async def listen(last: int) -> None:
        async with asyncio.timeout(30), aclosing(client.listen()) as items:
            async for item in items:
                if isinstance(item, Received):
                    heard.append(item.message_id)
                    if item.message_id == last:
                        return
                elif isinstance(item, State):
                    states.append(item.name)

    listening = asyncio.create_task(listen(300))
    for part in range(3):
        async with served(tmp_path, port=port) as service:
            for number in range(part * 100 + 1, part * 100 + 101):
                await service.write([message(number)])
                if number % 40 == 0:
                    while len(heard) < number - 5:
                        await asyncio.sleep(0.001)
                    for session in service.hub.sessions:
                        session.wire.transport.abort()  # type: ignore[attr-defined]
            if part == 2:
                await listening
    assert heard == list(range(1, 301))
    assert client.repeats == 0
    assert states.count("lost") >= 4


async def test_a_gap_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write([message(1)])
        client = StreamClient(f"127.0.0.1:{service.port}", after=Cursor("another0", 7))
        async with aclosing(client.listen()) as items:
            found = [await anext(items) for _ in range(4)]
        assert found[1] == Missing("epoch")
        assert isinstance(found[2], Received)
        assert found[3] == State("live")


async def test_what_will_never_work_ends_the_client(tmp_path: Path) -> None:
    async with served(tmp_path, needs_key=True) as service:
        address = f"ws://127.0.0.1:{service.port}/ws"
        with pytest.raises(AccessDenied):
            await anext(StreamClient(address, key=Secret("wrong")).listen())
        with pytest.raises(Refused):
            await anext(StreamClient(address, key=Secret(KEY), kinds=["gossip"]).listen())


async def test_a_service_that_is_not_there_is_tried_again_ever_more_slowly() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 9:
            raise StopIteration

    client = StreamClient(f"127.0.0.1:{free_port()}", sleep=sleep, jitter=lambda low, high: high)
    with pytest.raises(RuntimeError):
        async for item in client.listen():
            assert isinstance(item, State)
    assert waited == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_addresses_as_people_write_them() -> None:
    assert stream_address("example.org:8000") == "ws://example.org:8000/ws"
    assert stream_address("https://example.org/") == "wss://example.org/ws"
    assert stream_address("ws://[::1]:9/other") == "ws://[::1]:9/other"
    for wrong in ("ftp://example.org", "http://", "ws://example.org:0/"):
        with pytest.raises(ConfigurationError):
            stream_address(wrong)
