"""The journal's door for live events: messages, what changed about them, and the feed, a batch a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import msgspec

from reaper_tui.journal import changes, feed, queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.feed import FeedEvent
from reaper_tui.model.ids import EPOCH_MILLISECONDS
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.model.plan import Route


class Arrival(NamedTuple):
    """A new message as it goes on record: how many files it has, and what is to be done about it once it stands."""

    files: int = 0
    noted: Sequence[ChangeKind] = ()


class Changed(NamedTuple):
    """A stored message after an event: its JSON, what of it counts as a change, and what the feed tells."""

    payload: bytes
    kinds: frozenset[ChangeKind]
    told: FeedEvent | None


class Reading(Protocol):
    """What events mean, which the journal does not know."""

    def arrival(self, event: LiveEvent) -> Arrival: ...
    def changed(self, payload: bytes, event: LiveEvent) -> Changed: ...


# Remembered once every history stood on the target and was followed from there.
FOLLOWED = "followed"


@dataclass
class Taken:
    """What became of a batch.

    `changed` are containers, `unsent` messages that changed before they were sent; `early` events met a message or a
    container that is not here yet.
    """

    added: dict[int, int] = field(default_factory=dict[int, int])
    changed: set[int] = field(default_factory=set[int])
    unsent: set[int] = field(default_factory=set[int])
    early: list[LiveEvent] = field(default_factory=list[LiveEvent])
    unknown: set[int] = field(default_factory=set[int])
    has_told: bool = False


class _Place(NamedTuple):
    is_captured: bool
    was_captured: bool
    cursor: int

    @property
    def has_gap(self) -> bool:
        return self.was_captured and not self.is_captured


def take(
    raw: sqlite3.Connection, events: Iterable[LiveEvent], reading: Reading, at: float, *, feeds: bool = True
) -> Taken:
    """Put message events on record in their order.

    A message goes behind the history of its container: as long as something before it may be missing, nobody sends it.
    The feed tells it at once, but for a container whose gap is being closed, where that is done in order.
    """
    taken = Taken()
    told: list[FeedEvent] = []
    places: dict[int, _Place | None] = {}
    for event in events:
        container_id = event.channel_id
        if container_id not in places:
            places[container_id] = _place(raw, container_id)
        place = places[container_id]
        if place is None:
            taken.unknown.add(container_id)
            taken.early.append(event)
        elif event.kind is LiveKind.MESSAGE:
            if _add(raw, event, reading, at, place):
                taken.added[container_id] = taken.added.get(container_id, 0) + 1
            if not place.has_gap:
                told.append(created(event.channel_id, event.message_id, event.payload))
        else:
            change = _delete if event.kind is LiveKind.DELETE else _change
            told += [fact for fact in change(raw, event, reading, at, place, taken) if _may_tell(raw, fact, place)]
    if feeds and told:
        feed.append(raw, told, at)
        taken.has_told = True
    return taken


def created(container_id: int, message_id: int, payload: bytes) -> FeedEvent:
    """Return what the feed tells of a new message."""
    return FeedEvent("create", container_id, message_id, payload, "")


def deleted(container_id: int, message_id: int) -> FeedEvent:
    """Return what the feed tells of a message that is gone."""
    body = b'{"id":"%d","channel_id":"%d"}' % (message_id, container_id)
    return FeedEvent("delete", container_id, message_id, body, "")


def tell_page(raw: sqlite3.Connection, container_id: int, after: int, until: int | None, at: float) -> None:
    """Tell the feed, in order, what came behind an id while a gap was being closed."""
    rows = raw.execute(
        "SELECT id, payload FROM message WHERE container_id = ? AND id > ? AND id <= ? AND NOT is_gone ORDER BY id",
        (container_id, after, (1 << 63) - 1 if until is None else until),
    )
    feed.append(raw, [created(container_id, row[0], row[1]) for row in rows.fetchall()], at)


def open_gaps(raw: sqlite3.Connection) -> None:
    """Note that messages may be missing behind what stands: everything later waits until the source was read again."""
    raw.execute(
        "UPDATE container SET is_captured = 0, capture_cursor = max(capture_cursor, coalesce("
        "(SELECT max(id) FROM message WHERE container_id = container.id), 0)) WHERE is_selected AND is_captured"
    )


def was_whole(raw: sqlite3.Connection) -> bool:
    """Return whether an earlier run carried everything over: it ended so, or was a mirror that went on from there."""
    return queries.last_state(raw) == "done" or queries.fact(raw, FOLLOWED) is not None


def gaps(raw: sqlite3.Connection) -> list[int]:
    """Return the selected containers whose history has to be read on."""
    return [row[0] for row in raw.execute("SELECT id FROM container WHERE is_selected AND NOT is_captured")]


def add_routes(raw: sqlite3.Connection, routes: Iterable[Route], *, since: int = 0) -> list[int]:
    """Add containers to those of the run and return the new ones; the others only learn their names."""
    added: list[int] = []
    for route in routes:
        known = raw.execute("SELECT is_selected FROM container WHERE id = ?", (route.container_id,)).fetchone()
        if known is not None and known[0]:
            raw.execute(
                "UPDATE container SET name = ?, parent_name = ? WHERE id = ?",
                (route.name, route.parent_name, route.container_id),
            )
            continue
        added.append(route.container_id)
        raw.execute(
            "INSERT INTO container (id, name, kind, parent_name, lane_id, sequence, estimate, capture_cursor) "
            "VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(sequence), 0) + 1 FROM container), ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET is_selected = 1, is_captured = 0, name = excluded.name",
            (
                route.container_id,
                route.name,
                route.kind,
                route.parent_name,
                route.lane_id,
                route.estimate,
                since,
            ),
        )
    return added


def begin_behind(raw: sqlite3.Connection, cursors: Iterable[tuple[int, int]], at: float) -> None:
    """Follow containers that were never read from an id on, as if all before it had been: (container, id)."""
    raw.executemany(
        "UPDATE container SET capture_cursor = ?, captured_at = ? WHERE id = ? AND captured_at IS NULL",
        [(cursor, at, container_id) for container_id, cursor in cursors],
    )


def pinned_candidates(raw: sqlite3.Connection, container_id: int, also: Collection[int]) -> dict[int, bytes]:
    """Return the payloads of a container's messages that may be on record as pinned, and of some more, by id."""
    rows = raw.execute(
        "SELECT id, payload FROM message WHERE container_id = ? AND NOT is_gone "
        "AND (instr(payload, CAST('\"pinned\":true' AS BLOB)) OR instr(payload, CAST('\"pinned\": true' AS BLOB)))",
        (container_id,),
    )
    found: dict[int, bytes] = dict(rows.fetchall())
    for message_id in also:
        row = raw.execute(
            "SELECT payload FROM message WHERE id = ? AND container_id = ?", (message_id, container_id)
        ).fetchone()
        if row is not None:
            found[message_id] = row[0]
    return found


