"""The numbers of a run: counted by the engine, read by a screen as one immutable snapshot."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING

from reaper_tui.engine.control import RunState
from reaper_tui.model.text import SafeText, sanitise_line

if TYPE_CHECKING:
    from collections.abc import Callable

RATE_WINDOW_SECONDS = 30.0
STREAM_LINES = 2000
LONGEST_KEPT = 2400
LATENCIES = 500
# The same few thousand names are shown ten times a second.
_shown = lru_cache(maxsize=16_384)(sanitise_line)


class Phase(StrEnum):
    """What a run is doing, in order."""

    SURVEY = "survey"
    PLAN = "plan"
    STRUCTURE = "structure"
    MESSAGES = "messages"
    AMENDING = "amending"
    LIVE = "live"
    VERIFY = "verify"
    FINISHED = "finished"


class ChannelState(StrEnum):
    """What one channel is doing."""

    WAITING = "waiting"
    READING = "reading"
    SENDING = "sending"
    LIMITED = "limited"
    HOLDING = "holding"
    DONE = "done"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause the limits ask for; `until` is on the clock of the snapshot's `now`."""

    what: SafeText
    until: float
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelProgress:
    """One source channel or thread: `source` messages read so far, of them `settled` in a final class."""

    id: int
    name: SafeText
    kind: str
    parent_name: SafeText
    state: ChannelState
    estimate: int
    source: int
    is_captured: bool
    sent: int
    merged: int
    skipped: int
    failed: int
    uncertain: int
    note: SafeText

    @property
    def settled(self) -> int:
        """Return how many messages stand in a final class."""
        return self.sent + self.merged + self.skipped + self.failed + self.uncertain

    @property
    def expected(self) -> int:
        """Return the best known total."""
        return self.source if self.is_captured else max(self.estimate, self.source)


@dataclass(frozen=True, slots=True)
class MirroredMessage:
    """A message that just arrived on the target, for the live stream; `number` grows by one."""

    number: int
    at: float
    channel_name: SafeText
    author: SafeText
    text: SafeText
    files: int = 0


@dataclass(frozen=True, slots=True)
class LiveProgress:
    """How a live mirror stands: latencies are seconds from writing on the source to standing on the target.

    `since` is when it connected first, None before; `waiting` counts events, messages and changes not carried over yet.
    """

    since: float | None
    is_connected: bool
    reconnects: int
    waiting: int
    mirrored: int
    latency_last: float | None
    latency_p50: float | None
    note: SafeText


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a screen needs to paint itself; `now` is the engine's clock in seconds since 1970."""

    now: float
    state: RunState
    phase: Phase
    source_name: SafeText
    target_name: SafeText
    structure_done: int
    structure_total: int
    channels: tuple[ChannelProgress, ...]
    expected: int
    source: int
    settled: int
    sent: int
    merged: int
    skipped: int
    failed: int
    uncertain: int
    bytes_sent: int
    rate_per_minute: float
    eta_seconds: float | None
    elapsed_seconds: float
    waits: tuple[Wait, ...]
    requests: int
    status_429: int
    hold: SafeText
    note: SafeText
    live: LiveProgress | None = None


@dataclass(slots=True)
class LiveTally:
    """The engine's own count of a live mirror, mutable."""

    since: float | None = None
    is_connected: bool = False
    reconnects: int = 0
    waiting: int = 0
    mirrored: int = 0
    note: str = ""
    latencies: deque[float] = field(default_factory=lambda: deque[float](maxlen=LATENCIES))

    def arrived(self, written_at: float, now: float) -> None:
        """Count a message that stands on the target, if it was written since the mirror began."""
        if self.since is not None and written_at >= self.since:
            self.mirrored += 1
            self.latencies.append(max(0.0, now - written_at))

    def snapshot(self) -> LiveProgress:
        """Return this count, frozen and safe to show."""
        return LiveProgress(
            since=self.since,
            is_connected=self.is_connected,
            reconnects=self.reconnects,
            waiting=self.waiting,
            mirrored=self.mirrored,
            latency_last=self.latencies[-1] if self.latencies else None,
            latency_p50=median(self.latencies) if self.latencies else None,
            note=_shown(self.note, 200),
        )


# Number, time, channel, author, text and files of a mirrored message as they came: cleaned only when they are shown.
_Arrival = tuple[int, float, str, str, str, int]


