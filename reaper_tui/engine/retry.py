"""Retry: what failed, vanished or stayed behind is tried again, one channel's messages in order.

A target whose order is that of arrival takes a message again only at the end of its channel; it says there when it was
written, and what stood in its place is deleted once the new posts stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from reaper_tui.engine.ahead import Ahead
from reaper_tui.engine.capture import count_attachments
from reaper_tui.engine.carrier import TARGET, FilesLost, own_files
from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.directory import MessageDirectory
from reaper_tui.engine.draft import Draft, kept_draft, next_step
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.fingerprint import fingerprint, said
from reaper_tui.engine.lane import Lane
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.places import Place
from reaper_tui.engine.ports import Writer
from reaper_tui.engine.progress import ChannelState
from reaper_tui.engine.reconcile import Unreadable
from reaper_tui.engine.section import late_section
from reaper_tui.engine.webhook_pool import WebhookPool
from reaper_tui.journal import mends, queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.mends import FIRST_RETRY, Candidate, Doubt, Leftover, MendKind, Renewal
from reaper_tui.journal.records import Container, MessageState, PartRecord, StoredMessage
from reaper_tui.journal.settling import Settlement
from reaper_tui.model.community import Webhook
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.errors import AccessDenied, NotFound, Refused
from reaper_tui.model.message import Message
from reaper_tui.model.outgoing import TargetMessage
from reaper_tui.model.retrying import RetryCount

NOT_COMPLETE = "not complete yet: run first, then retry"


class Broom:
    """Deletes posts that were replaced; where the bot may not, they stay on record for the next time."""

    def __init__(self, writer: Writer, journal: Journal, outage: Outage, log: EventLog) -> None:
        self._writer = writer
        self._journal = journal
        self._outage = outage
        self._log = log
        self._closed: set[int] = set()

    async def sweep(self, leftovers: Iterable[Leftover]) -> int:
        """Delete posts; return how many of them are gone."""
        count = 0
        for row in leftovers:
            if row.channel_id in self._closed:
                continue
            try:
                await self._outage.through(
                    TARGET, lambda row=row: self._writer.delete_post(row.channel_id, row.target_id)
                )
            except NotFound:
                pass
            except (AccessDenied, Refused) as error:
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                self._closed.add(row.channel_id)
                self._log.write(Level.WARNING, f"a post that was replaced cannot be deleted: {error.line()}")
                continue
            await self._journal.write(lambda raw, row=row: mends.deleted(raw, row))
            count += 1
        return count


@dataclass(frozen=True)
class RetryWork:
    """What all lanes of a retry share: candidates by container, and the webhooks by whom posts can be changed.

    `notes` tells what has to be done about a message once it stands.
    """

    candidates: Mapping[int, Sequence[Candidate]]
    broom: Broom
    count: RetryCount
    edits_in_place: bool
    webhooks: Mapping[int, Webhook]
    notes: Callable[[Message], tuple[ChangeKind, ...]]


class RetryLane(Lane):
    """Mends the messages of one target channel, oldest first; what cannot be mended stays as it was."""

    def __init__(
        self,
        delivery: Delivery,
        lane_id: int,
        place: Place,
        containers: Sequence[Container],
        pool: WebhookPool,
        work: RetryWork,
    ) -> None:
        super().__init__(delivery, lane_id, place, containers, pool)
        self._retry = work
        self._candidates = {row.id: work.candidates[row.id] for row in containers if row.id in work.candidates}
        self._tried = work.count
        self._done = 0
        self._first_number = FIRST_RETRY
        # A server must not take a try for the one before it, whose post may have been deleted since.
        self._nonce_mark = f"-{int(delivery.now()) & 0xFFFF:x}"
        self._kind = MendKind.REPLACE

    @property
    def weight(self) -> int:
        """Return how much there is to try."""
        return sum(len(rows) for rows in self._candidates.values())

    @property
    def left(self) -> int:
        """Return how much there is still to try."""
        return 0 if self.is_broken else self.weight - self._done

    @property
    def may_begin(self) -> bool:
        """Return True: everything that is tried again was read before."""
        return True

    async def _work(self) -> None:
        await self._open()
        if obstacle := await self._obstacle():
            self._tried.waiting += self.weight
            self._mark_rest(ChannelState.INCOMPLETE, obstacle)
            self._shared.log.write(Level.WARNING, f"#{self._current.name}: {obstacle}", self._current.id)
            return
        for container in self._containers:
            self._current = container
            tally = self._shared.progress.channels[container.id]
            for candidate in self._candidates.get(container.id, ()):
                await self._shared.control.boundary()
                tally.state = ChannelState.SENDING
                await self._mend(candidate, container)
                self._done += 1
            tally.state = ChannelState.DONE

    async def _obstacle(self) -> str:
        """Return why nothing can be tried in this channel now, empty when it can."""
        journal = self._shared.journal
        if await journal.read(lambda raw: mends.has_pending(raw, [container.id for container in self._containers])):
            return NOT_COMPLETE
        try:
            await self._shared.reconciler.stands(self._place.channel_id, 1)
        except Unreadable as error:
            return f"nothing can be tried here: {error}"
        return ""

    async def _mend(self, candidate: Candidate, container: Container) -> None:
        journal = self._shared.journal
        stored = await journal.read(lambda raw: queries.message(raw, candidate.message_id))
        assert stored is not None
        if stored.state is MessageState.UNCERTAIN:
            stored = await self._looked_for(stored, candidate)
            if stored is None:
                return
        kind = candidate.kind or await self._wanted(stored, candidate)
        if kind is None:
            return
        self._tried.tried += 1
        if kind is MendKind.EDIT:
            await self._edit(stored)
            return
        self._kind = kind
        await journal.write(lambda raw: mends.begin(raw, stored.id, kind))
        await self._deliver(stored, container)

    async def _wanted(self, stored: StoredMessage, candidate: Candidate) -> MendKind | None:
        """Return how a message is to be mended as things stand now."""
        if stored.state is MessageState.FAILED:
            return MendKind.EDIT if await self._changed_in_place(stored) else MendKind.REPLACE
        if candidate.is_missing:
            parts = await self._shared.journal.read(lambda raw: queries.parts_of(raw, stored.id))
            standing = [
                await self._shared.reconciler.stands(part.channel_id, part.target_id)
                for part in parts
                if part.target_id is not None
            ]
            if not all(standing) or not standing:
                return MendKind.REPLACE
            await self._shared.journal.write(lambda raw: mends.clear_findings(raw, stored.id))
        if candidate.left_files:
            return MendKind.FILES
        return MendKind.EDIT if candidate.is_changed and await self._changed_in_place(stored) else None

    async def _changed_in_place(self, stored: StoredMessage) -> tuple[PartRecord, Webhook, Draft] | None:
        """Return a message's only post and what it should say, None where it cannot be changed into that."""
        if not self._retry.edits_in_place:
            return None
        parts = await self._shared.journal.read(lambda raw: queries.parts_of(raw, stored.id))
        if len(parts) != 1 or parts[0].target_id is None or parts[0].webhook_id not in self._retry.webhooks:
            return None
        draft = await super()._compose(self._shared.reader.parse(stored.payload), stored.container_id, Degrade())
        has_files = stored.state is MessageState.FAILED and any(part.files for part in draft.parts)
        if len(draft.parts) != 1 or has_files:
            return None
        if stored.state is MessageState.FAILED and draft.parts[0].reply_to is not None:
            draft = draft.saying_its_reply()
        return parts[0], self._retry.webhooks[parts[0].webhook_id], draft

    async def _edit(self, stored: StoredMessage) -> None:
        """Change the post that stands into what it should be; where that is refused everything stays."""
        shared = self._shared
        place = await self._changed_in_place(stored)
        assert place is not None
        part, webhook, draft = place
        target_id = part.target_id
        assert target_id is not None
        thread_id = None if part.channel_id == webhook.channel_id else part.channel_id
        wanted = draft.parts[0]
        try:
            found = await shared.outage.through(
                TARGET, lambda: shared.writer.edit_post(webhook, target_id, wanted, thread_id=thread_id)
            )
        except (NotFound, Refused) as error:
            await self._leave(stored, f"refused: {error}")
            return
        if found.attachment_count < len(wanted.files):
            await self._leave(stored, "files of it are gone, and no change brings them back")
            return
        message = shared.reader.parse(stored.payload)
        is_new = stored.state is not MessageState.SENT
        renewal = renewal_of(self._settlement(message, draft)) if is_new else None
        mark, words = fingerprint(found), said(wanted)
        await shared.journal.write(lambda raw: mends.edited(raw, stored.id, target_id, mark, words, renewal))
        self._tried.edited += 1
        self._move(stored.container_id, stored.state, MessageState.SENT)

    async def _looked_for(self, stored: StoredMessage, candidate: Candidate) -> StoredMessage | None:
        """Find out whether an uncertain message stands; return it when it is still to be mended."""
        shared = self._shared
        doubt = await shared.journal.read(lambda raw: mends.doubt_of(raw, stored.id))
        if doubt is None:
            self._tried.uncertain += 1
            return None
        try:
            found = await shared.reconciler.find_left(doubt)
        except Unreadable as error:
            self._tried.uncertain += 1
            shared.log.write(Level.WARNING, f"a message stays uncertain: {error}", stored.container_id)
            return None
        is_whole = found is not None and doubt.number < FIRST_RETRY and doubt.is_last
        was_sent = is_whole or candidate.kind is MendKind.FILES
        state, cause = (MessageState.SENT, "") if was_sent else (MessageState.FAILED, "it did not arrive whole")
        if found is not None and is_whole:
            await self._adopt_whole(stored, doubt, found)
            return None
        if found is not None:
            mark = fingerprint(found)
            await shared.journal.write(lambda raw: mends.adopt(raw, doubt, found.id, mark))
        await shared.journal.write(lambda raw: mends.settle_doubt(raw, stored.id, state, cause))
        self._move(stored.container_id, stored.state, state)
        return await shared.journal.read(lambda raw: queries.message(raw, stored.id))

    async def _adopt_whole(self, stored: StoredMessage, doubt: Doubt, found: TargetMessage) -> None:
        shared = self._shared
        message = shared.reader.parse(stored.payload)
        draft = kept_draft(stored.composition) or await super()._compose(message, stored.container_id, Degrade())
        draft = draft.cut(doubt.number + 1)
        if len(draft.parts) > doubt.number:
            draft = draft.with_kept(doubt.number, found.attachment_count)
        renewal, mark = renewal_of(self._settlement(message, draft)), fingerprint(found)
        await shared.journal.write(lambda raw: mends.adopt_whole(raw, doubt, found.id, mark, renewal))
        self._tried.adopted += 1
        self._move(stored.container_id, MessageState.UNCERTAIN, MessageState.SENT)
        shared.log.write(Level.SUCCESS, "a message nobody could tell of is there: adopted", stored.container_id)

    async def _deliver(self, stored: StoredMessage, container: Container, ahead: Ahead | None = None) -> None:
        message = self._shared.reader.parse(stored.payload)
        degrade = Degrade()
        ledger: tuple[tuple[str, str], ...] = ()
        draft = kept_draft(stored.composition) or await self._compose(message, container.id, degrade)
        while True:
            if not draft.parts:
                await self._leave(stored, "")
                return
            try:
                await self._post(stored, container, message, draft)
                return
            except FilesLost as loss:
                if loss.reasons.keys() <= degrade.lost.keys():
                    degrade = degrade._replace(without_files=True)
                degrade = degrade._replace(lost={**degrade.lost, **loss.reasons})
            except Refused as error:
                step = None if self._kind is MendKind.FILES else next_step(degrade, error, draft.composition)
                if step is None or step[0].as_placeholder:
                    await self._leave(stored, f"refused: {error}")
                    return
                degrade, dropped = step
                ledger = (*ledger, (dropped, str(error)))
            draft = await self._compose(message, container.id, degrade)
            draft = msgspec.structs.replace(draft, ledger=ledger)

    async def _compose(self, message: Message, container_id: int, degrade: Degrade) -> Draft:
        shared = self._shared
        wanted = {*shared.composer.references(message), message.id}
        places = await shared.journal.read(lambda raw: queries.places(raw, wanted))
        directory = MessageDirectory(shared.target, places)
        if self._kind is MendKind.FILES:
            left = await shared.journal.read(lambda raw: mends.left_files(raw, message.id))
            composition = shared.composer.supplement(message, left - degrade.lost.keys(), directory)
        else:
            flow = Flow(section=late_section(self._current, self._id))
            composition = shared.composer.compose(message, directory, flow, degrade)
        return Draft(composition, is_second_try=True)

    async def _confirm(
        self, record: PartRecord, sent: TargetMessage, stored: StoredMessage, message: Message, draft: Draft
    ) -> None:
        journal, number = self._shared.journal, record.number - FIRST_RETRY
        mark, words = fingerprint(sent), said(draft.parts[number])
        if number < len(draft.parts) - 1:
            await journal.write(lambda raw: mends.confirm(raw, record, sent.id, mark, words, draft.to_keep()))
            return
        renewal, at = await self._renewal(stored, message, draft), self._shared.now()
        await journal.write(lambda raw: mends.confirm_last(raw, record, sent.id, mark, words, renewal, at))
        await self._finished(stored, message)

    async def _settle(self, stored: StoredMessage, settlement: Settlement, in_doubt: PartRecord | None = None) -> None:
        """End a mend whose posts stand already, or one that ended without them."""
        if settlement.state is MessageState.UNCERTAIN and in_doubt is not None:
            why = settlement.cause
            await self._shared.journal.write(lambda raw: mends.leave_in_doubt(raw, in_doubt, why))
            self._tried.uncertain += 1
            self._move(stored.container_id, stored.state, MessageState.UNCERTAIN)
        elif settlement.state is MessageState.SENT:
            message, draft = self._shared.reader.parse(stored.payload), kept_draft(stored.composition)
            assert draft is not None
            renewal, at = await self._renewal(stored, message, draft), self._shared.now()
            await self._shared.journal.write(lambda raw: mends.finish(raw, self._id, stored.id, renewal, at))
            await self._finished(stored, message)
        else:
            await self._leave(stored, settlement.cause)

    async def _leave(self, stored: StoredMessage, cause: str) -> None:
        """Keep a message as it was; what was posted of its second try is taken away again."""
        await self._shared.journal.write(lambda raw: mends.give_up(raw, stored.id, cause))
        if stored.state is MessageState.FAILED:
            self._tried.failed += 1
        if cause:
            self._shared.log.write(Level.WARNING, f"a message stays as it was: {cause}", stored.container_id)
        await self._clear(stored.id)

    async def _finished(self, stored: StoredMessage, message: Message) -> None:
        shared = self._shared
        self._last, self._last_container_id = message, stored.container_id
        self._move(stored.container_id, stored.state, MessageState.SENT)
        if self._kind is MendKind.FILES:
            self._tried.files += 1
        else:
            self._tried.sent += 1
        tally = shared.progress.channels[stored.container_id]
        shared.progress.arrived(tally.name, message.author.name, message.content, len(message.attachments))
        await self._clear(stored.id)

    async def _clear(self, message_id: int) -> None:
        rows = await self._shared.journal.read(lambda raw: mends.leftovers(raw, message_id))
        self._tried.deleted += await self._retry.broom.sweep(rows)

    async def _renewal(self, stored: StoredMessage, message: Message, draft: Draft) -> Renewal:
        """Return what a mended message changes in the counts and rows that hold already."""
        journal, settlement = self._shared.journal, self._settlement(message, draft)
        left = await journal.read(lambda raw: mends.left_files(raw, stored.id))
        if self._kind is MendKind.FILES:
            arrived = {slot.key: slot.filename for part in draft.parts for slot in part.files}
            ledger = await journal.read(lambda raw: mends.ledger_of(raw, stored.id))
            for name in arrived.values():
                row = next((row for row in ledger if row[0] == name), None)
                if row is not None:
                    ledger.remove(row)
            return Renewal(
                settlement.files_sent,
                -settlement.files_sent,
                settlement.bytes_sent,
                tuple(ledger),
                tuple(left - arrived.keys()),
            )
        renewal = msgspec.structs.replace(renewal_of(settlement), noted=self._retry.notes(message))
        own, total = own_files(message), count_attachments(message)
        counted = own.keys() - left if stored.state is MessageState.SENT else frozenset[int]()
        is_counted = counted or left
        return msgspec.structs.replace(
            renewal,
            files_sent=renewal.files_sent - len(counted),
            files_left=renewal.files_left - (total - len(counted) if is_counted else 0),
            bytes_sent=renewal.bytes_sent - sum(own[key] for key in counted),
        )

    def _move(self, container_id: int, old: MessageState, new: MessageState) -> None:
        tally = self._shared.progress.channels[container_id]
        for state, step in ((old, -1), (new, 1)):
            name = state.name.lower()
            setattr(tally, name, getattr(tally, name) + step)


def renewal_of(settlement: Settlement) -> Renewal:
    """Return what a message that was not counted before adds to the counts."""
    return Renewal(
        settlement.files_sent,
        settlement.files_left,
        settlement.bytes_sent,
        tuple(settlement.ledger),
        tuple(settlement.left_files),
    )


def by_container(candidates: Iterable[Candidate]) -> dict[int, list[Candidate]]:
    """Return candidates by their container, in order."""
    found: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        found[candidate.container_id].append(candidate)
    return dict(found)
