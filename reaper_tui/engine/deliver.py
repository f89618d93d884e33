"""Delivery: one ordered sender per target channel, with at most one post in doubt, many channels at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from reaper_tui.engine.capture import Capture
from reaper_tui.engine.control import RunControl, StopRequested
from reaper_tui.engine.directory import MessageDirectory, TargetMap
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.files import FileCourier
from reaper_tui.engine.fingerprint import fingerprint
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.pace import Pace
from reaper_tui.engine.ports import Composer, Reader, Writer
from reaper_tui.engine.progress import ChannelState, Progress
from reaper_tui.engine.reconcile import Reconciler, Unreadable
from reaper_tui.engine.together import together
from reaper_tui.engine.webhook_pool import WebhookPool
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal, Settlement
from reaper_tui.journal.records import Container, MessageState, PartRecord, StoredMessage
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.errors import (
    AccessDenied,
    CloneError,
    JournalError,
    OutcomeUnknown,
    Refused,
    ServiceDown,
    SpoolFull,
    StoredDifferently,
    WebhookGone,
)
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.message import Message
from reaper_tui.model.outgoing import Composition, Part, SpooledFile, TargetMessage

LANES_AT_ONCE = 24
BATCH = 50


@dataclass
class Delivery:
    """What all lanes share."""

    reader: Reader
    writer: Writer
    composer: Composer
    journal: Journal
    courier: FileCourier
    capture: Capture
    control: RunControl
    progress: Progress
    log: EventLog
    outage: Outage
    reconciler: Reconciler
    pace: Pace
    target: TargetMap
    now: Callable[[], float]
    author_key: Callable[[Message], str]

    async def run(self, lanes: Iterable[Lane]) -> None:
        """Deliver every lane, the largest first; a lane that fails does not stop the others."""
        queue = sorted(lanes, key=lambda lane: lane.weight)

        async def work() -> None:
            while queue:
                await queue.pop().run()

        await together(work() for _ in range(min(LANES_AT_ONCE, len(queue))))


@dataclass
class _Tally:
    """What became of the parts of one message so far."""

    files: int = 0
    bytes: int = 0
    ledger: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class Lane:
    """The sender of one target channel: its containers one after another, their messages in order."""

    def __init__(
        self, delivery: Delivery, lane_id: int, channel_id: int, containers: Sequence[Container], pool: WebhookPool
    ) -> None:
        self._shared = delivery
        self._id = lane_id
        self._channel_id = channel_id
        self._containers = containers
        self._pool = pool
        self._last: Message | None = None
        self._last_container_id: int | None = None

    @property
    def weight(self) -> int:
        """Return how much there is to send, as far as is known."""
        return sum(max(container.estimate, container.source) for container in self._containers)

    async def run(self) -> None:
        """Deliver what there is; only a stop and what ends the whole run pass through."""
        container = self._containers[0]
        try:
            await self._recall()
            await self._resolve_doubt()
            for container in self._containers:
                await self._deliver_container(container)
        except StopRequested:
            self._mark_rest(ChannelState.STOPPED, "")
            raise
        except (JournalError, SpoolFull):
            raise
        except CloneError as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            self._fail(container, error.line())
        except Exception as error:
            self._fail(container, f"unexpected {type(error).__name__}: {error}")

    def _fail(self, container: Container, note: str) -> None:
        self._mark_rest(ChannelState.FAILED, note)
        self._shared.log.write(Level.ERROR, f"#{container.name} stops here: {note}", container.id)

    def _mark_rest(self, state: ChannelState, note: str) -> None:
        for container in self._containers:
            tally = self._shared.progress.channels[container.id]
            if tally.state is not ChannelState.DONE:
                tally.state = state
                tally.note = note or tally.note

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
        try:
            found = await shared.reconciler.find(part)
        except Unreadable as error:
            await self._settle_uncertain(part, str(error))
            return
        if found is None:
            await shared.journal.withdraw(part)
            return
        stored = await shared.journal.read(lambda raw: queries.message(raw, part.message_id))
        assert stored is not None
        shared.log.write(Level.INFO, "a message whose reply was lost is there: adopted", stored.container_id)
        message = shared.reader.parse(stored.payload)
        tally = await self._delivered_before(stored, part.number)
        settlement = None
        if part.is_last:
            composition = _kept(stored) or await self._compose(message, stored.container_id, Degrade())
            self._count_part(tally, composition, part.number, message, found)
            settlement = self._settlement(tally, composition)
        await self._confirm(part, found, stored, message, settlement)

    async def _settle_uncertain(self, part: PartRecord, why: str) -> None:
        shared = self._shared
        await shared.journal.withdraw(part)
        stored = await shared.journal.read(lambda raw: queries.message(raw, part.message_id))
        assert stored is not None
        await shared.journal.settle(
            self._id, stored.container_id, part.message_id, Settlement(MessageState.UNCERTAIN, why)
        )
        shared.progress.channels[stored.container_id].uncertain += 1
        shared.log.write(Level.WARNING, f"a message may or may not have arrived: {why}", stored.container_id)

    async def _deliver_container(self, container: Container) -> None:
        shared = self._shared
        tally = shared.progress.channels[container.id]
        current = await shared.journal.read(lambda raw: queries.container(raw, container.id))
        frontier = current.frontier if current else container.frontier
        growth = shared.capture.growth(container.id)
        while True:
            growth.clear()
            has_ended = shared.capture.is_ended(container.id)
            batch = await shared.journal.read(
                lambda raw, frontier=frontier: queries.pending_messages(raw, container.id, frontier, BATCH)
            )
            if not batch:
                if has_ended:
                    break
                await growth.wait()
                await shared.control.boundary()
                continue
            for stored in batch:
                await shared.control.boundary()
                tally.state = ChannelState.SENDING
                await self._deliver(stored, container)
                frontier = stored.id
        tally.state = ChannelState.DONE if tally.is_captured else ChannelState.INCOMPLETE
        if tally.is_captured:
            shared.log.write(Level.SUCCESS, f"{container.name}: {tally.source:,} messages, all settled", container.id)

    async def _deliver(self, stored: StoredMessage, container: Container) -> None:
        if stored.state is not MessageState.PENDING:
            return
        message = self._shared.reader.parse(stored.payload)
        degrade = Degrade()
        kept = _kept(stored)
        causes: list[tuple[str, str]] = []
        while True:
            composition = kept or await self._compose(message, container.id, degrade)
            if composition.rule:
                await self._skip(container, message, composition.rule)
                return
            try:
                await self._post(stored, container, message, composition, causes, degrade)
            except _FilesLost as loss:
                degrade = degrade._replace(lost={**degrade.lost, **loss.reasons})
                kept = None
            except Refused as error:
                step = _next_step(degrade, error, composition)
                if step is None:
                    cause = f"refused: {error}"
                    await self._settle_failed(container, message, cause)
                    return
                causes.append((_what_was_dropped(degrade, step), str(error)))
                self._shared.log.write(
                    Level.WARNING, f"refused ({error}): trying without {causes[-1][0]}", container.id
                )
                degrade = step
                kept = None
            else:
                return

    async def _compose(self, message: Message, container_id: int, degrade: Degrade) -> Composition:
        shared = self._shared
        wanted = shared.composer.references(message)
        places = await shared.journal.read(lambda raw: queries.places(raw, wanted)) if wanted else {}
        section = ""
        is_elsewhere = self._last_container_id is not None and self._last_container_id != container_id
        if is_elsewhere or (self._last_container_id is None and container_id != self._id):
            section = self._section(container_id)
        flow = Flow(section=section)
        if self._last is not None and not section:
            flow = Flow(shared.author_key(self._last), unix_seconds(self._last.id), "")
        return shared.composer.compose(message, MessageDirectory(shared.target, places), flow, degrade)

    def _section(self, container_id: int) -> str:
        container = next(container for container in self._containers if container.id == container_id)
        if container.kind == "thread":
            return f"🧵 Thread: {container.name}"
        if container.kind == "post":
            return f"🗨 Post: {container.name}"
        return f"↩ Back in #{container.name}"

    async def _post(
        self,
        stored: StoredMessage,
        container: Container,
        message: Message,
        composition: Composition,
        causes: list[tuple[str, str]],
        degrade: Degrade,
    ) -> None:
        shared = self._shared
        confirmed = {
            part.number
            for part in await shared.journal.read(lambda raw: queries.parts_of(raw, stored.id))
            if part.target_id is not None
        }
        tally = await self._delivered_before(stored, 0)
        tally.ledger += causes
        author = shared.author_key(message)
        for number, part in enumerate(composition.parts):
            if number in confirmed:
                self._count_part(tally, composition, number, message, None)
                continue
            is_last = number == len(composition.parts) - 1
            files = await self._fetch(part, message, bool(confirmed))
            try:
                record, sent = await self._send(
                    stored, composition, number, part, files, author, container, is_last=is_last
                )
            except StoredDifferently as error:
                record, sent = self._record(stored, number, 0, is_last=is_last), error.stored
                tally.ledger.append(("files", "the target kept the message without them"))
                part = msgspec.structs.replace(part, files=())
            except Refused as error:
                if not confirmed:
                    raise
                part = _stump(part, str(error))
                tally.ledger.append((f"part {number + 1}", str(error)))
                record, sent = await self._send(
                    stored, composition, number, part, (), author, container, is_last=is_last
                )
            finally:
                shared.courier.release(files)
            if sent is None:
                return
            confirmed.add(number)
            self._count_part(tally, composition, number, message, sent)
            settlement = None
            if is_last:
                settlement = self._settlement(tally, composition)
                if degrade.as_placeholder:
                    settlement = settlement._replace(state=MessageState.FAILED, cause=degrade.as_placeholder)
            await self._confirm(record, sent, stored, message, settlement)

    async def _fetch(self, part: Part, message: Message, is_under_way: bool) -> Sequence[SpooledFile]:
        if not part.files:
            return ()
        files, lost = await self._shared.courier.fetch(part.files, message)
        if lost and not is_under_way:
            self._shared.courier.release(files)
            raise _FilesLost(lost)
        return files

    async def _send(
        self,
        stored: StoredMessage,
        composition: Composition,
        number: int,
        part: Part,
        files: Sequence[SpooledFile],
        author: str,
        container: Container,
        *,
        is_last: bool,
    ) -> tuple[PartRecord, TargetMessage | None]:
        shared = self._shared
        kept = msgspec.json.encode(composition) if len(composition.parts) > 1 else None
        tally = shared.progress.channels[container.id]
        while True:
            webhook = await self._pool.next(author, tally.source - tally.sent - tally.skipped)
            await shared.pace.turn()
            record = self._record(stored, number, webhook.id, is_last=is_last)
            await shared.journal.intend(record, kept)
            try:
                sent = await shared.writer.send(webhook, part, files, record.nonce)
            except OutcomeUnknown as error:
                shared.log.write(Level.WARNING, f"no reply: {error}; looking whether it arrived", container.id)
                try:
                    found = await shared.reconciler.find(record)
                except Unreadable as unreadable:
                    await self._settle_uncertain(record, str(unreadable))
                    return record, None
                if found is not None:
                    shared.log.write(Level.INFO, "it arrived: adopted", container.id)
                    return record, found
                tally.state = ChannelState.HOLDING
                await shared.outage.pause("Fluxer", error)
                tally.state = ChannelState.SENDING
            except ServiceDown as error:
                tally.state = ChannelState.HOLDING
                await shared.outage.pause("Fluxer", error)
                tally.state = ChannelState.SENDING
            except WebhookGone:
                await shared.journal.withdraw(record)
                self._pool.forget(webhook)
                shared.log.write(Level.WARNING, "a webhook was deleted: making another", container.id)
            except StoredDifferently:
                raise
            except (Refused, AccessDenied):
                await shared.journal.withdraw(record)
                raise
            else:
                shared.outage.over("Fluxer")
                return record, sent

    def _record(self, stored: StoredMessage, number: int, webhook_id: int, *, is_last: bool) -> PartRecord:
        return PartRecord(
            message_id=stored.id,
            number=number,
            lane_id=self._id,
            channel_id=self._channel_id,
            webhook_id=webhook_id,
            nonce=f"{stored.id}-{number}",
            is_last=is_last,
            intended_at=self._shared.now(),
            target_id=None,
            fingerprint="",
        )

    async def _confirm(
        self,
        record: PartRecord,
        sent: TargetMessage,
        stored: StoredMessage,
        message: Message,
        settlement: Settlement | None,
    ) -> None:
        shared = self._shared
        await shared.journal.confirm(
            record, sent.id, fingerprint(sent), container_id=stored.container_id, settlement=settlement
        )
        if settlement is None:
            return
        self._last, self._last_container_id = message, stored.container_id
        tally = shared.progress.channels[stored.container_id]
        if settlement.state is MessageState.SENT:
            tally.sent += 1
        else:
            tally.failed += 1
        shared.progress.bytes_sent += settlement.bytes_sent
        shared.progress.arrived(tally.name, message.author.name, message.content or sent.content, settlement.files_sent)

    async def _skip(self, container: Container, message: Message, rule: str) -> None:
        shared = self._shared
        await shared.journal.settle(self._id, container.id, message.id, Settlement(MessageState.SKIPPED, rule))
        shared.progress.channels[container.id].skipped += 1

    async def _settle_failed(self, container: Container, message: Message, cause: str) -> None:
        shared = self._shared
        await shared.journal.settle(self._id, container.id, message.id, Settlement(MessageState.FAILED, cause))
        shared.progress.channels[container.id].failed += 1
        shared.log.write(Level.ERROR, f"a message could not be carried over: {cause}", container.id)

    async def _delivered_before(self, stored: StoredMessage, number: int) -> _Tally:
        tally = _Tally()
        kept = _kept(stored)
        if kept is not None and number:
            message = self._shared.reader.parse(stored.payload)
            for earlier in range(number):
                self._count_part(tally, kept, earlier, message, None)
        return tally

    def _count_part(
        self, tally: _Tally, composition: Composition, number: int, message: Message, sent: TargetMessage | None
    ) -> None:
        if number >= len(composition.parts):
            return
        own = {attachment.id for attachment in message.attachments}
        own.update(attachment.id for snapshot in message.snapshots for attachment in snapshot.attachments)
        slots = [slot for slot in composition.parts[number].files if slot.key in own]
        if sent is not None and sent.attachment_count < len(composition.parts[number].files):
            slots = slots[: sent.attachment_count]
        tally.files += len(slots)
        tally.bytes += sum(slot.size or 0 for slot in slots)

    def _settlement(self, tally: _Tally, composition: Composition) -> Settlement:
        ledger = [*tally.ledger, *composition.placeholders]
        return Settlement(
            MessageState.SENT,
            files_sent=tally.files,
            files_left=len(composition.placeholders),
            bytes_sent=tally.bytes,
            ledger=ledger,
        )


class _FilesLost(Exception):
    """Files turned out to be unavailable before anything was posted."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__()
        self.reasons = reasons


