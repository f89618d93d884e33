"""The Python servers of the fan-out benchmark; each publishes when a line `RATE SECONDS` comes on stdin.

python benchmarks/fanout_servers.py ours|naive HOME [EVENTS]
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

from reaper_tui.journal import feed
from reaper_tui.journal.feed import FeedEvent
from reaper_tui.journal.journal import Journal
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.api import StreamOptions, make_service
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.journal_source import ForeignJournal, JournalSource
from reaper_tui.stream.keys import Keys
from reaper_tui.stream.origins import Origins
from reaper_tui.stream.service import serve, spare_collector
from reaper_tui.stream.session import Bounds

PAD = "x" * 120
TICK = 0.002


def body(number: int) -> bytes:
    """Return a message of about 200 bytes that says when it was made."""
    return b'{"bench":%d,"at":%d,"pad":"%b"}' % (number, time.monotonic_ns(), PAD.encode())


async def publish(lines: asyncio.StreamReader, send: Callable[[list[bytes]], Awaitable[None]]) -> None:
    """Publish at a steady rate, however slow the server is, whenever told to."""
    number = 0
    while line := await lines.readline():
        rate, seconds = map(float, line.split())
        began, due, sent = time.monotonic(), round(rate * seconds), 0
        while sent < due:
            ready = min(due, int((time.monotonic() - began) * rate) + 1)
            if ready > sent:
                batch = [body(number + index) for index in range(ready - sent)]
                number, sent = number + len(batch), ready
                await send(batch)
            await asyncio.sleep(max(0.0, min(TICK, began + sent / rate - time.monotonic())))
        print(f"sent {due} {time.monotonic() - began}", flush=True)


async def standard_input() -> asyncio.StreamReader:
    """Return stdin as a stream."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def ours(home: Path, events: int) -> None:
    """This project's service: every message is on disk before anybody sees it."""
    journal = await Journal.open(home / "journal.db")
    await journal.write(feed.epoch)
    for start in range(0, events, 1000):
        old = [FeedEvent("create", 1, number, body(number)) for number in range(start, min(start + 1000, events))]
        await journal.write(lambda raw, old=old: feed.append(raw, old, time.time()))
    archive = ForeignJournal(journal.path)
    source = JournalSource(journal, archive, poll_seconds=1.0)
    bounds = Bounds()
    loop = asyncio.get_running_loop()
    options = StreamOptions(
        keys=Keys(()),
        origins=Origins((), is_public=False),
        admission=Admission(most=10_000, most_per_address=10_000, requests=1_000_000, window=60),
        bounds=bounds,
    )
    hub = Hub(source, bounds, clock=time.monotonic, later=loop.call_later)

    async def send(batch: list[bytes]) -> None:
        facts = [FeedEvent("create", 1, index, each) for index, each in enumerate(batch)]
        await journal.write(lambda raw: feed.append(raw, facts, time.time()))
        source.wake()

    lines = await standard_input()
    stopping = asyncio.Event()

    async def work() -> None:
        await publish(lines, send)
        stopping.set()

    service = make_service(hub, options, ())
    spare_collector()
    await serve(
        service,
        host="127.0.0.1",
        port=0,
        drain_seconds=0,
        announce=lambda address: print(address.rpartition(":")[2], flush=True),
        stopping=stopping,
        beside=[work],
    )
    await archive.close()
    await journal.close()


async def naive() -> None:
    """The usual way: a queue for each client, one message a send; nothing is kept."""
    queues: set[asyncio.Queue[str]] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        queue: asyncio.Queue[str] = asyncio.Queue()
        queues.add(queue)
        try:
            while True:
                await send({"type": "websocket.send", "text": await queue.get()})
        finally:
            queues.discard(queue)

    async def send(batch: list[bytes]) -> None:
        for each in batch:
            text = each.decode()
            for queue in queues:
                queue.put_nowait(text)

    config = uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio", ws_per_message_deflate=False)
    server = uvicorn.Server(config)
    lines = await standard_input()
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await publish(lines, send)
    server.force_exit = server.should_exit = True
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    kind, place = sys.argv[1], Path(sys.argv[2])
    asyncio.run(ours(place, int(sys.argv[3]) if len(sys.argv) > 3 else 0) if kind == "ours" else naive())
