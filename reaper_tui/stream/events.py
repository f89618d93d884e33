"""Events as they travel: the JSON text, and the same inside a WebSocket frame, made once for all listeners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from reaper_tui.journal.feed import FeedRow

KINDS = frozenset({"create", "update", "delete", "reactions", "pins"})


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event of the feed, ready to be written to a socket."""

    seq: int
    kind: str
    channel_id: int
    noted_at: float
    text: bytes
    frame: bytes


class Batch:
    """Events that leave together, joined once for everybody who gets the same ones."""

    __slots__ = ("_frames", "_lines", "epoch", "events")

    def __init__(self, epoch: str, events: Sequence[Event]) -> None:
        self.epoch = epoch
        self.events = events
        self._frames: bytes | None = None
        self._lines: bytes | None = None

    @property
    def frames(self) -> bytes:
        """WebSocket text frames, one an event."""
        if self._frames is None:
            self._frames = b"".join([event.frame for event in self.events])
        return self._frames

    @property
    def lines(self) -> bytes:
        """Server-sent events, each with its cursor as the id."""
        if self._lines is None:
            self._lines = b"".join([sent_event(event.text, f"{self.epoch}:{event.seq}") for event in self.events])
        return self._lines


def event_of(row: FeedRow, guild_id: str) -> Event:
    """Return a row of the feed as it travels; `body` stands in it unchanged, as the message is data."""
    text = b'{"op":"event","seq":%d,"t":"%s","ch":"%d","guild":"%s","id":"%d","ts":%d,"d":%s}' % (
        row.seq,
        row.kind.encode(),
        row.channel_id,
        guild_id.encode(),
        row.message_id,
        int(row.noted_at * 1000),
        row.body or b"null",
    )
    return Event(row.seq, row.kind, row.channel_id, row.noted_at, text, text_frame(text))


def events_of(rows: Iterable[FeedRow], guild_id: str) -> list[Event]:
    """Return rows of the feed as they travel."""
    return [event_of(row, guild_id) for row in rows]


def text_frame(text: bytes) -> bytes:
    """Return a whole, unmasked WebSocket text frame (RFC 6455, 5.2)."""
    length = len(text)
    if length < 126:
        return b"\x81%c%b" % (length, text)
    if length < 1 << 16:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), text)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), text)


def sent_event(text: bytes, cursor: str = "") -> bytes:
    """Return JSON text as a server-sent event; line breaks in JSON stand outside its strings and mean nothing."""
    line = text.replace(b"\r", b" ").replace(b"\n", b" ")
    return b"id: %b\ndata: %b\n\n" % (cursor.encode(), line) if cursor else b"data: %b\n\n" % line