@dataclass(slots=True)
class ChannelTally:
    """The engine's own count for one channel, mutable."""

    id: int
    name: str
    kind: str
    parent_name: str = ""
    state: ChannelState = ChannelState.WAITING
    estimate: int = 0
    source: int = 0
    is_captured: bool = False
    sent: int = 0
    merged: int = 0
    skipped: int = 0
    failed: int = 0
    uncertain: int = 0
    note: str = ""

    @property
    def left(self) -> int:
        """Return how many messages are still to come, as far as is known."""
        expected = self.source if self.is_captured else max(self.estimate, self.source)
        return max(0, expected - self.sent - self.merged - self.skipped - self.failed - self.uncertain)

    @property
    def is_behind(self) -> bool:
        """Return whether messages were read that do not stand in a final class yet."""
        return self.source > self.sent + self.merged + self.skipped + self.failed + self.uncertain

    def snapshot(self) -> ChannelProgress:
        """Return this count, frozen and safe to show."""
        return ChannelProgress(
            id=self.id,
            name=_shown(self.name, 100),
            kind=self.kind,
            parent_name=_shown(self.parent_name, 100),
            state=self.state,
            estimate=self.estimate,
            source=self.source,
            is_captured=self.is_captured,
            sent=self.sent,
            merged=self.merged,
            skipped=self.skipped,
            failed=self.failed,
            uncertain=self.uncertain,
            note=_shown(self.note, 200),
        )


@dataclass(slots=True)
class Progress:
    """The engine's running numbers."""

    now: Callable[[], float]
    phase: Phase = Phase.SURVEY
    source_name: str = ""
    target_name: str = ""
    structure_done: int = 0
    structure_total: int = 0
    bytes_sent: int = 0
    requests: int = 0
    status_429: int = 0
    retries: int = 0
    limit_wait_seconds: float = 0.0
    hold: str = ""
    note: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    limited_seconds: Callable[[], float] | None = None
    live: LiveTally | None = None
    channels: dict[int, ChannelTally] = field(default_factory=dict[int, ChannelTally])
    waits: dict[str, Wait] = field(default_factory=dict[str, Wait])
    _arrivals: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    _arrived_lately: int = 0
    _stream: deque[_Arrival] = field(default_factory=lambda: deque[_Arrival](maxlen=STREAM_LINES))
    _streamed: int = 0

    def arrived(self, channel: str, author: str, text: str, files: int = 0, count: int = 1) -> None:
        """Count a mirrored message and keep it for the live stream."""
        at = self.now()
        self._arrivals.append((at, count))
        self._arrived_lately += count
        self._streamed += 1
        self._stream.append((self._streamed, at, channel, author, text[:LONGEST_KEPT], files))

    def stream_since(self, number: int) -> tuple[MirroredMessage, ...]:
        """Return the kept mirrored messages newer than a number, oldest first."""
        newer: list[MirroredMessage] = []
        for order, at, channel, author, text, files in reversed(self._stream):
            if order <= number:
                break
            shown = (sanitise_line(channel, 60), sanitise_line(author, 60), sanitise_line(text, 300))
            newer.append(MirroredMessage(order, at, *shown, files))
        return tuple(reversed(newer))

    def rate_per_minute(self) -> float:
        """Return how many messages a minute arrived over the last half minute."""
        now = self.now()
        while self._arrivals and self._arrivals[0][0] < now - RATE_WINDOW_SECONDS:
            self._arrived_lately -= self._arrivals.popleft()[1]
        if not self._arrivals:
            return 0.0
        span = max(1.0, min(RATE_WINDOW_SECONDS, now - (self.started_at or now)))
        return 60.0 * self._arrived_lately / span

    def snapshot(self, state: RunState) -> Snapshot:
        """Return the numbers of this moment."""
        now = self.now()
        rows = tuple(tally.snapshot() for tally in self.channels.values())
        settled = sum(row.settled for row in rows)
        expected = sum(row.expected for row in rows)
        rate = self.rate_per_minute()
        eta = (expected - settled) / rate * 60 if rate > 0 and expected > settled else None
        if eta is not None and self.limited_seconds is not None:
            eta = max(eta, self.limited_seconds())
        return Snapshot(
            now=now,
            state=state,
            phase=self.phase,
            source_name=sanitise_line(self.source_name, 100),
            target_name=sanitise_line(self.target_name, 100),
            structure_done=self.structure_done,
            structure_total=self.structure_total,
            channels=rows,
            expected=expected,
            source=sum(row.source for row in rows),
            settled=settled,
            sent=sum(row.sent for row in rows),
            merged=sum(row.merged for row in rows),
            skipped=sum(row.skipped for row in rows),
            failed=sum(row.failed for row in rows),
            uncertain=sum(row.uncertain for row in rows),
            bytes_sent=self.bytes_sent,
            rate_per_minute=rate,
            eta_seconds=eta if state in (RunState.RUNNING, RunState.PREPARING, RunState.PAUSED) else None,
            elapsed_seconds=(self.ended_at or now) - self.started_at if self.started_at else 0.0,
            waits=tuple(wait for wait in self.waits.values() if wait.until > now),
            requests=self.requests,
            status_429=self.status_429,
            hold=sanitise_line(self.hold, 300),
            note=sanitise_line(self.note, 300),
            live=None if self.live is None else self.live.snapshot(),
        )
