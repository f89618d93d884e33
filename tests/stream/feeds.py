"""Feeds to listen to: one in memory for the machine, one in a journal with the service in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from reaper_tui.journal import feed
from reaper_tui.journal.feed import FeedEvent, FeedRow
from reaper_tui.journal.journal import Journal
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.api import StreamOptions, StreamService, make_service
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.journal_source import ForeignJournal, JournalSource
from reaper_tui.stream.keys import Keys
from reaper_tui.stream.origins import Origins
from reaper_tui.stream.publisher import Copy, Publisher
from reaper_tui.stream.remote_source import RemoteSource
from reaper_tui.stream.service import serve
from reaper_tui.stream.session import Bounds
from reaper_tui.stream.source import MessageQuery, MessageRow, Place, Source, Standing

KEY = "a key that nobody guesses"


def message(number: int, channel_id: int = 7, kind: str = "create", text: str = "", version: str = "") -> FeedEvent:
    body = {"id": str(number), "content": text or f"message {number}", "author": {"id": "1", "username": "ann"}}
    return FeedEvent(kind, channel_id, number, json.dumps(body).encode(), version)


@dataclass
class MemorySource:
    """A feed in memory whose rows may have holes and be forgotten."""

    rows: list[FeedRow] = field(default_factory=list[FeedRow])
    epoch: str = "memory00"
    floor: int = 0
    is_replica: bool = False

    async def standing(self) -> Standing | None:
        return Standing(self.epoch, self.rows[-1].seq if self.rows else self.floor, self.floor, "1")

    async def after(self, seq: int, limit: int, until: int | None = None) -> Sequence[FeedRow]:
        found = [row for row in self.rows if row.seq > seq and (until is None or row.seq <= until)]
        return found[:limit]

    async def wait(self, seq: int, seconds: float) -> None:
        del seq, seconds
        await asyncio.Event().wait()

    async def messages(self, query: MessageQuery) -> list[MessageRow]:
        del query
        return []

    async def places(self) -> list[Place]:
        return []

    async def health(self) -> dict[str, dict[str, Any]]:
        return {"memory": {"status": "ok"}}


@dataclass
class Served:
    """A running service."""

    service: StreamService
    port: int
    stopping: asyncio.Event

    @property
    def hub(self) -> Hub:
        return self.service.hub

    def connect(self, query: str = "", **options: Any) -> connect:
        options = {"compression": None, "proxy": None, "max_queue": None} | options
        return connect(f"ws://127.0.0.1:{self.port}/ws?{query}", **options)

    @contextlib.asynccontextmanager
    async def http(self) -> AsyncGenerator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10) as client:
            yield client

    async def metric(self, name: str) -> float:
        async with self.http() as client:
            text = (await client.get("/metrics")).text
        values = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(values[0]) if values else 0.0


@dataclass
class Kept(Served):
    """A running service with its own journal."""

    journal: Journal
    source: JournalSource
    publishers: list[Publisher]

    async def write(self, events: Iterable[FeedEvent]) -> int:
        """Append events and return once they were sent."""
        kept = list(events)
        await self.journal.write(lambda raw: feed.append(raw, kept, time.time()))
        newest = await self.journal.read(lambda raw: raw.execute("SELECT max(seq) FROM feed").fetchone()[0])
        self.source.wake()
        assert await self.hub.reached(newest, 20)
        return newest


@contextlib.asynccontextmanager
async def serving(
    source: Source,
    bounds: Bounds,
    choices: dict[str, Any],
    *,
    port: int,
    drain_seconds: float,
    copies: dict[str, Copy],
) -> AsyncGenerator[tuple[Served, list[Publisher]]]:
    """A service on a source; limits are high unless chosen otherwise."""
    limits = {"most": 5000, "most_per_address": 5000, "requests": 100_000, "window": 60} | choices.pop("limits", {})
    choices.setdefault("keys", Keys([Secret(KEY)]))
    choices.setdefault("origins", Origins((), is_public=False))
    options = StreamOptions(admission=Admission(**limits), bounds=bounds, **choices)
    hub = Hub(source, bounds, clock=time.monotonic, later=asyncio.get_running_loop().call_later)
    publishers = [Publisher(name, hub, copy) for name, copy in copies.items()]
    service = make_service(hub, options, [source.health, *(publisher.health for publisher in publishers)])
    stopping = asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        serve(
            service,
            host="127.0.0.1",
            port=port,
            drain_seconds=drain_seconds,
            announce=address.set_result,
            stopping=stopping,
            beside=[publisher.run for publisher in publishers],
        )
    )
    try:
        await asyncio.wait([address, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield Served(service, int(address.result().rpartition(":")[2]), stopping), publishers
    finally:
        stopping.set()
        await running


@contextlib.asynccontextmanager
async def served(
    path: Path,
    *,
    port: int = 0,
    bounds: Bounds | None = None,
    drain_seconds: float = 0.0,
    guild_id: str = "99",
    copies: dict[str, Copy] | None = None,
    **choices: Any,
) -> AsyncGenerator[Kept]:
    """A service on the journal below a path."""
    journal = await Journal.open(path / "journal.db")
    archive = ForeignJournal(journal.path)
    try:
        await journal.write(feed.epoch)
        await journal.remember({"guild_id": guild_id})
        source = JournalSource(journal, archive, poll_seconds=1.0)
        running = serving(
            source, bounds or Bounds(), choices, port=port, drain_seconds=drain_seconds, copies=copies or {}
        )
        async with running as (found, publishers):
            while found.hub.standing is None:
                await asyncio.sleep(0)
            yield Kept(found.service, found.port, found.stopping, journal, source, publishers)
    finally:
        await archive.close()
        await journal.close()


@contextlib.asynccontextmanager
async def gateway(source: RemoteSource, *, port: int = 0, bounds: Bounds | None = None) -> AsyncGenerator[Served]:
    """A service without a journal, which answers from the copies."""
    try:
        async with serving(source, bounds or Bounds(), {}, port=port, drain_seconds=0.0, copies={}) as (found, _):
            yield found
    finally:
        await source.close()


async def frames_until(socket: ClientConnection, last: str, *, seq: int = 0) -> list[dict[str, Any]]:
    """Receive frames up to one of a name, and of a number when one is given."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while True:
            found.append(json.loads(await socket.recv()))
            if found[-1]["op"] == last and found[-1].get("seq", 0) >= seq:
                return found


def numbers(frames: Iterable[dict[str, Any]]) -> list[int]:
    return [frame["seq"] for frame in frames if frame["op"] == "event"]
