"""Many listeners on services that are killed, over copies that come and go: each hears everything once, in order."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from reaper_tui.journal import feed
from reaper_tui.journal.feed import FeedEvent
from reaper_tui.journal.journal import Journal
from reaper_tui.model.errors import CloneError
from reaper_tui.stream.client import Missing, Received, StreamClient
from reaper_tui.stream.cursors import Cursor
from tests.stream.servers import PostgresServer, RedisServer, free_port, in_thread

SURROUNDINGS = {
    "MAX_CONNECTIONS": "5000",
    "MAX_CONNECTIONS_PER_IP": "5000",
    "RATE_LIMIT_REQUESTS": "100000",
    "DRAIN_SECONDS": "1",
    "CLIENT_BUFFER_BYTES": "65536",
    "ENVIRONMENT": "production",
}


class Service:
    """`reaper-tui serve` in a process of its own."""

    def __init__(self, home: Path, *arguments: str, **surroundings: str) -> None:
        self.port = free_port()
        self.deaths = 0
        self._arguments = [*arguments, "--port", str(self.port)]
        self._surroundings = {**os.environ, "HOME": str(home), **SURROUNDINGS, **surroundings}
        self._log = (home / f"serve-{self.port}.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it has to be killed without a loop as well
            [sys.executable, "-m", "reaper_tui", "serve", *self._arguments],
            env=self._surroundings,
            stdout=self._log,
            stderr=self._log,
        )
        await self.until_ready()

    async def until_ready(self, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False) as http:
            while True:
                assert self._process is not None and self._process.poll() is None, "the service ended"
                try:
                    if (await http.get(f"http://127.0.0.1:{self.port}/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.deaths += 1

    def end(self) -> int:
        """Ask it to end and return its exit code, -1 when it does not run."""
        if self._process is None:
            self._log.close()
            return -1
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()

    async def metric(self, name: str) -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"http://127.0.0.1:{self.port}/metrics", timeout=20)).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


@dataclass
class Listener:
    """One client and what it heard."""

    client: StreamClient
    channel_id: int | None
    heard: list[int] = field(default_factory=list[int])
    gaps: list[str] = field(default_factory=list[str])
    begins_at: int = 1

    async def listen(self) -> None:
        async with aclosing(self.client.listen()) as items:
            async for item in items:
                if isinstance(item, Received):
                    self.heard.append(item.message_id)
                elif isinstance(item, Missing):
                    self.gaps.append(item.reason)


@dataclass
class Result:
    """What came of it."""

    published: int = 0
    deliveries: int = 0
    lost: int = 0
    repeated: int = 0
    disordered: int = 0
    gaps: int = 0
    repeats_on_the_wire: int = 0
    reconnects: int = 0
    kills: int = 0
    outages: int = 0
    deaf: int = 0
    deaf_dismissed: int = 0
    deaf_heard_before: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        faults = (self.lost, self.repeated, self.disordered, self.gaps, self.repeats_on_the_wire)
        return not any(faults) and self.deaf_dismissed == self.deaf


async def chaos(
    home: Path, *, clients: int, rounds: int, rate: float, pause: float = 0.5, stall_seconds: float = 3.0
) -> Result:
    """Let clients listen to a keeper and a gateway while both are killed and both copies are stopped, by turns.

    Before that, one client of each reads nothing until it is sent away, and comes back with the cursor it got to.
    """
    chance = random.Random(7)
    began = time.monotonic()
    result = Result()
    profile = home / "crowd.toml"
    profile.write_text('[discord]\nguild_id = "99"\n')
    journal = await Journal.open(home / "crowd.reaper" / "stream.db")
    await journal.remember({"guild_id": "99"})
    epoch = await journal.write(feed.epoch)
    postgres, redis = await asyncio.to_thread(PostgresServer), RedisServer()
    await in_thread(postgres.start)
    await in_thread(redis.start)
    copies = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "STALL_SECONDS": str(stall_seconds)}
    keeper, gateway = Service(home, str(profile), **copies), Service(home, **copies)
    deaf: list[Deaf] = []
    # More than the systems on both sides and the service together hold for somebody who reads nothing.
    long_ago = [FeedEvent("create", 1 + number % 4, number, b'"%s"' % (b"x" * 8000), "") for number in range(1, 401)]
    head = await journal.write(lambda raw: feed.append(raw, long_ago, time.time()))
    published: list[tuple[int, int]] = []
    done = asyncio.Event()

    async def publish() -> None:
        number = len(long_ago)
        while not done.is_set():
            events = []
            for _ in range(chance.randint(1, 4)):
                number += 1
                channel_id = 1 + number % 4
                body = json.dumps({"id": str(number), "content": "x" * chance.randint(1, 1500)}).encode()
                events.append(FeedEvent("create", channel_id, number, body, ""))
                published.append((number, channel_id))
            await journal.write(lambda raw, events=events: feed.append(raw, events, time.time()))
            await asyncio.sleep(len(events) / rate)

    try:
        await keeper.start()
        await gateway.start()
        listeners = []
        for index in range(clients):
            channel_id = None if index % 3 else 1 + index % 4
            service = keeper if index % 2 else gateway
            client = StreamClient(
                f"127.0.0.1:{service.port}",
                after=Cursor(epoch, head),
                channels=() if channel_id is None else (channel_id,),
                jitter=lambda low, high: chance.uniform(0.05, 1.5),
            )
            listeners.append(Listener(client, channel_id))
        tasks = [asyncio.create_task(listener.listen()) for listener in listeners]
        publishing = asyncio.create_task(publish())
        deaf = [Deaf(service) for service in (keeper, gateway)]
        result.deaf = len(deaf)
        for each in deaf:
            result.deaf_dismissed += await each.until_dismissed()
            heard, cursor = await asyncio.to_thread(each.hear)
            result.deaf_heard_before += len(heard)
            client = StreamClient(f"127.0.0.1:{each.service.port}", after=cursor or "earliest")
            listeners.append(Listener(client, None, heard, begins_at=0))
            tasks.append(asyncio.create_task(listeners[-1].listen()))
        for turn in range(rounds):
            await asyncio.sleep(pause)
            match turn % 5:
                case 0:
                    keeper.kill()
                    await keeper.start()
                case 1:
                    await in_thread(redis.stop)
                    await asyncio.sleep(pause)
                    await in_thread(redis.start)
                    result.outages += 1
                case 2:
                    gateway.kill()
                    await gateway.start()
                case 3:
                    await in_thread(postgres.stop)
                    await asyncio.sleep(pause)
                    await in_thread(postgres.start)
                    result.outages += 1
                case _:
                    pass
        done.set()
        await publishing
        wanted = {
            channel_id: [number for number, channel in published if channel_id in (None, channel)]
            for channel_id in (None, 1, 2, 3, 4)
        }

        def due_to(listener: Listener) -> list[int]:
            before = [] if listener.begins_at else [event.message_id for event in long_ago]
            return before + wanted[listener.channel_id]

        async with asyncio.timeout(120):
            while any(len(listener.heard) < len(due_to(listener)) for listener in listeners):
                if failed := [task.exception() for task in tasks if task.done()]:
                    raise CloneError(f"a listener ended: {failed[0]!r}")
                await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        result.kills = keeper.deaths + gateway.deaths
        result.published = len(published)
        for listener in listeners:
            heard, due = listener.heard, due_to(listener)
            result.deliveries += len(heard)
            result.lost += len(set(due) - set(heard))
            result.repeated += len(heard) - len(set(heard))
            result.disordered += heard != sorted(heard)
            result.gaps += len(listener.gaps)
            result.repeats_on_the_wire += listener.client.repeats
            result.reconnects += listener.client.reconnects
    finally:
        done.set()
        for each in deaf:
            each.close()
        for service in (keeper, gateway):
            await asyncio.to_thread(service.end)
        await journal.close()
        postgres.close()
        redis.close()
    result.seconds = round(time.monotonic() - began, 1)
    return result


class Deaf:
    """A listener that reads nothing at all until it has been sent away."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", service.port))
        self._socket.sendall(
            b"GET /ws?after=earliest HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )

    async def until_dismissed(self, seconds: float = 60) -> int:
        """Return 1 when it was sent away as slow, 0 when it was not in time."""
        name = 'reaper_stream_dismissed_total{reason="slow"}'
        try:
            async with asyncio.timeout(seconds):
                while not await self.service.metric(name):
                    await asyncio.sleep(0.1)
                # Cut as well, not only told to go.
                while await self.service.metric("reaper_stream_connections ") > await self.service.metric(
                    "reaper_stream_listeners "
                ):
                    await asyncio.sleep(0.1)
                return 1
        except TimeoutError:
            return 0

    def hear(self) -> tuple[list[int], Cursor | None]:
        """Read what had arrived before the end; return its messages and the cursor to come back with."""
        data = bytearray()
        self._socket.settimeout(10)
        try:
            while chunk := self._socket.recv(65536):
                data += chunk
        except ConnectionResetError:
            pass
        frames, rest = [], bytes(data).partition(b"\r\n\r\n")[2]
        while len(rest) >= 4:
            size, head = rest[1], 2
            if size == 126:
                size, head = int.from_bytes(rest[2:4], "big"), 4
            if rest[0] != 0x81 or len(rest) < head + size:
                break
            frames.append(json.loads(rest[head : head + size]))
            rest = rest[head + size :]
        epoch = frames[0]["epoch"] if frames else ""
        events = [frame for frame in frames if frame["op"] == "event"]
        cursor = Cursor(epoch, events[-1]["seq"]) if events else None
        return [int(event["id"]) for event in events], cursor

    def close(self) -> None:
        self._socket.close()
