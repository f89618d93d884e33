"""The recorder: what the gateway tells goes into the journal in order, and gaps are closed by reading the source."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from typing import Protocol

from reaper_tui.engine.capture import Capture
from reaper_tui.engine.control import RunControl, StopRequested
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Reader
from reaper_tui.engine.progress import LiveTally, Progress
from reaper_tui.engine.reading import LiveReading
from reaper_tui.engine.renewals import Renewals
from reaper_tui.engine.together import together
from reaper_tui.engine.vigil import Vigil
from reaper_tui.journal import changes, feed, live, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.model.errors import AccessDenied, NotFound, Refused
from reaper_tui.model.live import LiveEvent, LiveKind

SOURCE = "Discord"
# Events that met no message or no container wait for it; of a flood the oldest are given up, a look again finds those.
MOST_HELD = 2000
MOST_AT_ONCE = 500
DOUBT_SECONDS = 1800.0
_OF_MESSAGES = frozenset({LiveKind.MESSAGE, LiveKind.EDIT, LiveKind.DELETE, LiveKind.REACTION})
_OF_STRUCTURE = frozenset({LiveKind.PLACE, LiveKind.PLACE_GONE, LiveKind.STRUCTURE, LiveKind.GUILD})


class Audience(Protocol):
    """Who goes on with what was recorded; all methods return at once."""

    def structure_changed(self, event: LiveEvent) -> None: ...
    def structure_missed(self) -> None: ...
    def unknown_place(self, container_id: int) -> None:
        """A message was written where no container is."""
        ...

    def messages_changed(self, container_ids: Iterable[int]) -> None:
        """Messages, or changes to those of some containers, may wait to be carried over."""
        ...

    def feed_grew(self) -> None: ...


class Recorder:
    """Listens to one guild until the control stops it."""

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        control: RunControl,
        progress: Progress,
        log: EventLog,
        outage: Outage,
        capture: Capture,
        vigil: Vigil,
        renewals: Renewals,
        reading: LiveReading,
        audience: Audience,
        guild_id: int,
        *,
        now: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._control = control
        self._progress = progress
        self._log = log
        self._outage = outage
        self._capture = capture
        self._vigil = vigil
        self._renewals = renewals
        self._reading = reading
        self._audience = audience
        self._guild_id = guild_id
        self._now = now
        self._queue: asyncio.Queue[LiveEvent] = asyncio.Queue()
        self._held: dict[int, list[LiveEvent]] = {}
        self._gap = asyncio.Event()
        self._pins: set[int] = set()
        self._has_pins = asyncio.Event()
        self._lost_at: float | None = None
        self._state = progress.live = LiveTally()
        vigil.is_live = True
        vigil.on_stored = self.retake
        vigil.teller = reading.rescanned

    @property
    def waiting(self) -> int:
        """Return how many events came in and are not in the journal yet."""
        return self._queue.qsize()

    async def run(self) -> None:
        """Record until the control stops it, which raises StopRequested; what came in until then is recorded."""
        await self._journal.write(feed.epoch)
        await together(
            (self._listen(), self._record(), self._close_gaps(), self._look_at_pins(), self._doubt_now_and_then())
        )

    async def retake(self, container_id: int) -> None:
        """Put events on record that came before what they are about."""
        events = self._held.pop(container_id, [])
        if events:
            await self._take(events)

    def first_held(self, container_id: int) -> int:
        """Return the first message whose event waits for its container, 0 when none does."""
        return min((event.message_id for event in self._held.get(container_id, ())), default=0)

    def forget(self, container_id: int) -> None:
        """Drop events of a container that nobody wants."""
        self._held.pop(container_id, None)

    async def _listen(self) -> None:
        async def listen() -> None:
            await self._reader.listen(self._guild_id, self._queue.put_nowait)

        await self._control.unless_stopped(self._outage.through(SOURCE, listen))

    async def _record(self) -> None:
        while True:
            if self._queue.empty() and self._control.is_stopping:
                raise StopRequested(self._control.stop_reason)
            try:
                first = await self._control.unless_stopped(self._queue.get())
            except StopRequested:
                continue
            batch = [first]
            while len(batch) < MOST_AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._put_on_record(batch)

    async def _put_on_record(self, batch: Iterable[LiveEvent]) -> None:
        messages: list[LiveEvent] = []
        for event in batch:
            if event.kind in _OF_MESSAGES:
                messages.append(event)
                continue
            if messages:
                await self._take(messages)
                messages = []
            if event.kind in _OF_STRUCTURE:
                self._audience.structure_changed(event)
            elif event.kind is LiveKind.PINS:
                self._pins.add(event.channel_id)
                self._has_pins.set()
            else:
                await self._connection_changed(event)
        if messages:
            await self._take(messages)

    async def _take(self, events: list[LiveEvent]) -> None:
        self._vigil.touch(message_id for event in events for message_id in event.message_ids)
        at = self._now()
        taken = await self._journal.write(lambda raw: live.take(raw, events, self._reading, at))
        for event in taken.early:
            held = self._held.setdefault(event.channel_id, [])
            held.append(event)
            del held[:-MOST_HELD]
        for container_id, count in taken.added.items():
            tally = self._progress.channels.get(container_id)
            if tally is not None:
                tally.source += count
            self._capture.grew(container_id)
        for container_id in taken.unknown:
            self._audience.unknown_place(container_id)
        self._renewals.add(taken.unsent)
        if taken.added or taken.changed:
            self._audience.messages_changed(taken.changed)
        if taken.has_told:
            self._audience.feed_grew()

    async def _connection_changed(self, event: LiveEvent) -> None:
        state = self._state
        if event.kind is LiveKind.LOST:
            if state.is_connected:
                self._lost_at = event.at
                state.reconnects += 1
                self._log.write(Level.WARNING, f"the live connection to Discord ended: {event.note}; connecting again")
            state.is_connected, state.note = False, event.note
            return
        if event.kind is LiveKind.GAP:
            await self._open_gaps()
            if state.since is not None:
                self._audience.structure_missed()
        was_before, state.is_connected, state.note = state.since, True, ""
        state.since = state.since or event.at
        if was_before is None:
            self._log.write(Level.SUCCESS, "live: connected to Discord")
        elif self._lost_at is not None:
            how = "nothing was missed" if event.kind is LiveKind.RESUMED else "reading what was missed"
            self._log.write(Level.SUCCESS, f"live again after {event.at - self._lost_at:.0f} s: {how}")
        self._lost_at = None

    async def _close_gaps(self) -> None:
        """Read the source on wherever events may be missing; first readings go on by themselves."""
        while True:
            await self._control.unless_stopped(self._gap.wait())
            self._gap.clear()
            open_now = set(await self._journal.read(live.gaps))
            containers = await self._journal.read(queries.containers)
            again = [row for row in containers if row.id in open_now and self._capture.is_ended(row.id)]
            await self._capture.run(again, closes_gap=True)
            self._audience.messages_changed(await self._journal.read(changes.waiting_containers))
            self._audience.feed_grew()

    async def _doubt_now_and_then(self) -> None:
        """Take it that something was missed, now and then: a gateway that swallows an event says nothing of it."""
        while not await self._control.wait(DOUBT_SECONDS):
            if self._state.is_connected:
                await self._open_gaps()
        raise StopRequested(self._control.stop_reason)

    async def _open_gaps(self) -> None:
        self._vigil.gap()
        await self._journal.write(live.open_gaps)
        self._gap.set()

    async def _look_at_pins(self) -> None:
        while True:
            await self._control.unless_stopped(self._has_pins.wait())
            self._has_pins.clear()
            while self._pins:
                await self._pins_of(self._pins.pop())

    async def _pins_of(self, container_id: int) -> None:
        if await self._journal.read(lambda raw: queries.container(raw, container_id)) is None:
            return
        try:
            pinned = await self._control.unless_stopped(
                self._outage.through(SOURCE, lambda: self._reader.pins(container_id))
            )
        except (AccessDenied, NotFound, Refused) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            self._log.write(Level.WARNING, f"the pins could not be read: {error.line()}", container_id)
            return
        at = self._now()

        def apply(raw: sqlite3.Connection) -> bool:
            told: list[feed.FeedEvent] = []
            for message_id, payload in sorted(live.pinned_candidates(raw, container_id, pinned).items()):
                changed = self._reading.pinned(container_id, message_id, payload, is_pinned=message_id in pinned)
                if changed is not None and changed.told is not None:
                    changes.renew(raw, message_id, changed.payload, sorted(changed.kinds), at)
                    told.append(changed.told)
            if told:
                feed.append(raw, told, at)
            return bool(told)

        if await self._journal.write(apply):
            self._audience.messages_changed((container_id,))
            self._audience.feed_grew()
