"""What live events mean for the journal: reader and model put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reaper_tui.engine.capture import count_attachments
from reaper_tui.engine.difference import kinds_of_difference
from reaper_tui.engine.ports import Reader
from reaper_tui.engine.vigil import Renewed
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.feed import FeedEvent
from reaper_tui.journal.live import Arrival, Changed, deleted
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.model.message import Message

REACTIONS, PINS, UPDATE = "reactions", "pins", "update"


class LiveReading:
    """Fulfils `journal.live.Reading`; `notes` are the things to be done about a new message."""

    def __init__(
        self, reader: Reader, notes: Callable[[Message], Sequence[ChangeKind]], now: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._notes = notes
        self._now = now

    def arrival(self, event: LiveEvent) -> Arrival:
        """Return what a new message brings."""
        message = self._reader.parse(event.payload)
        return Arrival(count_attachments(message), self._notes(message))

    def changed(self, payload: bytes, event: LiveEvent) -> Changed:
        """Return a stored message after an event."""
        merged = self._reader.merged(payload, event)
        if merged == payload:
            return Changed(payload, frozenset(), None)
        kinds = kinds_of_difference(self._reader.parse(payload), self._reader.parse(merged))
        return Changed(merged, kinds, self.told(event, payload, merged, kinds))

    def pinned(self, container_id: int, message_id: int, payload: bytes, *, is_pinned: bool) -> Changed | None:
        """Return a stored message after a look at its channel's pins, None when it was known to be so."""
        if self._reader.parse(payload).is_pinned == is_pinned:
            return None
        kind = ChangeKind.PIN if is_pinned else ChangeKind.UNPIN
        told = _pin(container_id, message_id, is_pinned=is_pinned)
        return Changed(self._reader.pinned(payload, is_pinned=is_pinned), frozenset((kind,)), told)

    def told(self, event: LiveEvent, before: bytes, after: bytes, kinds: frozenset[ChangeKind]) -> FeedEvent | None:
        """Return what the feed tells of a change, None when nobody would see it."""
        place, message_id = event.channel_id, event.message_id
        if event.kind is LiveKind.REACTION:
            return FeedEvent(REACTIONS, place, message_id, self._reader.reactions(after))
        if self._reader.shows_the_same(before, after):
            return None
        edited = self._reader.parse(after).edited_at
        return FeedEvent(UPDATE, place, message_id, after, f"{edited}/{event.at:.3f}")

    def rescanned(self, container_id: int, renewed: Renewed, gone: Iterable[int]) -> list[FeedEvent]:
        """Return what the feed tells of changes that were found by reading the source again."""
        told: list[FeedEvent] = []
        for message_id, (payload, kinds) in sorted(renewed.items()):
            if ChangeKind.EDIT in kinds:
                edited = self._reader.parse(payload).edited_at
                told.append(FeedEvent(UPDATE, container_id, message_id, payload, f"{edited}/{self._now():.3f}"))
            if ChangeKind.REACTIONS in kinds:
                told.append(FeedEvent(REACTIONS, container_id, message_id, self._reader.reactions(payload)))
            if kinds & {ChangeKind.PIN, ChangeKind.UNPIN}:
                told.append(_pin(container_id, message_id, is_pinned=ChangeKind.PIN in kinds))
        return [*told, *(deleted(container_id, message_id) for message_id in sorted(gone))]


def _pin(container_id: int, message_id: int, *, is_pinned: bool) -> FeedEvent:
    pinned = b"true" if is_pinned else b"false"
    body = b'{"id":"%d","channel_id":"%d","pinned":%b}' % (message_id, container_id, pinned)
    return FeedEvent(PINS, container_id, message_id, body)
