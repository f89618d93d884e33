"""The second pass: what changed about messages that stand on the target, each change as far as the target allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.directory import MessageDirectory
from reaper_tui.engine.events import Level
from reaper_tui.engine.fingerprint import fingerprint, said
from reaper_tui.engine.reactions import placed_reactions, wanted_reactions
from reaper_tui.engine.section import late_section, section_of
from reaper_tui.engine.together import together
from reaper_tui.journal import changes, mends, queries
from reaper_tui.journal.changes import Change, ChangeKind, ChangeState
from reaper_tui.journal.records import MessageState, PartRecord, StoredMessage
from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import Webhook
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.errors import AccessDenied, NotFound, NotSupported, OutcomeUnknown, Refused
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.outgoing import Part

TARGET = "Fluxer"
CONTAINERS_AT_ONCE = 8
BATCH = 100
CANNOT_EDIT = "this Fluxer server cannot change posts"
EMPTIED = "-# …"
CUT_SHORT = "-# ⚠ The rest of the edited message has no room here"

T = TypeVar("T")
ReactionMode = Literal["native", "text", "skip"]


@dataclass
class Amender:
    """Applies changes that wait; each may be done twice, so that one whose reply was lost is done again."""

    delivery: Delivery
    capabilities: Callable[[], Awaitable[TargetCapabilities]]
    webhooks: Callable[[], Mapping[int, Webhook]]
    reactions: ReactionMode
    sets_pins: bool
    defers_links: bool = False

    async def run(self) -> None:
        """Apply all that waits in the selected containers, and what was refused before; a stop passes through."""
        edits_posts = (await self.capabilities()).edits_posts

        def reopen(raw: changes.Raw) -> None:
            changes.reopen(raw, ChangeState.FAILED)
            if edits_posts:
                changes.reopen(raw, ChangeState.IMPOSSIBLE, CANNOT_EDIT)

        await self.delivery.journal.write(reopen)
        queue = await self.delivery.journal.read(changes.waiting_containers)

        async def work() -> None:
            while queue:
                await self.container(queue.pop())

        await together(work() for _ in range(min(CONTAINERS_AT_ONCE, len(queue))))

    async def container(self, container_id: int) -> None:
        """Apply what waits in one container; links that may yet find their place are left when they are deferred."""
        pins: list[Change] = []
        after = 0
        while batch := await self._waiting(container_id, after):
            after = batch[-1].id
            for change in batch:
                if change.kind is ChangeKind.PIN:
                    pins.append(change)
                elif change.kind is not ChangeKind.LINKS or not self.defers_links:
                    await self._change(change)
        for change in await self._in_pin_order(container_id, pins):
            await self._change(change)

    async def _waiting(self, container_id: int, after: int) -> list[Change]:
        return await self.delivery.journal.read(lambda raw: changes.waiting(raw, container_id, after, BATCH))

    async def _in_pin_order(self, container_id: int, pins: list[Change]) -> list[Change]:
        if len(pins) < 2 or not self.sets_pins:
            return pins
        shared = self.delivery
        try:
            order = await shared.outage.through("Discord", lambda: shared.reader.pins(container_id))
        except (AccessDenied, NotFound, Refused) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            return pins
        place = {message_id: index for index, message_id in enumerate(order)}
        return sorted(pins, key=lambda change: (place.get(change.message_id, -1), change.message_id))

    async def _change(self, change: Change) -> None:
        shared = self.delivery
        if change.kind is ChangeKind.PIN and not self.sets_pins:
            return
        await shared.control.boundary()
        stored = await shared.journal.read(lambda raw: queries.message(raw, change.message_id))
        parts = await shared.journal.read(lambda raw: queries.parts_of(raw, change.message_id))
        standing = [part for part in parts if part.target_id is not None]
        if stored is None or not standing:
            await shared.journal.write(lambda raw: changes.forget_change(raw, change))
            return
        try:
            await self._apply(change, stored, standing)
        except NotSupported:
            await self._end(change, ChangeState.IMPOSSIBLE, CANNOT_EDIT)
        except (Refused, AccessDenied, NotFound) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            await self._end(change, ChangeState.FAILED, error.line())

    async def _apply(self, change: Change, stored: StoredMessage, standing: Sequence[PartRecord]) -> None:
        match change.kind:
            case ChangeKind.DELETE:
                await self._delete(change, standing)
            case ChangeKind.PIN:
                await self._pin(change, standing[0])
            case ChangeKind.UNPIN:
                await self._unpin(change, standing[0])
            case ChangeKind.REACTIONS if self.reactions == "native":
                await self._react(change, stored, standing[0])
            case ChangeKind.REACTIONS if self.reactions == "skip":
                await self.delivery.journal.write(lambda raw: changes.forget_change(raw, change))
            case _:
                await self._edit(change, stored, standing)

    async def _delete(self, change: Change, standing: Sequence[PartRecord]) -> None:
        shared = self.delivery
        for part in reversed(standing):
            target_id = part.target_id
            assert target_id is not None
            await self._unless_gone(lambda part=part, to=target_id: shared.writer.delete_post(part.channel_id, to))

        def apply(raw: changes.Raw) -> None:
            changes.drop_posts(raw, change.message_id)
            changes.settle_change(raw, change, ChangeState.APPLIED)

        await shared.journal.write(apply)

    async def _pin(self, change: Change, first: PartRecord) -> None:
        writer, target_id = self.delivery.writer, first.target_id
        assert target_id is not None
        await self._call(lambda: writer.pin(first.channel_id, target_id))
        await self._call(lambda: writer.remove_pin_notice(first.channel_id, target_id))
        await self._end(change, ChangeState.APPLIED)

    async def _unpin(self, change: Change, first: PartRecord) -> None:
        target_id = first.target_id
        assert target_id is not None
        await self._unless_gone(lambda: self.delivery.writer.unpin(first.channel_id, target_id))
        await self._end(change, ChangeState.APPLIED)

    async def _react(self, change: Change, stored: StoredMessage, first: PartRecord) -> None:
        shared, target_id = self.delivery, first.target_id
        assert target_id is not None
        wanted = wanted_reactions(shared.reader.parse(stored.payload), shared.target)
        placed = placed_reactions(stored.reacted)
        refused = ""
        for emoji in [emoji for emoji in placed if emoji not in wanted]:
            await self._unless_gone(lambda emoji=emoji: shared.writer.unreact(first.channel_id, target_id, emoji))
            placed.remove(emoji)
        for emoji in [emoji for emoji in wanted if emoji not in placed]:
            try:
                await self._call(lambda emoji=emoji: shared.writer.react(first.channel_id, target_id, emoji))
                placed.append(emoji)
            except Refused as error:
                refused = refused or f"{emoji.partition(':')[0]}: {error}"
        reacted = msgspec.json.encode(placed).decode()

        def apply(raw: changes.Raw) -> None:
            changes.keep_reactions(raw, change.message_id, reacted)
            changes.settle_change(raw, change, ChangeState.FAILED if refused else ChangeState.APPLIED, refused)

        await shared.journal.write(apply)

    async def _edit(self, change: Change, stored: StoredMessage, standing: Sequence[PartRecord]) -> None:
        shared = self.delivery
        if stored.state is not MessageState.SENT:
            await self._end(change, ChangeState.IMPOSSIBLE, "the message itself was not carried over")
            return
        posts, surplus = _fitted(await self._composed(stored, standing), standing)
        standing = standing[: len(posts)]
        if not surplus and all(record.said == said(part) for record, part in zip(standing, posts, strict=True)):
            await shared.journal.write(lambda raw: changes.forget_change(raw, change))
            return
        if not (await self.capabilities()).edits_posts:
            await self._end(change, ChangeState.IMPOSSIBLE, CANNOT_EDIT)
            return
        amended: list[tuple[int, str, str]] = []
        for record, part in zip(standing, posts, strict=True):
            if record.said == said(part):
                continue
            webhook = self.webhooks().get(record.webhook_id)
            target_id = record.target_id
            assert target_id is not None
            if webhook is None:
                await self._end(change, ChangeState.IMPOSSIBLE, "the webhook that posted it is gone")
                return
            place = record.channel_id if record.channel_id != webhook.channel_id else None
            stands = await self._call(
                lambda hook=webhook, to=target_id, part=part, place=place: shared.writer.edit_post(
                    hook, to, part, thread_id=place
                )
            )
            amended.append((record.number, fingerprint(stands), said(part)))
        for record in surplus:
            to = record.target_id or 0
            await self._unless_gone(lambda record=record, to=to: shared.writer.delete_post(record.channel_id, to))

        def apply(raw: changes.Raw) -> None:
            for number, print_, words in amended:
                changes.keep_edit(raw, change.message_id, number, print_, words)
            if surplus:
                changes.drop_posts(raw, change.message_id, surplus[0].number)
            changes.settle_change(raw, change, ChangeState.APPLIED)

        await shared.journal.write(apply)

    async def _composed(self, stored: StoredMessage, standing: Sequence[PartRecord]) -> tuple[Part, ...]:
        shared = self.delivery
        message = shared.reader.parse(stored.payload)
        wanted = shared.composer.references(message)
        places = await shared.journal.read(lambda raw: queries.places(raw, wanted)) if wanted else {}
        flow = await self._flow(stored, standing[0])
        return shared.composer.compose(message, MessageDirectory(shared.target, places), flow, Degrade()).parts

    async def _flow(self, stored: StoredMessage, first: PartRecord) -> Flow:
        """Return what stands above a post, as it was when the post was composed."""
        shared = self.delivery
        target_id, channel_id = first.target_id or 0, first.channel_id
        if await shared.journal.read(lambda raw: mends.is_late(raw, stored.id)):
            container = await shared.journal.read(lambda raw: queries.container(raw, stored.container_id))
            return Flow(section=late_section(container, first.lane_id)) if container else Flow()
        above_id = await shared.journal.read(lambda raw: queries.post_above(raw, channel_id, target_id))
        above = None
        if above_id is not None:
            above = await shared.journal.read(lambda raw: queries.message(raw, above_id))
        is_elsewhere = above is not None and above.container_id != stored.container_id
        if is_elsewhere or (above is None and stored.container_id != first.lane_id):
            container = await shared.journal.read(lambda raw: queries.container(raw, stored.container_id))
            return Flow(section=section_of(container))
        if above is None:
            return Flow()
        previous = shared.reader.parse(above.payload)
        return Flow(shared.author_key(previous), unix_seconds(previous.id), "")

    async def _unless_gone(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._call(work)
        except NotFound:
            return

    async def _call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what a request returns, through outages and lost replies: everything here may be done twice."""
        shared = self.delivery

        async def request() -> T:
            return await work()

        while True:
            try:
                return await shared.outage.through(TARGET, request)
            except OutcomeUnknown as error:
                await shared.outage.pause(TARGET, error)

    async def _end(self, change: Change, state: ChangeState, cause: str = "") -> None:
        shared = self.delivery
        await shared.journal.write(lambda raw: changes.settle_change(raw, change, state, cause))
        if state is ChangeState.FAILED:
            shared.log.write(Level.WARNING, f"{_WORDS[change.kind]} could not be carried over: {cause}")


_WORDS = {
    ChangeKind.EDIT: "an edit",
    ChangeKind.DELETE: "a deletion",
    ChangeKind.REACTIONS: "reactions",
    ChangeKind.PIN: "a pin",
    ChangeKind.UNPIN: "an unpinning",
    ChangeKind.LINKS: "links of a message",
}


def _fitted(posts: Sequence[Part], standing: Sequence[PartRecord]) -> tuple[list[Part], Sequence[PartRecord]]:
    """Return what the posts that stand shall say, and those that are too many; none can be put in between later."""
    kept = list(posts[: len(standing)])
    if len(posts) > len(standing) and posts[len(standing)].content:
        kept[-1] = msgspec.structs.replace(kept[-1], content=f"{kept[-1].content}\n{CUT_SHORT}")
    missing = len(standing) - len(kept)
    if any(part.files for part in posts):
        # Files stay where they were posted, so their post stays as well.
        kept += [Part(content=EMPTIED, username="")] * missing
        missing = 0
    return kept, standing[len(standing) - missing :]
