"""The hub: events leave it in one order, written once for each group of listeners that want the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

from reaper_tui.model.errors import CloneError
from reaper_tui.stream import frames
from reaper_tui.stream.cursors import Cursor, Start
from reaper_tui.stream.events import Batch, Event, events_of
from reaper_tui.stream.filters import Filter
from reaper_tui.stream.history import PAGE, History
from reaper_tui.stream.pace import Pace
from reaper_tui.stream.ring import Ring
from reaper_tui.stream.session import Bounds, Session
from reaper_tui.stream.source import FeedBroken, Source, Standing
from reaper_tui.stream.tally import Tally

# The next flush waits a quarter as long as the last one took: under load many events share one write.
DUTY = 0.25
LONGEST_PAUSE = 0.02
READ_ROWS = 1000
LOOK_SECONDS = 5.0
LONGEST_RETRY = 5.0
REPLICA_PATIENCE = 5.0
# So many listeners catch up at a moment, each so long before another has a turn: were all sockets full at once,
# writing to them would keep those who are live waiting.
WORKERS = 4
TURN_SECONDS = 0.02
log = logging.getLogger("reaper_tui.stream")


class Handle(Protocol):
    """A call that can be taken back."""

    def cancel(self) -> None:
        """Take it back."""
        ...


Later = Callable[[float, Callable[[], None]], Handle]


class Group:
    """Listeners that are live and want the same, and what will be sent to them next."""

    __slots__ = ("members", "pending", "wanted")

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.members: dict[Session, None] = {}
        self.pending: list[Event] = []


class Hub:
    """Ring, groups and listeners of one feed.

    A listener is a member of its group exactly while its cursor is `flushed`: it joins in the same turn of the loop in
    which its cursor reaches that, and leaves with the cursor of the last events that were written to it.
    """

    def __init__(self, source: Source, bounds: Bounds, *, clock: Callable[[], float], later: Later) -> None:
        self.tally = Tally()
        self.sessions: dict[Session, None] = {}
        self.behind: asyncio.Queue[Session] = asyncio.Queue()
        self.source = source
        self.standing: Standing | None = None
        self.trouble = ""
        self.flushed = 0
        self._bounds = bounds
        self._clock = clock
        self._later = later
        self._taken = 0
        self._ring = self._new_ring(0)
        self._history = History(source, "")
        self._groups: dict[Filter, Group] = {}
        self._by_channel: dict[int, list[Group]] = defaultdict(list)
        self._of_all_channels: list[Group] = []
        self._pace = Pace(time.monotonic)
        self._next_flush = 0.0
        self._flushing: Handle | None = None
        self._arrivals: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def epoch(self) -> str:
        """Return the feed's name, empty before there is one."""
        return self.standing.epoch if self.standing else ""

    @property
    def floor(self) -> int:
        """Return the newest number that was forgotten, of those that were sent already."""
        return min(self.standing.floor, self.flushed) if self.standing else 0

    def begin(self, standing: Standing) -> None:
        """Serve this feed; whoever listens to another one is told to come again."""
        for session in list(self.sessions):
            self.dismiss(session, frames.NEW_EPOCH, "epoch", "the feed was begun anew")
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self.standing = standing
        self.flushed = self._taken = standing.head
        self._ring = self._new_ring(standing.head)
        self._history = History(self.source, standing.guild_id)

    def take(self, events: Sequence[Event]) -> None:
        """Take the next events of the feed, which are on disk; they are sent at the next flush."""
        for event in events:
            for group in self._of_all_channels:
                if group.wanted.kinds is None or event.kind in group.wanted.kinds:
                    group.pending.append(event)
            for group in self._by_channel.get(event.channel_id, ()):
                if group.wanted.kinds is None or event.kind in group.wanted.kinds:
                    group.pending.append(event)
        self._ring.extend(events)
        self._taken = events[-1].seq
        self.tally.events += len(events)
        self.tally.lag_seconds = max(0.0, time.time() - events[-1].noted_at)
        self._schedule()

    def flush(self) -> None:
        """Send what was taken to everybody who is live."""
        began = self._clock()
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        before, self.flushed = self.flushed, self._taken
        fallen: list[Session] = []
        for group in self._groups.values():
            if not group.pending:
                continue
            batch = Batch(self.epoch, group.pending)
            group.pending = []
            slow = [session for session in group.members if not session.offer(batch)]
            reached = len(group.members) - len(slow)
            self.tally.deliveries += len(batch.events) * reached
            self.tally.bytes += len(batch.frames) * reached
            fallen += slow
        for session in fallen:
            self._leave(session)
            session.cursor = before
            self.tally.fell_behind += 1
            self.catch_up(session)
        for seq, arrival in self._arrivals:
            if seq <= self.flushed and not arrival.done():
                arrival.set_result(None)
        ended = self._clock()
        self._next_flush = ended + min((ended - began) * DUTY, LONGEST_PAUSE)
        self.tally.flush_seconds.observe(ended - began)

    def open(self, session: Session) -> None:
        """Begin to serve a listener from its cursor."""
        self.sessions[session] = None
        session.wire.on_drained = lambda: self._resume(session)
        self.catch_up(session)

    def catch_up(self, session: Session) -> None:
        """Let a listener go on from its cursor, or make it live when there is nothing between."""
        if session.is_over or session.is_live:
            return
        if session.cursor >= self.flushed:
            self._join(session)
        elif session.wire.is_full:
            session.is_waiting = True
            session.drained.clear()
        else:
            self.behind.put_nowait(session)

    def group_of(self, session: Session) -> Group | None:
        """Return the listeners that are live and want the same, None when there are none."""
        return self._groups.get(session.wanted)

    async def send_page(self, session: Session) -> None:
        """Send a listener the next events behind its cursor; raise CloneError when they cannot be read."""
        until = self.flushed
        if session.is_over or session.is_live or session.cursor >= until:
            self.catch_up(session)
            return
        epoch = self.epoch
        events, upto = await self._page(session.cursor, until)
        async with self._pace.turn():
            if epoch == self.epoch and not session.is_over and self._is_whole(session, session.cursor):
                self.tally.replayed += session.replay(epoch, events, upto)
                self.catch_up(session)

    async def _page(self, cursor: int, until: int) -> tuple[Sequence[Event], int]:
        """Return events behind a cursor and the number up to which they are all there are."""
        events = self._ring.after(cursor, until, PAGE)
        if events is not None:
            return events, events[-1].seq if len(events) == PAGE else until
        events, upto = await self._history.after(cursor, until)
        if not events or events[0].seq > cursor + 1:
            # A hole: numbers that were never used, or events forgotten since the last look.
            await self.look()
        return events, upto

    def _is_whole(self, session: Session, cursor: int) -> bool:
        if cursor >= self.floor:
            return True
        session.wire.say(frames.gap(f"{self.epoch}:{cursor}", self.floor, "pruned"))
        self.tally.gaps += 1
        session.cursor = self.floor
        self.catch_up(session)
        return False

    def close(self, session: Session) -> None:
        """Forget a listener that is gone."""
        session.is_over = True
        self.sessions.pop(session, None)
        self._leave(session)

    def dismiss(self, session: Session, code: int, why: str, message: str) -> None:
        """Send a listener away with the cursor to come back with."""
        cursor = self.flushed if session.is_live else session.cursor
        self.close(session)
        session.wire.say(frames.error(why, message, cursor, self.epoch))
        session.wire.close(code, f"{self.epoch}:{cursor}")
        self.tally.dismissed[why] += 1
        log.info("listener dismissed", extra={"why": why, "conn": session.number, "cursor": f"{self.epoch}:{cursor}"})

    def sweep(self) -> None:
        """Send heartbeats that are due; dismiss listeners that do not read, and the largest of those that cost most."""
        now = self._clock()
        waiting: list[tuple[int, int, Session]] = []
        for session in list(self.sessions):
            if complaint := session.complaint(self.flushed, now):
                self.dismiss(session, frames.SLOW, "slow", complaint)
                continue
            session.beat(self.flushed if session.is_live else session.cursor, now)
            if pending := session.wire.pending:
                waiting.append((pending, session.number, session))
        total = sum(pending for pending, _, _ in waiting)
        self.tally.pending_bytes = total
        for pending, _, session in sorted(waiting, reverse=True):
            if total <= self._bounds.all_bytes:
                break
            total -= pending
            self.dismiss(session, frames.SLOW, "slow", "too many bytes wait for all listeners together")

    async def reached(self, seq: int, seconds: float) -> bool:
        """Wait until the feed has come to a number; return whether it has."""
        if self.flushed < seq and seconds > 0:
            arrival = (seq, asyncio.get_running_loop().create_future())
            self._arrivals.append(arrival)
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await arrival[1]
            finally:
                self._arrivals.remove(arrival)
        return self.flushed >= seq

    @property
    def is_awaited(self) -> bool:
        """Return whether somebody waits for an event that has not come."""
        return bool(self._arrivals)

    async def place(self, start: Start) -> tuple[int, str]:
        """Return where a listener begins and why it is not where it asked to, empty when it is."""
        if start == "live":
            return self.flushed, ""
        if start == "earliest":
            return self.floor, ""
        assert isinstance(start, Cursor)
        if start.epoch != self.epoch:
            return self.floor, "epoch"
        if start.seq < self.floor:
            return self.floor, "pruned"
        if start.seq > self.flushed and not await self.reached(
            start.seq, REPLICA_PATIENCE if self.source.is_replica else 0
        ):
            return self.flushed, "lost"
        return start.seq, ""

    async def run(self) -> None:
        """Follow the feed and serve listeners until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(), name="hub follow")
            tasks.create_task(self._sweep_every_second(), name="hub sweep")
            tasks.create_task(self._look_again(), name="hub look")
            for number in range(WORKERS):
                tasks.create_task(self._serve_history(), name=f"hub history {number}")

    async def _follow(self) -> None:
        pause = 0.1
        while True:
            try:
                await self._follow_once()
                pause, self.trouble = 0.1, ""
            except FeedBroken:
                await self._begin_anew()
            except CloneError as error:
                if self.trouble != error.line():
                    self.trouble = error.line()
                    log.warning("the feed cannot be read: %s", self.trouble)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY)

    async def _follow_once(self) -> None:
        if self.standing is None:
            await self.look()
            if self.standing is None:
                await asyncio.sleep(0.25)
            return
        rows = await self.source.after(self._taken, READ_ROWS)
        if rows:
            self.take(events_of(rows, self.standing.guild_id))
        else:
            await self.source.wait(self._taken, LOOK_SECONDS)

    async def look(self) -> None:
        """See whether the feed is still the same and what it holds."""
        found = await self.source.standing()
        if found is None:
            return
        if self.standing is None or found.epoch != self.standing.epoch or found.head < self._taken:
            self.begin(found)
        else:
            self.standing = found

    async def _begin_anew(self) -> None:
        """Send everybody away: those who come back are told what they cannot have."""
        with contextlib.suppress(CloneError):
            if found := await self.source.standing():
                self.begin(found)

    async def _sweep_every_second(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.sweep()

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(CloneError):
                await self.look()

    async def _serve_history(self) -> None:
        while True:
            session = await self.behind.get()
            try:
                await self.send_page(session)
                if session.is_waiting:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(TURN_SECONDS):
                            await session.drained.wait()
            except CloneError as error:
                if not session.is_over:
                    self.dismiss(session, frames.UNAVAILABLE, "unavailable", error.line())

    def _new_ring(self, floor: int) -> Ring:
        return Ring(floor, most_events=self._bounds.ring_events, most_bytes=self._bounds.ring_bytes)

    def _schedule(self) -> None:
        if self._flushing is not None:
            return
        wait = self._next_flush - self._clock()
        if wait <= 0:
            self.flush()
        else:
            self._flushing = self._later(wait, self.flush)

    def _resume(self, session: Session) -> None:
        if session.is_waiting:
            session.is_waiting = False
            session.drained.set()
            self.catch_up(session)

    def _join(self, session: Session) -> None:
        group = self._groups.get(session.wanted)
        if group is None:
            # A new group wants its share of what was taken and not flushed yet.
            unsent = self._ring.after(self.flushed, self._taken, len(self._ring))
            if unsent is None:
                self.flush()
                self.catch_up(session)
                return
            group = self._groups[session.wanted] = Group(session.wanted)
            group.pending = [event for event in unsent if session.wanted.matches(event)]
            if session.wanted.channels is None:
                self._of_all_channels.append(group)
            for channel_id in session.wanted.channels or ():
                self._by_channel[channel_id].append(group)
        group.members[session] = None
        session.is_live = True
        session.wire.say(frames.live(self.flushed), self.flushed)

    def _leave(self, session: Session) -> None:
        group = self._groups.get(session.wanted)
        if session.is_live:
            session.is_live = False
            session.cursor = self.flushed
        if group is None or session not in group.members:
            return
        del group.members[session]
        if group.members:
            return
        del self._groups[session.wanted]
        if session.wanted.channels is None:
            self._of_all_channels.remove(group)
        for channel_id in session.wanted.channels or ():
            groups = self._by_channel[channel_id]
            groups.remove(group)
            if not groups:
                del self._by_channel[channel_id]
