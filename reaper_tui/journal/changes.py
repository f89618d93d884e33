"""What happened to messages after they were read: edits, deletions, reactions and pins, each waiting to be applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from enum import IntEnum, StrEnum

import msgspec

from reaper_tui.journal.records import MessageState
from reaper_tui.model.summary import ChangeCount, Failure

Raw = sqlite3.Connection


class ChangeKind(StrEnum):
    """What became different about a message; `links` are its own, which may lead to a place by now."""

    EDIT = "edit"
    DELETE = "delete"
    REACTIONS = "reactions"
    PIN = "pin"
    UNPIN = "unpin"
    LINKS = "links"


class ChangeState(IntEnum):
    """Whether a change was carried over; `impossible` on this target, `failed` by a refusal."""

    PENDING = 0
    APPLIED = 1
    IMPOSSIBLE = 2
    FAILED = 3


class Change(msgspec.Struct, frozen=True):
    """One change that waits; `revision` grows when the same happens again meanwhile."""

    id: int
    message_id: int
    container_id: int
    kind: ChangeKind
    revision: int


_OPPOSITE = {ChangeKind.PIN: ChangeKind.UNPIN, ChangeKind.UNPIN: ChangeKind.PIN}
# A number is given again once its change was taken back: the one that has it then may be another.
_THE_SAME = "id = ? AND message_id = ? AND kind = ? AND revision = ? AND state = 0"
_NAMES: dict[str, str] = {
    ChangeKind.EDIT: "edits",
    ChangeKind.DELETE: "deletes",
    ChangeKind.REACTIONS: "reactions",
    ChangeKind.PIN: "pins",
    ChangeKind.UNPIN: "unpins",
    ChangeKind.LINKS: "links",
}


def note(raw: sqlite3.Connection, message_id: int, kinds: Collection[ChangeKind], at: float) -> None:
    """Put changes of a captured message on record; each waits once, however often it happened."""
    if not kinds:
        return
    row = raw.execute("SELECT container_id FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None:
        return
    for kind in kinds:
        if opposite := _OPPOSITE.get(kind):
            raw.execute("DELETE FROM change WHERE message_id = ? AND kind = ? AND state = 0", (message_id, opposite))
        raw.execute(
            "INSERT INTO change (message_id, container_id, kind, noted_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (message_id, kind) WHERE state = 0 DO UPDATE SET revision = revision + 1",
            (message_id, row[0], kind, at),
        )


def renew(raw: sqlite3.Connection, message_id: int, payload: bytes, kinds: Collection[ChangeKind], at: float) -> bool:
    """Store what a message says now, and what of it changed; return whether the message is known."""
    known = raw.execute("UPDATE message SET payload = ? WHERE id = ?", (payload, message_id)).rowcount > 0
    if known and _may_stand(raw, message_id):
        note(raw, message_id, kinds, at)
    return known


def remove(raw: sqlite3.Connection, message_id: int, at: float) -> bool:
    """Put on record that the source deleted a message; return whether that is news."""
    row = raw.execute("SELECT is_gone FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None or row[0]:
        return False
    raw.execute("UPDATE message SET is_gone = 1 WHERE id = ?", (message_id,))
    raw.execute("DELETE FROM change WHERE message_id = ? AND state = 0", (message_id,))
    if _may_stand(raw, message_id):
        note(raw, message_id, (ChangeKind.DELETE,), at)
    return True


def settle_change(raw: sqlite3.Connection, change: Change, state: ChangeState, cause: str = "") -> None:
    """Put a change into its final state, unless the same happened again since it was read."""
    raw.execute(
        f"UPDATE change SET state = ?, cause = ? WHERE {_THE_SAME}",  # noqa: S608 - a constant
        (state, cause, *_key(change)),
    )


def forget_change(raw: sqlite3.Connection, change: Change) -> None:
    """Drop a change that turned out to be none, unless the same happened again since it was read."""
    raw.execute(f"DELETE FROM change WHERE {_THE_SAME}", _key(change))  # noqa: S608 - a constant


def drop_posts(raw: sqlite3.Connection, message_id: int, first: int = 0) -> None:
    """Forget the posts of a message, from a number on, that were deleted on the target."""
    raw.execute("DELETE FROM part WHERE message_id = ? AND number >= ?", (message_id, first))


def keep_edit(raw: sqlite3.Connection, message_id: int, number: int, fingerprint: str, said: str) -> None:
    """Record how an edited post stands now."""
    raw.execute(
        "UPDATE part SET fingerprint = ?, said = ? WHERE message_id = ? AND number = ?",
        (fingerprint, said, message_id, number),
    )


def keep_reactions(raw: sqlite3.Connection, message_id: int, reacted: str) -> None:
    """Record which emojis the bot put below a message (JSON)."""
    raw.execute("UPDATE message SET reacted = ? WHERE id = ?", (reacted, message_id))


def reopen(raw: sqlite3.Connection, state: ChangeState, cause: str | None = None) -> None:
    """Let changes of a final state wait again, those with a cause or all, unless the same happened again later."""
    wanted = "state = ?" if cause is None else "state = ? AND cause = ?"
    values = (state,) if cause is None else (state, cause)
    raw.execute(
        f"DELETE FROM change WHERE {wanted} AND EXISTS (SELECT 1 FROM change AS later "  # noqa: S608 - constants
        "WHERE later.message_id = change.message_id AND later.kind = change.kind AND later.id > change.id)",
        values,
    )
    raw.execute(f"UPDATE change SET state = 0, cause = '' WHERE {wanted}", values)  # noqa: S608 - constants


def waiting(raw: sqlite3.Connection, container_id: int, after: int, limit: int) -> list[Change]:
    """Return changes of a container whose message was dealt with, oldest first."""
    rows = raw.execute(
        "SELECT change.id, message_id, change.container_id, kind, revision FROM change "
        "JOIN message ON message.id = message_id "
        "WHERE change.container_id = ? AND change.state = 0 AND message.state <> 0 AND change.id > ? "
        "ORDER BY change.id LIMIT ?",
        (container_id, after, limit),
    )
    return [Change(row[0], row[1], row[2], ChangeKind(row[3]), row[4]) for row in rows]


def waiting_containers(raw: sqlite3.Connection) -> list[int]:
    """Return the selected containers that have changes waiting."""
    rows = raw.execute(
        "SELECT DISTINCT container_id FROM change JOIN container ON container.id = container_id "
        "WHERE state = 0 AND is_selected"
    )
    return [row[0] for row in rows]


def change_counts(raw: sqlite3.Connection) -> dict[str, ChangeCount]:
    """Return how many changes of each kind were noted and what became of them."""
    counts: dict[str, ChangeCount] = {}
    for kind, state, number in raw.execute("SELECT kind, state, count(*) FROM change GROUP BY kind, state"):
        count = counts.setdefault(_NAMES[ChangeKind(kind)], ChangeCount())
        name = ChangeState(state).name.lower()
        setattr(count, name, getattr(count, name) + number)
    return counts


def unapplied_changes(raw: sqlite3.Connection, limit: int = 1000) -> list[Failure]:
    """Return the changes that were refused or that the target cannot take, with the causes."""
    rows = raw.execute(
        "SELECT change.kind, container.name, cause, container_id, message_id FROM change "
        "JOIN container ON container.id = container_id WHERE state IN (2, 3) ORDER BY change.id LIMIT ?",
        (limit,),
    )
    return [Failure(_NAMES[ChangeKind(row[0])], row[1], row[2], str(row[3]), str(row[4])) for row in rows]


def _key(change: Change) -> tuple[object, ...]:
    return change.id, change.message_id, change.kind, change.revision


def _may_stand(raw: sqlite3.Connection, message_id: int) -> bool:
    """Return whether posts of a message stand on the target or may yet be sent as it was read before."""
    row = raw.execute("SELECT state FROM message WHERE id = ?", (message_id,)).fetchone()
    return row[0] not in (MessageState.SKIPPED, MessageState.MERGED)
