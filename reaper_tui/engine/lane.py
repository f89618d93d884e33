"""A lane: what goes to one target channel, strictly in order."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from reaper_tui.engine.ahead import Ahead, composed_ahead
from reaper_tui.engine.carrier import Carrier
from reaper_tui.engine.control import StopRequested
from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.draft import kept_draft
from reaper_tui.engine.events import Level
from reaper_tui.engine.fingerprint import fingerprint, said
from reaper_tui.engine.places import Place
from reaper_tui.engine.progress import ChannelState
from reaper_tui.engine.reconcile import Unreadable
from reaper_tui.engine.turn import Turn
from reaper_tui.engine.webhook_pool import WebhookPool
from reaper_tui.journal import mends, queries
from reaper_tui.journal.mends import FIRST_RETRY
from reaper_tui.journal.records import Container, MessageState, StoredMessage
from reaper_tui.model.community import Channel
from reaper_tui.model.composition import Degrade
from reaper_tui.model.errors import (
    AccessDenied,
    CloneError,
    JournalError,
    SpoolFull,
)
from reaper_tui.model.message import Message

BATCH = 50
# How many messages ahead files are fetched.
AHEAD = 2
WITH_FILES = b'"attachments":[{'


class Lane(Carrier):
    """Delivers containers one after another, their messages in order."""

    def __init__(
        self,
        delivery: Delivery,
        lane_id: int,
        place: Place,
        containers: Sequence[Container],
        pool: WebhookPool,
        follows: Lane | None = None,
    ) -> None:
        super().__init__(delivery, lane_id, place, containers, pool)
        self._follows = follows
        self._turn = Turn(delivery.slots)
        self._current: Container = containers[0]
        self._has_begun = False
        self._ahead: dict[int, Ahead] = {}
        self._next: StoredMessage | None = None
        self.is_broken = False
        self.has_caught_up = False

    @property
    def id(self) -> int:
        return self._id

    @property
    def parent_id(self) -> int | None:
        """Return the lane this one stands behind, a thread's channel."""
        return None if self._follows is None else self._follows.id

    @property
    def container_ids(self) -> tuple[int, ...]:
        return tuple(container.id for container in self._containers)

    def extend(self, containers: Iterable[Container]) -> None:
        """Add containers that came up while the lane is followed."""
        self._containers += containers

    def renew(self, channel: Channel) -> None:
        """Take in how the source has the lane's thread now."""
        self._place.renew(channel)

    @property
    def left(self) -> int:
        """Return how many messages are still to come, none once the lane stopped for good."""
        return 0 if self.is_broken else super().left

    @property
    def weight(self) -> int:
        """Return how much there is to send, as far as is known."""
        return sum(max(container.estimate, container.source) for container in self._containers)

    @property
    def heeds(self) -> tuple[int, ...]:
        """Return the ids of the containers and the lane without which it has nothing to do."""
        return (*self.container_ids, *(() if self._follows is None else (self._follows.id,)))

    @property
    def may_begin(self) -> bool:
        """Return whether there is something to deliver, and what it stands behind is delivered."""
        if self._follows is not None and not self._follows.has_caught_up:
            return False
        return any(self._shared.capture.has_work(container_id) for container_id in self.container_ids)

    async def run(self) -> None:
        """Deliver what there is; only a stop and what ends the whole run pass through."""
        try:
            async with self._turn:
                await self._deliver_all()
        finally:
            try:
                # Who stands behind looks up in the journal what stands here.
                await self._confirmed()
            finally:
                self._catch_up()
                await self._shared.courier.ahead.drop(
                    [file.id for ahead in self._ahead.values() for file in ahead.message.attachments]
                )

    def _catch_up(self) -> None:
        self.has_caught_up = True
        self._shared.capture.news.tell((self._id,))

    async def _deliver_all(self) -> None:
        try:
            await self._shared.control.boundary()
            await self._begin()
            await self._work()
            if self._is_open:
                await self._place.close(has_posted=self._has_posted)
        except Exception as error:
            self._end_by(error)

    async def follow(self) -> None:
        """Deliver what came in behind the histories, oldest first whichever container it came in, as far as it goes."""
        async with self._turn:
            try:
                self._is_open = self._has_posted = False
                await self._begin()
                await self._deliver_waiting()
                await self._place.close(has_posted=self._has_posted)
            except Exception as error:
                self._end_by(error)
            finally:
                await self._confirmed()

    async def _deliver_waiting(self) -> None:
        shared = self._shared
        latest = 0
        while batch := await shared.journal.read(lambda raw: queries.waiting_in_lane(raw, self._id, BATCH)):
            if batch[0].id == latest:
                raise RuntimeError(f"message {latest} stays where it is")
            for stored in batch:
                await shared.control.boundary()
                self._current = next(row for row in self._containers if row.id == stored.container_id)
                tally = shared.progress.channels[stored.container_id]
                tally.state = ChannelState.SENDING
                await self._deliver(stored, self._current)
                await self._confirmed()
                tally.state = ChannelState.DONE
                latest = stored.id

    def _end_by(self, error: Exception) -> None:
        """Raise what ends the whole run; anything else ends this channel only."""
        if isinstance(error, StopRequested):
            self._mark_rest(ChannelState.STOPPED, "")
            raise error
        if isinstance(error, JournalError | SpoolFull) or (isinstance(error, AccessDenied) and error.ends_run):
            raise error
        if isinstance(error, CloneError):
            self._fail(self._current, error.line())
            return
        logging.getLogger(__name__).error("a channel stops", exc_info=error)
        self._fail(self._current, f"unexpected {type(error).__name__}: {error}")

    async def _work(self) -> None:
        for container in list(self._containers):
            self._current = container
            try:
                await self._deliver_container(container)
            finally:
                self._shared.capture.let_go(container.id)

    def _fail(self, container: Container, note: str) -> None:
        self.is_broken = True
        self._mark_rest(ChannelState.FAILED, note)
        self._shared.log.write(Level.ERROR, f"#{container.name} stops here: {note}", container.id)

    def _mark_rest(self, state: ChannelState, note: str) -> None:
        for container in self._containers:
            tally = self._shared.progress.channels[container.id]
            if tally.state is not ChannelState.DONE:
                tally.state = state
                tally.note = note or tally.note

    async def _begin(self) -> None:
        if not self._has_begun:
            await self._recall()
            await self._resolve_doubt()
            self._has_begun = True

    async def _recall(self) -> None:
        record = await self._shared.journal.read(lambda raw: queries.lane(raw, self._id))
        if record is None:
            return
        self._last_container_id = record.last_container_id
        stored = await self._shared.journal.read(lambda raw: queries.message(raw, record.last_message_id))
        if stored is not None:
            self._last = self._shared.reader.parse(stored.payload)

    async def _resolve_doubt(self) -> None:
        shared = self._shared
        part = await shared.journal.read(lambda raw: queries.part_in_doubt(raw, self._id))
        if part is None:
            return
        stored = await shared.journal.read(lambda raw: queries.message(raw, part.message_id))
        assert stored is not None
        message = shared.reader.parse(stored.payload)
        is_second_try = part.number >= FIRST_RETRY
        try:
            found = await self._found(part)
        except Unreadable as error:
            why = str(error)
            if is_second_try:
                await shared.journal.write(lambda raw: mends.leave_in_doubt(raw, part, why))
            else:
                await self._settle_uncertain(stored, part, why)
            return
        if found is None:
            await shared.journal.withdraw(part)
            return
        shared.log.write(Level.INFO, "a message whose reply was lost is there: adopted", stored.container_id)
        draft = kept_draft(stored.composition)
        if is_second_try:
            # The next retry goes on from here.
            assert draft is not None
            number = part.number - FIRST_RETRY
            draft = draft.with_kept(number, found.attachment_count)
            mark, words, kept = fingerprint(found), said(draft.parts[number]), draft.to_keep()
            await shared.journal.write(lambda raw: mends.confirm(raw, part, found.id, mark, words, kept))
            return
        if draft is None:
            anew = await self._compose(message, stored.container_id, Degrade())
            draft = anew.found_as(part.number, found.content)
        await self._confirm(part, found, stored, message, draft.with_kept(part.number, found.attachment_count))
        await self._confirmed()

    async def _deliver_container(self, container: Container) -> None:
        shared = self._shared
        tally = shared.progress.channels[container.id]
        current = await shared.journal.read(lambda raw: queries.container(raw, container.id))
        frontier = current.frontier if current else container.frontier
        growth = shared.capture.growth(container.id)
        while True:
            growth.clear()
            has_ended = shared.capture.is_ended(container.id)
            await self._confirmed()
            batch = await shared.journal.read(
                lambda raw, frontier=frontier: queries.pending_messages(raw, container.id, frontier, BATCH)
            )
            if not batch:
                if has_ended:
                    break
                await shared.control.boundary()
                if tally.is_captured:
                    self._catch_up()
                await self._turn.while_idle(growth.wait())
                continue
            for index, stored in enumerate(batch):
                await shared.control.boundary()
                tally.state = ChannelState.SENDING
                coming = batch[index + 1 : index + 1 + AHEAD]
                self._fetch_ahead(coming)
                self._next = coming[0] if coming else None
                await self._deliver(stored, container, self._ahead.get(stored.id))
                if (ahead := self._ahead.pop(stored.id, None)) is not None and ahead.message.attachments:
                    await shared.courier.ahead.drop(file.id for file in ahead.message.attachments)
                frontier = stored.id
        tally.state = ChannelState.DONE if tally.is_captured else ChannelState.INCOMPLETE
        if tally.is_captured:
            shared.log.write(Level.SUCCESS, f"{container.name}: {tally.source:,} messages, all settled", container.id)

    def _fetch_ahead(self, coming: Sequence[StoredMessage]) -> None:
        for stored in coming:
            # Most messages carry no files: they are not worth reading twice.
            if stored.id in self._ahead or stored.state is not MessageState.PENDING or WITH_FILES not in stored.payload:
                continue
            ahead = self._ahead[stored.id] = Ahead(self._shared.reader.parse(stored.payload))
            self._shared.courier.ahead.begin(ahead.message)

    def _look_ahead(self, message: Message) -> None:
        if self._next is not None:
            ahead = composed_ahead(self._shared, self._next, self._ahead.get(self._next.id), message)
            if ahead is not None:
                self._ahead[self._next.id] = ahead
            self._next = None
