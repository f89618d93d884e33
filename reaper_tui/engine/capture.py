"""Capture: the source's history goes into the journal page by page, page and cursor in one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from reaper_tui.engine.avatars import Avatars
from reaper_tui.engine.blindness import BlindnessWatch
from reaper_tui.engine.control import RunControl
from reaper_tui.engine.departures import News
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Reader
from reaper_tui.engine.progress import ChannelState, Progress
from reaper_tui.engine.rescan import SHORT_PAGE, SOURCE, Rescan
from reaper_tui.engine.together import together
from reaper_tui.engine.vigil import Vigil
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import Container
from reaper_tui.model.errors import AccessDenied, NotFound, Refused
from reaper_tui.model.message import THREAD_STARTER, Message, RawMessage

SIDE_BY_SIDE = 6
# Five seconds of ids.
STRAGGLERS = 5000 << 22
Notes = Callable[[Message], Sequence[ChangeKind]]


class Capture:
    """Reads several containers at once and tells their senders when more has come."""

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        control: RunControl,
        progress: Progress,
        log: EventLog,
        outage: Outage,
        rescan: Rescan,
        notes: Notes,
        vigil: Vigil,
        avatars: Avatars | None = None,
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._control = control
        self._progress = progress
        self._log = log
        self._outage = outage
        self._rescan = rescan
        self._notes = notes
        self._vigil = vigil
        self._avatars = avatars
        self._grown: dict[int, asyncio.Event] = {}
        self._ended: set[int] = set()
        self._is_over = False
        self.news = News()
        self._blindness = BlindnessWatch()

    def has_work(self, container_id: int) -> bool:
        """Return whether a sender of a container would have something to do now."""
        return self._is_over or container_id in self._ended or self._progress.channels[container_id].is_behind

    def is_ended(self, container_id: int) -> bool:
        """Return whether nothing more comes for a container in this run."""
        return container_id in self._ended

    def growth(self, container_id: int) -> asyncio.Event:
        """Return the event that is set whenever a container grew or ended, until it is let go."""
        return self._grown.setdefault(container_id, asyncio.Event())

    def let_go(self, container_id: int) -> None:
        """Forget the event of a container that nobody waits for any more."""
        self._grown.pop(container_id, None)

    def grew(self, container_id: int) -> None:
        """Wake who waits for a container."""
        self.news.tell((container_id,))
        if (event := self._grown.get(container_id)) is not None:
            event.set()

    async def run(self, containers: Iterable[Container], *, closes_gap: bool = False) -> None:
        """Read every container to its end; StopRequested and lost tokens pass through.

        A run that closes a gap looks again at what is newest, and at all only where the profile wants that.
        """
        queue = deque(sorted(containers, key=lambda container: container.estimate, reverse=True))
        ids = {container.id for container in queue}

        async def work() -> None:
            while queue:
                await self._container(queue.popleft())

        try:
            await together(work() for _ in range(min(SIDE_BY_SIDE, len(queue))))
        finally:
            self._is_over = self._is_over or not closes_gap
            for container_id in ids | self._grown.keys():
                self.grew(container_id)
        await together(self._rescan.deepen(closes_gap=closes_gap) for _ in range(SIDE_BY_SIDE))

    async def _container(self, container: Container) -> None:
        tally = self._progress.channels[container.id]
        cursor = container.capture_cursor
        try:
            gaps = self._vigil.gap_count
            is_done = False
            if self._rescan.wants(container):
                is_done = await self._newest(container)
            else:
                await self._rescan.recheck(container)
            # Nothing may happen between this look at the gaps and the note below that the end was reached.
            while not is_done or gaps != self._vigil.gap_count:
                await self._control.boundary()
                gaps = self._vigil.gap_count
                if tally.state is ChannelState.WAITING:
                    tally.state = ChannelState.READING
                page = await self._control.unless_stopped(
                    self._outage.through(SOURCE, lambda cursor=cursor: self._reader.page(container.id, cursor))
                )
                is_end = len(page) < SHORT_PAGE
                if page:
                    cursor = max(raw.id for raw in page)
                is_done = await self._store(container, page, cursor, gaps, is_end=is_end)
        except (AccessDenied, NotFound, Refused) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            tally.note = f"not read to its end: {error.line()}"
            self._log.write(
                Level.ERROR, f"#{container.name} could not be read to its end: {error.line()}", container.id
            )
        self._ended.add(container.id)
        self.grew(container.id)

    async def _newest(self, container: Container) -> bool:
        """Look at the newest page of a history that was read before; return whether all that is new was on it."""
        await self._control.boundary()
        gaps, mark = self._vigil.gap_count, self._vigil.now()
        page = await self._rescan.newest(container)
        fresh = [raw for raw in reversed(page.messages) if raw.id > container.capture_cursor]
        self._rescan.has_news = self._rescan.has_news or bool(fresh)
        if fresh and len(fresh) == len(page.messages):
            await self._rescan.recheck(container)
            return False
        cursor = fresh[-1].id if fresh else container.capture_cursor
        if self._vigil.is_live:
            # Ids are made by many machines: one that is a little older may have been missed.
            fresh = [raw for raw in reversed(page.messages) if raw.id > container.capture_cursor - STRAGGLERS]
        is_done = await self._store(container, fresh, cursor, gaps, is_end=True)
        await self._rescan.look(container, page, mark)
        return is_done

    async def _store(
        self, container: Container, page: Sequence[RawMessage], cursor: int, gaps: int, *, is_end: bool
    ) -> bool:
        """Put a page on record; return whether it was the last: not if events were missed since it was asked for."""
        tally = self._progress.channels[container.id]
        messages = [self._reader.parse(raw.payload) for raw in page]
        self._blindness.look(messages)
        attachments = {message.id: count_attachments(message) for message in messages}
        is_end = is_end and gaps == self._vigil.gap_count
        noted = {message.id: kinds for message in messages if (kinds := self._notes(message))}
        tally.source += await self._journal.capture_page(
            container.id,
            page,
            cursor=cursor,
            attachments=attachments,
            is_end=is_end,
            noted=noted,
            feeds=self._vigil.is_live,
        )
        if self._avatars is not None:
            await self._avatars.keep(message.author.avatar_url for message in messages)
        await self._vigil.stored(container.id)
        if is_end:
            tally.is_captured = True
            if tally.state is ChannelState.READING:
                tally.state = ChannelState.WAITING
        else:
            self.grew(container.id)
        return is_end


def count_attachments(message: Message) -> int:
    """Return how many files a message carries, those of what it forwards included.

    A thread's starter only points at a message that stands elsewhere, with its files.
    """
    if message.kind == THREAD_STARTER:
        return 0
    return len(message.attachments) + sum(len(snapshot.attachments) for snapshot in message.snapshots)