def _kept(stored: StoredMessage) -> Composition | None:
    return None if stored.composition is None else msgspec.json.decode(stored.composition, type=Composition)


def _next_step(degrade: Degrade, error: Refused, composition: Composition) -> Degrade | None:
    has_avatar = any(part.avatar_url for part in composition.parts)
    has_embeds = any(part.embeds for part in composition.parts)
    has_files = any(part.files for part in composition.parts)
    is_about_files = error.status == 413 or "FILE" in error.code or "ATTACHMENT" in error.code or error.field == "files"
    if error.field == "avatar" and has_avatar:
        return degrade._replace(without_avatar=True)
    if is_about_files and has_files:
        return degrade._replace(without_files=True)
    if has_embeds:
        return degrade._replace(without_embeds=True)
    if has_avatar:
        return degrade._replace(without_avatar=True)
    if has_files:
        return degrade._replace(without_files=True)
    if not degrade.as_placeholder:
        return degrade._replace(as_placeholder=str(error))
    return None


def _what_was_dropped(before: Degrade, after: Degrade) -> str:
    if after.without_avatar and not before.without_avatar:
        return "avatar"
    if after.without_embeds and not before.without_embeds:
        return "embeds"
    if after.without_files and not before.without_files:
        return "files"
    return "content"


def _stump(part: Part, cause: str) -> Part:
    content = f"-# ⚠ The rest of this message could not be carried over: {cause}"[:500]
    return msgspec.structs.replace(part, content=content, embeds=(), files=(), avatar_url="")
