"""A carrier: brings one message after another to one place, with at most one post in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from reaper_tui.engine.ahead import Ahead, flow_behind
from reaper_tui.engine.capture import count_attachments
from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.directory import MessageDirectory
from reaper_tui.engine.draft import Draft, kept_draft, next_step
from reaper_tui.engine.events import Level
from reaper_tui.engine.fingerprint import fingerprint, said
from reaper_tui.engine.places import Place
from reaper_tui.engine.progress import ChannelState
from reaper_tui.engine.reconcile import Unreadable
from reaper_tui.engine.section import section_of
from reaper_tui.engine.webhook_pool import WebhookPool
from reaper_tui.journal import queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.records import Container, MessageState, PartRecord, StoredMessage
from reaper_tui.journal.settling import Settlement
from reaper_tui.model.community import Webhook
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.errors import (
    AccessDenied,
    FileUnavailable,
    NotFound,
    OutcomeUnknown,
    Refused,
    ServiceDown,
    StoredDifferently,
    WebhookGone,
)
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.message import THREAD_STARTER, Message
from reaper_tui.model.outgoing import SpooledFile, TargetMessage

TARGET = "Fluxer"
# A server remembers a nonce for five minutes; the last half minute is left to its clock.
NONCE_SECONDS = 270.0
DELETED = "deleted_on_discord"
STARTER = "shown_by_its_thread"


class Carrier:
    """Carries messages of some containers to their place, each as it can stand there."""

    def __init__(
        self, delivery: Delivery, lane_id: int, place: Place, containers: Sequence[Container], pool: WebhookPool
    ) -> None:
        self._shared = delivery
        self._id = lane_id
        self._place = place
        self._containers: list[Container] = list(containers)
        self._pool = pool
        self._last: Message | None = None
        self._last_container_id: int | None = None
        self._first_number = 0
        self._nonce_mark = ""
        self._is_open = False
        self._has_posted = False
        self._unconfirmed: asyncio.Future[None] | None = None
        pool.serves(lambda: self.left)

    @property
    def left(self) -> int:
        """Return how many messages are still to come, as far as is known."""
        tallies = self._shared.progress.channels
        return sum(tallies[row.id].left for row in self._containers if row.id in tallies)

    async def _found(self, part: PartRecord) -> TargetMessage | None:
        """Return the post whose reply was lost, None when it is not there; raise Unreadable when that is unknowable."""
        await self._open()
        if part.channel_id == self._place.channel_id and self._place.address().thread_name is not None:
            return await self._place.first_post(part)
        return await self._shared.reconciler.find(part)

    async def _open(self) -> None:
        if not self._is_open:
            await self._place.open()
            self._is_open = True

    async def _deliver(self, stored: StoredMessage, container: Container, ahead: Ahead | None = None) -> None:
        """Carry one message over; `ahead` is what was made of it before, as long as it still stands so."""
        if self._shared.renewals.take(stored.id):
            ahead = None
            stored = await self._shared.journal.read(lambda raw: queries.message(raw, stored.id)) or stored
        if stored.state is not MessageState.PENDING:
            return
        if stored.is_gone and stored.composition is None and not await self._has_posts(stored.id):
            await self._settle(stored, Settlement(MessageState.SKIPPED, DELETED))
            return
        message = ahead.message if ahead else self._shared.reader.parse(stored.payload)
        await self._open()
        if message.kind == THREAD_STARTER and self._place.shows_starter:
            await self._settle(stored, Settlement(MessageState.SKIPPED, STARTER))
            return
        degrade = Degrade()
        ledger: tuple[tuple[str, str], ...] = ()
        draft = kept_draft(stored.composition) or (ahead and ahead.draft_behind(self._last, self._shared.target))
        draft = draft or await self._compose(message, container.id, degrade)
        while True:
            if rule := draft.composition.rule:
                await self._settle(stored, Settlement(MessageState.SKIPPED, rule))
                return
            try:
                await self._post(stored, container, message, draft)
                return
            except FilesLost as loss:
                if loss.reasons.keys() <= degrade.lost.keys():
                    degrade = degrade._replace(without_files=True)
                degrade = degrade._replace(lost={**degrade.lost, **loss.reasons})
            except Refused as error:
                step = next_step(degrade, error, draft.composition)
                if step is None:
                    await self._settle(stored, Settlement(MessageState.FAILED, f"refused: {error}"))
                    return
                degrade, dropped = step
                ledger = (*ledger, (dropped, str(error)))
                self._shared.log.write(Level.WARNING, f"refused ({error}): trying without {dropped}", container.id)
            draft = await self._compose(message, container.id, degrade)
            draft = msgspec.structs.replace(draft, ledger=ledger, failure=degrade.as_placeholder)

    def _look_ahead(self, message: Message) -> None:
        """Use the time while a post of a message is on its way."""

    async def _has_posts(self, message_id: int) -> bool:
        return bool(await self._shared.journal.read(lambda raw: queries.parts_of(raw, message_id)))

    async def _confirmed(self) -> None:
        """Wait until what became of the last post is on record."""
        waiting, self._unconfirmed = self._unconfirmed, None
        if waiting is not None:
            if not waiting.done():
                self._shared.journal.hurry()
            await waiting

    async def _compose(self, message: Message, container_id: int, degrade: Degrade) -> Draft:
        shared = self._shared
        wanted = shared.composer.references(message)
        if self._last is not None and self._last.id in wanted:
            await self._confirmed()
        places = await shared.journal.read(lambda raw: queries.places(raw, wanted)) if wanted else {}
        section = ""
        is_elsewhere = self._last_container_id is not None and self._last_container_id != container_id
        if is_elsewhere or (self._last_container_id is None and container_id != self._id):
            section = section_of(next((row for row in self._containers if row.id == container_id), None))
        flow = Flow(section=section) if section or self._last is None else flow_behind(shared, self._last)
        directory = MessageDirectory(shared.target, places)
        composition = shared.composer.compose(message, directory, flow, degrade)
        return Draft(composition, is_unresolved=not wanted <= places.keys())

    async def _post(self, stored: StoredMessage, container: Container, message: Message, draft: Draft) -> None:
        """Send the posts that do not stand yet; raise Refused or FilesLost while none does."""
        shared = self._shared
        parts = await shared.journal.read(lambda raw: queries.parts_of(raw, stored.id)) if stored.has_parts else []
        standing = {part.number - self._first_number for part in parts if part.target_id is not None}
        standing = {number for number in standing if number >= 0}
        number, is_settled = -1, False
        while (number := number + 1) < len(draft.parts):
            if number in standing:
                continue
            slots = draft.parts[number].files
            bringing = shared.courier.fetch(slots, message)
            # While nothing of a message stands, a stop need not wait for its files.
            files, lost = await (shared.control.unless_stopped(bringing) if slots and not standing else bringing)
            try:
                if lost and not standing:
                    raise FilesLost(lost)
                if lost:
                    draft = draft.without_files(number, lost)
                outcome = await self._send(stored, draft, number, files, message, container, is_first=not standing)
            except Refused as error:
                poorer = draft.poorer(number, error) if standing else None
                if not standing:
                    raise
                if poorer is None:
                    await self._settle(stored, Settlement(MessageState.FAILED, f"half of it was refused: {error}"))
                    return
                draft = poorer
                number -= 1
                continue
            finally:
                shared.courier.release(files)
            if outcome is None:
                return
            record, sent = outcome
            if sent.attachment_count < len(files):
                draft = draft.with_unkept(number, sent.attachment_count)
            standing.add(number)
            is_settled = number == len(draft.parts) - 1
            await self._confirm(record, sent, stored, message, draft)
        if not is_settled:
            await self._settle(stored, self._settlement(message, draft))

    async def _send(
        self,
        stored: StoredMessage,
        draft: Draft,
        number: int,
        files: Sequence[SpooledFile],
        message: Message,
        container: Container,
        *,
        is_first: bool,
    ) -> tuple[PartRecord, TargetMessage] | None:
        """Post one part, through outages and lost replies; return None when nobody can tell whether it arrived."""
        shared = self._shared
        author = shared.author_key(message)
        repeated: Webhook | None = None
        intended_at = shared.now()
        part = draft.parts[number]
        part = msgspec.structs.replace(part, avatar_url=await shared.avatars.address(part.avatar_url))
        while True:
            webhook = repeated or await self._pool.next(author)
            await shared.pace.turn()
            if is_first and repeated is None:
                await shared.control.boundary()
            intended_at = intended_at if repeated else shared.now()
            record = self._record(stored, number, webhook.id, intended_at, is_last=number == len(draft.parts) - 1)
            address = self._place.address()
            await shared.journal.intend(record, draft.to_keep())
            await self._confirmed()
            # The request is written by a task that begins in the loop's next round, this in the one after.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._look_ahead, message)
            try:
                sent = await shared.writer.send(
                    webhook,
                    part,
                    files,
                    record.nonce,
                    thread_id=address.thread_id,
                    thread_name=address.thread_name,
                    tag_ids=address.tag_ids,
                )
            except OutcomeUnknown as error:
                shared.log.write(Level.WARNING, f"no reply: {error}; looking whether it arrived", container.id)
                try:
                    found = await self._found(record)
                    if found is None:
                        await self._hold(container, error)
                        found = await self._found_at_last(record)
                except Unreadable as unreadable:
                    if self._may_repeat(record):
                        repeated = webhook
                        await self._hold(container, error)
                        continue
                    await self._settle_uncertain(stored, record, str(unreadable))
                    return None
                if found is not None:
                    shared.log.write(Level.INFO, "it arrived: adopted", container.id)
                    return record, found
            except ServiceDown as error:
                await self._hold(container, error)
            except WebhookGone:
                await shared.journal.withdraw(record)
                self._pool.forget(webhook)
                shared.log.write(Level.WARNING, "a webhook was deleted: making another", container.id)
            except StoredDifferently as error:
                shared.outage.over(TARGET)
                return record, error.stored
            except (Refused, AccessDenied, NotFound, FileUnavailable):
                await shared.journal.withdraw(record)
                raise
            else:
                shared.outage.over(TARGET)
                return record, sent

    async def _found_at_last(self, record: PartRecord) -> TargetMessage | None:
        if self._place.address().thread_name is not None:
            return await self._place.first_post(record)
        return await self._shared.reconciler.look(record)

    async def _hold(self, container: Container, error: ServiceDown) -> None:
        tally = self._shared.progress.channels[container.id]
        tally.state = ChannelState.HOLDING
        await self._shared.outage.pause(TARGET, error)
        tally.state = ChannelState.SENDING

    def _may_repeat(self, record: PartRecord) -> bool:
        """Return whether the same nonce through the same webhook still gives the first message again."""
        age = self._shared.now() - record.intended_at
        return self._shared.capabilities.honours_nonces and 0 <= age < NONCE_SECONDS / self._shared.limits_scale

    def _record(
        self, stored: StoredMessage, number: int, webhook_id: int, intended_at: float, *, is_last: bool
    ) -> PartRecord:
        number += self._first_number
        return PartRecord(
            message_id=stored.id,
            number=number,
            lane_id=self._id,
            channel_id=self._place.channel_id,
            webhook_id=webhook_id,
            nonce=f"{stored.id}-{number}{self._nonce_mark}",
            is_last=is_last,
            intended_at=intended_at,
            target_id=None,
            fingerprint="",
        )

    async def _confirm(
        self, record: PartRecord, sent: TargetMessage, stored: StoredMessage, message: Message, draft: Draft
    ) -> None:
        """Record what a post became; the last one settles its message.

        Only a further post of the message waits for the disk: the next message's intent joins this record there.
        """
        shared = self._shared
        settlement = self._settlement(message, draft) if record.number == len(draft.parts) - 1 else None
        may_lead_nowhere = draft.is_unresolved or (draft.is_guessed and bool(shared.composer.references(message)))
        self._has_posted = True
        on_record = shared.journal.confirm(
            record,
            sent.id,
            fingerprint(sent),
            container_id=stored.container_id,
            settlement=settlement,
            composition=draft.to_keep(),
            said="" if draft.is_guessed else said(draft.parts[record.number]),
            noted=(ChangeKind.LINKS,) if may_lead_nowhere and shared.capabilities.edits_posts else (),
            opened=self._place.opened_by(sent),
        )
        if settlement is None:
            await on_record
            return
        self._last, self._last_container_id = message, stored.container_id
        on_record.add_done_callback(lambda _: self._arrived(on_record, stored, settlement, message, sent))
        self._unconfirmed = on_record

    def _arrived(
        self,
        on_record: asyncio.Future[None],
        stored: StoredMessage,
        settlement: Settlement,
        message: Message,
        sent: TargetMessage,
    ) -> None:
        if on_record.cancelled() or on_record.exception() is not None:
            return
        shared = self._shared
        self._count(stored, settlement)
        tally = shared.progress.channels.get(stored.container_id)
        shared.progress.arrived(
            tally.name if tally else "", message.author.name, message.content or sent.content, settlement.files_sent
        )
        if shared.progress.live is not None:
            shared.progress.live.arrived(unix_seconds(stored.id), shared.now())

    async def _settle_uncertain(self, stored: StoredMessage, part: PartRecord, why: str) -> None:
        await self._settle(stored, Settlement(MessageState.UNCERTAIN, why), part)

    async def _settle(self, stored: StoredMessage, settlement: Settlement, in_doubt: PartRecord | None = None) -> None:
        await self._confirmed()
        await self._shared.journal.settle(self._id, stored.container_id, stored.id, settlement, in_doubt)
        self._count(stored, settlement)

    def _count(self, stored: StoredMessage, settlement: Settlement) -> None:
        shared = self._shared
        shared.progress.bytes_sent += settlement.bytes_sent
        tally = shared.progress.channels.get(stored.container_id)
        name = settlement.state.name.lower()
        if tally is not None:
            setattr(tally, name, getattr(tally, name) + 1)
        if settlement.state in (MessageState.FAILED, MessageState.UNCERTAIN):
            what = (
                "could not be carried over"
                if settlement.state is MessageState.FAILED
                else "may or may not have arrived"
            )
            shared.log.write(Level.ERROR, f"a message {what}: {settlement.cause}", stored.container_id)

    def _settlement(self, message: Message, draft: Draft) -> Settlement:
        own = own_files(message)
        sent = [slot.key for part in draft.parts for slot in part.files if slot.key in own]
        left = tuple(key for key in own if key not in sent)
        return Settlement(
            MessageState.FAILED if draft.failure else MessageState.SENT,
            draft.failure,
            files_sent=len(sent),
            files_left=max(0, count_attachments(message) - len(sent)),
            bytes_sent=sum(own[key] for key in sent),
            ledger=[*draft.ledger, *draft.composition.placeholders],
            left_files=left,
        )


def own_files(message: Message) -> dict[int, int]:
    """Return the sizes of the files a message carries, those of what it forwards included, by their ids."""
    carriers = (message, *message.snapshots)
    return {attachment.id: max(0, attachment.size) for carrier in carriers for attachment in carrier.attachments}


class FilesLost(Exception):
    """Files turned out to be unavailable before anything was posted."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        super().__init__()
        self.reasons = reasons
