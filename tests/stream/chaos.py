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
from tests.stream.servers import PostgresServer, RedisServer, free_port, in_thread

SURROUNDINGS = {
    "MAX_CONNECTIONS": "5000",
    "MAX_CONNECTIONS_PER_IP": "5000",
    "RATE_LIMIT_REQUESTS": "100000",
    "STALL_SECONDS": "3",
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
    deaf_dismissed: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.repeated or self.disordered or self.gaps or self.repeats_on_the_wire)


async def chaos(home: Path, *, clients: int, rounds: int, rate: float, pause: float = 0.5) -> Result:
    """Let clients listen to a keeper and a gateway while both are killed and both copies are stopped, by turns."""
    chance = random.Random(7)
    began = time.monotonic()
    result = Result()
    profile = home / "crowd.toml"
    profile.write_text('[discord]\nguild_id = "99"\n')
    journal = await Journal.open(home / "crowd.reaper" / "stream.db")
    await journal.remember({"guild_id": "99"})
    await journal.write(feed.epoch)
    postgres, redis = await asyncio.to_thread(PostgresServer), RedisServer()
    await in_thread(postgres.start)
    await in_thread(redis.start)
    copies = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
    keeper, gateway = Service(home, str(profile), **copies), Service(home, **copies)
    deaf: list[socket.socket] = []
    published: list[tuple[int, int]] = []
    done = asyncio.Event()

    async def publish() -> None:
        number = 0
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
                after="earliest",
                channels=() if channel_id is None else (channel_id,),
                jitter=lambda low, high: chance.uniform(0.05, 1.5),
            )
            listeners.append(Listener(client, channel_id))
        tasks = [asyncio.create_task(listener.listen()) for listener in listeners]
        publishing = asyncio.create_task(publish())
        deaf = [_deaf(service.port) for service in (keeper, gateway)]
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
                    for service in (keeper, gateway):
                        result.deaf_dismissed += round(await service.metric("reaper_stream_dismissed_total"))
        done.set()
        await publishing
        wanted = {
            channel_id: [number for number, channel in published if channel_id in (None, channel)]
            for channel_id in (None, 1, 2, 3, 4)
        }
        async with asyncio.timeout(120):
            while any(len(listener.heard) < len(wanted[listener.channel_id]) for listener in listeners):
                if failed := [task.exception() for task in tasks if task.done()]:
                    raise CloneError(f"a listener ended: {failed[0]!r}")
                await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        result.kills = keeper.deaths + gateway.deaths
        result.published = len(published)
        for listener in listeners:
            heard, due = listener.heard, wanted[listener.channel_id]
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


def _deaf(port: int) -> socket.socket:
    """A listener that reads nothing at all."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(
        b"GET /ws?after=earliest HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    return connection