def waiting_count(raw: sqlite3.Connection) -> int:
    """Return how many messages and changes wait to be carried over."""
    messages = raw.execute(
        "SELECT count(*) FROM container JOIN message ON container_id = container.id WHERE is_selected AND state = 0"
    ).fetchone()[0]
    changed = raw.execute(
        "SELECT count(*) FROM change JOIN container ON container.id = container_id WHERE is_selected AND state = 0"
    ).fetchone()[0]
    return messages + changed


def snowflake_before(at: float) -> int:
    """Return an id that no message written at a time can have, nor any later one."""
    return max(0, (int(at * 1000) - EPOCH_MILLISECONDS) << 22) - 1


def _place(raw: sqlite3.Connection, container_id: int) -> _Place | None:
    row = raw.execute(
        "SELECT is_captured, captured_at IS NOT NULL, capture_cursor FROM container WHERE id = ? AND is_selected",
        (container_id,),
    ).fetchone()
    return None if row is None else _Place(bool(row[0]), bool(row[1]), row[2])


def _add(raw: sqlite3.Connection, event: LiveEvent, reading: Reading, at: float, place: _Place) -> bool:
    message_id, container_id = event.message_id, event.channel_id
    is_new = raw.execute(
        "INSERT OR IGNORE INTO message (id, container_id, payload) VALUES (?, ?, ?)",
        (message_id, container_id, event.payload),
    ).rowcount
    if not is_new:
        return False
    raw.execute(
        "UPDATE container SET source = source + 1, capture_cursor = iif(?, max(capture_cursor, ?), capture_cursor) "
        "WHERE id = ?",
        (place.is_captured, message_id, container_id),
    )
    arrival = reading.arrival(event)
    if arrival.files:
        raw.execute(
            "INSERT INTO counter VALUES ('attachments_source', ?) ON CONFLICT (name) DO UPDATE SET value = value + ?",
            (arrival.files, arrival.files),
        )
    changes.note(raw, message_id, arrival.noted, at)
    return True


def _delete(
    raw: sqlite3.Connection, event: LiveEvent, reading: Reading, at: float, place: _Place, taken: Taken
) -> list[FeedEvent]:
    told: list[FeedEvent] = []
    unknown: list[int] = []
    for message_id in event.message_ids:
        if changes.remove(raw, message_id, at):
            taken.changed.add(event.channel_id)
            _note_unsent(raw, message_id, taken)
            told.append(deleted(event.channel_id, message_id))
        elif not place.is_captured and not _is_known(raw, message_id):
            unknown.append(message_id)
    if unknown:
        taken.early.append(msgspec.structs.replace(event, message_ids=tuple(unknown)))
    return told


def _change(
    raw: sqlite3.Connection, event: LiveEvent, reading: Reading, at: float, place: _Place, taken: Taken
) -> list[FeedEvent]:
    row = raw.execute(
        "SELECT payload FROM message WHERE id = ? AND container_id = ?", (event.message_id, event.channel_id)
    ).fetchone()
    if row is None:
        if not place.is_captured:
            taken.early.append(event)
        return []
    changed = reading.changed(row[0], event)
    if changed.payload != row[0]:
        changes.renew(raw, event.message_id, changed.payload, sorted(changed.kinds), at)
        _note_unsent(raw, event.message_id, taken)
        if changed.kinds:
            taken.changed.add(event.channel_id)
    return [] if changed.told is None else [changed.told]


def _note_unsent(raw: sqlite3.Connection, message_id: int, taken: Taken) -> None:
    if raw.execute("SELECT 1 FROM message WHERE id = ? AND state = 0", (message_id,)).fetchone():
        taken.unsent.add(message_id)


def _may_tell(raw: sqlite3.Connection, fact: FeedEvent, place: _Place) -> bool:
    """Return whether the feed knows the message: one in a gap is told whole, as it is once the gap is closed."""
    if not place.has_gap or fact.message_id <= place.cursor:
        return True
    seen = "SELECT 1 FROM feed WHERE message_id = ? AND kind = 'create' AND version = ''"
    return raw.execute(seen, (fact.message_id,)).fetchone() is not None


def _is_known(raw: sqlite3.Connection, message_id: int) -> bool:
    return raw.execute("SELECT 1 FROM message WHERE id = ?", (message_id,)).fetchone() is not None
