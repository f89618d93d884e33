"""One listener: it catches up from its cursor, then is live, and falls back to catching up when it is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

import msgspec

from reaper_tui.stream import frames
from reaper_tui.stream.events import Batch, Event
from reaper_tui.stream.filters import Filter

_numbers = count(1)


class Bounds(msgspec.Struct, frozen=True):
    """What listeners may cost: bytes that wait for one and for all, how long a slow one is borne, what memory keeps."""

    client_bytes: int = 256 << 10
    all_bytes: int = 256 << 20
    stall_seconds: float = 30.0
    slow_behind: int = 100_000
    slow_rate: float = 5.0
    slow_seconds: float = 60.0
    ring_events: int = 4096
    ring_bytes: int = 16 << 20


class Wire(Protocol):
    """The socket of a listener; nothing here waits, `on_drained` is called when it can take more."""

    on_drained: Callable[[], None]

    @property
    def pending(self) -> int:
        """Bytes that the system has not taken yet."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether to wait for `on_drained` before sending history."""
        ...

    def push(self, batch: Batch) -> None:
        """Send events."""
        ...

    def say(self, text: bytes, seq: int | None = None) -> None:
        """Send a frame that is no event; with `seq` it moves the listener's cursor."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; the connection is cut soon after, whether the other side reads or not."""
        ...


class Session:
    """A listener's place in the feed and what was sent to it; all numbers are of the feed."""

    def __init__(
        self,
        wire: Wire,
        wanted: Filter,
        cursor: int,
        *,
        bounds: Bounds,
        heartbeat: float,
        now: float,
        name: str = "",
        address: str = "",
    ) -> None:
        self.number = next(_numbers)
        self.wire = wire
        self.wanted = wanted
        self.cursor = cursor
        self.heartbeat = heartbeat
        self.name = name
        self.address = address
        self.opened_at = now
        self.is_live = False
        self.is_over = False
        self.is_waiting = False
        self.drained = asyncio.Event()
        self.events_sent = 0
        self.bytes_sent = 0
        self._bounds = bounds
        self._next_beat = now + heartbeat
        self._taken = 0
        self._taken_at = now
        self._slow_since: tuple[float, int] | None = None

    def offer(self, batch: Batch) -> bool:
        """Send live events unless too much waits already; a listener that waits has to catch up."""
        data = len(batch.frames)
        if self.wire.pending + data > self._bounds.client_bytes:
            return False
        self.wire.push(batch)
        self.events_sent += len(batch.events)
        self.bytes_sent += data
        return True

    def replay(self, epoch: str, events: Sequence[Event], upto: int) -> int:
        """Send older events as far as the buffer allows and move the cursor; return how many were sent.

        `events` are all there are behind the cursor and up to `upto`.
        """
        wanted = events
        if self.wanted.channels is not None or self.wanted.kinds is not None:
            matches = self.wanted.matches
            wanted = [event for event in events if matches(event)]
        room = self._bounds.client_bytes - self.wire.pending
        size = number = 0
        for event in wanted:
            size += len(event.frame)
            if size > room and number:
                size -= len(event.frame)
                upto = wanted[number - 1].seq
                break
            number += 1
        if number:
            self.wire.push(Batch(epoch, wanted if number == len(wanted) else wanted[:number]))
            self.events_sent += number
            self.bytes_sent += size
        self.cursor = upto
        return number

    def beat(self, seq: int, now: float) -> None:
        """Send a heartbeat when one is due and there is room for it."""
        if now >= self._next_beat:
            self._next_beat = now + self.heartbeat
            if not self.wire.is_full:
                self.wire.say(frames.beat(seq), seq)

    def complaint(self, head: int, now: float) -> str:
        """Return why this listener cannot be kept, empty when it can."""
        pending = self.wire.pending
        taken = self.bytes_sent - pending
        if not pending or taken > self._taken:
            self._taken, self._taken_at = taken, now
        elif now - self._taken_at >= self._bounds.stall_seconds:
            return f"nothing was read for {self._bounds.stall_seconds:.0f} s"
        if self.is_live or head - self.cursor <= self._bounds.slow_behind:
            self._slow_since = None
        elif self._slow_since is None:
            self._slow_since = (now, self.events_sent)
        elif now - self._slow_since[0] >= self._bounds.slow_seconds:
            since, sent = self._slow_since
            if self.events_sent - sent < self._bounds.slow_rate * (now - since):
                return f"{head - self.cursor} events behind and reading too slowly"
            self._slow_since = (now, self.events_sent)
        return ""
