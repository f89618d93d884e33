"""Second tries: what of a clone can be mended, and each step of mending as a function for one transaction.

A message keeps its class until its posts stand again. Posts of a second try count from `FIRST_RETRY`, so that the posts
they replace stay on record beside them; at the end these are noted down to be deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from reaper_tui.journal import changes
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.records import MessageState, PartRecord
from reaper_tui.model.retrying import Retriable

FIRST_RETRY = 1_000_000


class MendKind(StrEnum):
    """How a message is mended: sent anew in place of what stands, changed where it stands, or given its files."""

    REPLACE = "replace"
    EDIT = "edit"
    FILES = "files"


class Finding(StrEnum):
    """What the last verification found wrong with a post."""

    MISSING = "missing"
    CHANGED = "changed"


class Doubt(msgspec.Struct, frozen=True):
    """A post of which nobody could tell whether it arrived; `newest_id` is the post that was certain before it."""

    message_id: int
    number: int
    lane_id: int
    channel_id: int
    webhook_id: int
    nonce: str
    is_last: int
    intended_at: float
    newest_id: int


class Candidate(msgspec.Struct, frozen=True):
    """A message that may be mended: its class, and what is known against it."""

    message_id: int
    container_id: int
    state: MessageState
    kind: MendKind | None
    is_missing: bool
    is_changed: bool
    left_files: int


class Leftover(msgspec.Struct, frozen=True):
    """A post that was replaced and is still to be deleted."""

    channel_id: int
    target_id: int
    message_id: int


class Renewal(msgspec.Struct, frozen=True):
    """What a finished second try changes beside the posts: counts of files as differences, and the new ledger.

    `noted` is what has to be done about the new posts later, such as pinning them.
    """

    files_sent: int = 0
    files_left: int = 0
    bytes_sent: int = 0
    ledger: tuple[tuple[str, str], ...] = ()
    left_files: tuple[int, ...] = ()
    noted: tuple[ChangeKind, ...] = ()


_CANDIDATES = """
    SELECT message.id, container_id, message.state, mend.kind,
        EXISTS (SELECT 1 FROM finding WHERE message_id = message.id AND finding.kind = 'missing'),
        EXISTS (SELECT 1 FROM finding WHERE message_id = message.id AND finding.kind = 'changed'),
        (SELECT count(*) FROM left_file WHERE message_id = message.id)
    FROM message LEFT JOIN mend ON mend.message_id = message.id
    WHERE message.id IN (
        SELECT message_id FROM mend UNION SELECT message_id FROM finding UNION SELECT message_id FROM left_file
        UNION SELECT id FROM message WHERE state IN (4, 5)
    ) AND is_gone = 0 AND (message.state IN (1, 4, 5) OR mend.kind IS NOT NULL)
    ORDER BY container_id, message.id
"""


def candidates(raw: sqlite3.Connection) -> list[Candidate]:
    """Return the messages that may be mended, container by container, oldest first."""
    return [
        Candidate(row[0], row[1], MessageState(row[2]), row[3] and MendKind(row[3]), bool(row[4]), bool(row[5]), row[6])
        for row in raw.execute(_CANDIDATES)
    ]


def retriable(raw: sqlite3.Connection) -> Retriable:
    """Return how much there is to try again in the selected containers."""

    def count(statement: str) -> int:
        return raw.execute(
            f"SELECT count(DISTINCT message.id) FROM {statement} "  # noqa: S608 - the statements stand below
            "AND is_gone = 0 AND container_id IN (SELECT id FROM container WHERE is_selected)"
        ).fetchone()[0]

    return Retriable(
        failed=count("message WHERE state = 4"),
        uncertain=count("message JOIN doubt ON message_id = message.id WHERE state = 5"),
        missing=count("message JOIN finding ON message_id = message.id WHERE kind = 'missing' AND state = 1"),
        changed=count("message JOIN finding ON message_id = message.id WHERE kind = 'changed' AND state = 1"),
        with_files=count("message JOIN left_file ON message_id = message.id WHERE state = 1"),
        leftovers=raw.execute("SELECT count(*) FROM discard").fetchone()[0],
    )


def has_pending(raw: sqlite3.Connection, container_ids: Iterable[int]) -> bool:
    """Return whether messages of these containers still wait for their first try."""
    return any(
        raw.execute(
            "SELECT EXISTS (SELECT 1 FROM message JOIN container ON container.id = container_id "
            "WHERE container_id = ? AND message.id > frontier)",
            (container_id,),
        ).fetchone()[0]
        for container_id in container_ids
    )


def begin(raw: sqlite3.Connection, message_id: int, kind: MendKind) -> None:
    """Put on record that a message is being mended."""
    raw.execute("INSERT OR IGNORE INTO mend VALUES (?, ?)", (message_id, kind))


def forget(raw: sqlite3.Connection, message_id: int) -> None:
    """Give up a mend of which nothing stands, keeping the message as it was."""
    raw.execute("DELETE FROM mend WHERE message_id = ?", (message_id,))
    raw.execute("UPDATE message SET composition = NULL WHERE id = ?", (message_id,))


def confirm(
    raw: sqlite3.Connection, part: PartRecord, target_id: int, fingerprint: str, said: str, kept: bytes | None
) -> None:
    """Record what a post of a second try became; the composition is kept for the rest."""
    raw.execute(
        "UPDATE part SET target_id = ?, fingerprint = ?, said = ? "
        "WHERE message_id = ? AND number = ? AND target_id IS NULL",
        (target_id, fingerprint, said, part.message_id, part.number),
    )
    raw.execute("UPDATE message SET composition = coalesce(?, composition) WHERE id = ?", (kept, part.message_id))


def confirm_last(
    raw: sqlite3.Connection,
    part: PartRecord,
    target_id: int,
    fingerprint: str,
    said: str,
    renewal: Renewal,
    at: float,
) -> None:
    """Record what the last post of a second try became, and finish it."""
    confirm(raw, part, target_id, fingerprint, said, None)
    finish(raw, part.lane_id, part.message_id, renewal, at)


def finish(raw: sqlite3.Connection, lane_id: int, message_id: int, renewal: Renewal, at: float) -> None:
    """Let the posts of a second try be the message's own, put it into its class, and note what is to be deleted."""
    kind = raw.execute("SELECT kind FROM mend WHERE message_id = ?", (message_id,)).fetchone()
    if kind is None:
        return
    shift = FIRST_RETRY
    if kind[0] == MendKind.REPLACE:
        _retire(raw, message_id)
        raw.execute("UPDATE message SET reacted = '' WHERE id = ?", (message_id,))
        changes.note(raw, message_id, renewal.noted, at)
        raw.execute("INSERT OR REPLACE INTO late VALUES (?, ?)", (message_id, at))
    else:
        highest = raw.execute(
            "SELECT coalesce(max(number), -1) FROM part WHERE message_id = ? AND number < ?", (message_id, FIRST_RETRY)
        ).fetchone()[0]
        shift -= highest + 1
    raw.execute(
        "UPDATE part SET number = number - ? WHERE message_id = ? AND number >= ?", (shift, message_id, FIRST_RETRY)
    )
    _renew(raw, message_id, renewal)
    raw.execute(
        "INSERT INTO lane SELECT ?, id, container_id FROM message WHERE id = ? ON CONFLICT (id) DO UPDATE SET "
        "last_message_id = excluded.last_message_id, last_container_id = excluded.last_container_id",
        (lane_id, message_id),
    )
    _reclass(raw, message_id, MessageState.SENT, "")
    for table in ("mend", "doubt", "finding"):
        raw.execute(f"DELETE FROM {table} WHERE message_id = ?", (message_id,))  # noqa: S608 - fixed names


def give_up(raw: sqlite3.Connection, message_id: int, cause: str) -> None:
    """End a mend that was refused: its posts are to be deleted, and a message that had failed keeps the new cause."""
    raw.execute(
        "INSERT OR IGNORE INTO discard SELECT channel_id, target_id, message_id FROM part "
        "WHERE message_id = ? AND number >= ? AND target_id IS NOT NULL",
        (message_id, FIRST_RETRY),
    )
    raw.execute("DELETE FROM part WHERE message_id = ? AND number >= ?", (message_id, FIRST_RETRY))
    raw.execute("UPDATE message SET cause = ? WHERE id = ? AND state = 4", (cause, message_id))
    forget(raw, message_id)


def edited(
    raw: sqlite3.Connection, message_id: int, target_id: int, fingerprint: str, said: str, renewal: Renewal | None
) -> None:
    """Record that a message's only post was changed where it stands into what it should be."""
    raw.execute(
        "UPDATE part SET fingerprint = ?, said = ?, is_last = 1 WHERE message_id = ? AND target_id = ?",
        (fingerprint, said, message_id, target_id),
    )
    if renewal is not None:
        _renew(raw, message_id, renewal)
    raw.execute("DELETE FROM finding WHERE message_id = ? AND target_id = ?", (message_id, target_id))
    raw.execute("DELETE FROM mend WHERE message_id = ?", (message_id,))
    _reclass(raw, message_id, MessageState.SENT, "")


def keep_doubt(raw: sqlite3.Connection, part: PartRecord) -> None:
    """Take a post in doubt out of its lane's way, and keep what a later look needs to find it."""
    newest = raw.execute(
        "SELECT coalesce(max(target_id), 0) FROM part WHERE channel_id = ? AND target_id IS NOT NULL",
        (part.channel_id,),
    ).fetchone()[0]
    raw.execute(
        "INSERT OR REPLACE INTO doubt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            part.message_id,
            part.number,
            part.lane_id,
            part.channel_id,
            part.webhook_id,
            part.nonce,
            part.is_last,
            part.intended_at,
            newest,
        ),
    )
    raw.execute(
        "DELETE FROM part WHERE message_id = ? AND number = ? AND target_id IS NULL", (part.message_id, part.number)
    )


def leave_in_doubt(raw: sqlite3.Connection, part: PartRecord, why: str) -> None:
    """Call a message uncertain whose second try nobody can look for now."""
    keep_doubt(raw, part)
    _reclass(raw, part.message_id, MessageState.UNCERTAIN, why)


def doubt_of(raw: sqlite3.Connection, message_id: int) -> Doubt | None:
    """Return the post of a message that may or may not stand."""
    row = raw.execute("SELECT * FROM doubt WHERE message_id = ?", (message_id,)).fetchone()
    return Doubt(*row) if row else None


def doubts_beside(raw: sqlite3.Connection, doubt: Doubt) -> list[int]:
    """Return the messages, in the order they were sent, whose posts would stand between the same certain ones."""
    rows = raw.execute(
        "SELECT message_id FROM doubt WHERE channel_id = ? AND newest_id = ? ORDER BY intended_at",
        (doubt.channel_id, doubt.newest_id),
    )
    return [row[0] for row in rows]


def next_certain(raw: sqlite3.Connection, channel_id: int, target_id: int) -> int | None:
    """Return the first confirmed post of a channel behind an id."""
    return raw.execute(
        "SELECT min(target_id) FROM part WHERE channel_id = ? AND target_id > ?", (channel_id, target_id)
    ).fetchone()[0]


def adopt(raw: sqlite3.Connection, doubt: Doubt, target_id: int, fingerprint: str) -> None:
    """Put on record that a post in doubt stands."""
    raw.execute(
        "INSERT OR REPLACE INTO part (message_id, number, lane_id, channel_id, webhook_id, nonce, is_last, "
        "intended_at, target_id, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            doubt.message_id,
            doubt.number,
            doubt.lane_id,
            doubt.channel_id,
            doubt.webhook_id,
            doubt.nonce,
            doubt.is_last,
            doubt.intended_at,
            target_id,
            fingerprint,
        ),
    )
    raw.execute("DELETE FROM doubt WHERE message_id = ?", (doubt.message_id,))
    # What was sent after it, and is in doubt as well, can only stand behind it.
    raw.execute(
        "UPDATE doubt SET newest_id = ? WHERE channel_id = ? AND newest_id = ?",
        (target_id, doubt.channel_id, doubt.newest_id),
    )


def adopt_whole(raw: sqlite3.Connection, doubt: Doubt, target_id: int, fingerprint: str, renewal: Renewal) -> None:
    """Put on record that the last post of an uncertain message stands, and with it the message."""
    adopt(raw, doubt, target_id, fingerprint)
    _renew(raw, doubt.message_id, renewal)
    _reclass(raw, doubt.message_id, MessageState.SENT, "")


def settle_doubt(raw: sqlite3.Connection, message_id: int, state: MessageState, cause: str = "") -> None:
    """Put an uncertain message into the class a look at the channel showed."""
    raw.execute("DELETE FROM doubt WHERE message_id = ?", (message_id,))
    _reclass(raw, message_id, state, cause)


def leftovers(raw: sqlite3.Connection, message_id: int | None = None) -> list[Leftover]:
    """Return replaced posts that are still to be deleted, of one message or all."""
    which, values = ("", ()) if message_id is None else ("WHERE message_id = ? ", (message_id,))
    rows = raw.execute(f"SELECT * FROM discard {which}ORDER BY channel_id, target_id", values)  # noqa: S608
    return [Leftover(*row) for row in rows]


def leftovers_in(raw: sqlite3.Connection, channel_id: int) -> dict[int, int]:
    """Return the replaced posts still to be deleted in a channel, with their messages."""
    return dict(raw.execute("SELECT target_id, message_id FROM discard WHERE channel_id = ?", (channel_id,)).fetchall())


def deleted(raw: sqlite3.Connection, leftover: Leftover) -> None:
    """Put on record that a replaced post is gone."""
    raw.execute("DELETE FROM discard WHERE channel_id = ? AND target_id = ?", (leftover.channel_id, leftover.target_id))


def note_findings(raw: sqlite3.Connection, channel_id: int, findings: Iterable[tuple[int, int, Finding]]) -> None:
    """Keep what a verification found in a channel: (message id, target id, what)."""
    raw.execute("DELETE FROM finding WHERE channel_id = ?", (channel_id,))
    raw.executemany(
        "INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?)",
        [(message_id, target_id, channel_id, kind) for message_id, target_id, kind in findings],
    )


def clear_findings(raw: sqlite3.Connection, message_id: int) -> None:
    """Forget what was found wrong with a message: it stands."""
    raw.execute("DELETE FROM finding WHERE message_id = ?", (message_id,))


def left_files(raw: sqlite3.Connection, message_id: int) -> frozenset[int]:
    """Return the ids of a message's files that were left out."""
    return frozenset(row[0] for row in raw.execute("SELECT key FROM left_file WHERE message_id = ?", (message_id,)))


def ledger_of(raw: sqlite3.Connection, message_id: int) -> list[tuple[str, str]]:
    """Return what was left out of a message: (subject, cause)."""
    return raw.execute("SELECT subject, cause FROM ledger WHERE message_id = ? ORDER BY id", (message_id,)).fetchall()


def is_late(raw: sqlite3.Connection, message_id: int) -> bool:
    """Return whether a message was sent after others that were written later."""
    return raw.execute("SELECT 1 FROM late WHERE message_id = ?", (message_id,)).fetchone() is not None


def _retire(raw: sqlite3.Connection, message_id: int) -> None:
    raw.execute(
        "INSERT OR IGNORE INTO discard SELECT channel_id, target_id, message_id FROM part "
        "WHERE message_id = ? AND number < ? AND target_id IS NOT NULL",
        (message_id, FIRST_RETRY),
    )
    raw.execute("DELETE FROM part WHERE message_id = ? AND number < ?", (message_id, FIRST_RETRY))


def _renew(raw: sqlite3.Connection, message_id: int, renewal: Renewal) -> None:
    raw.execute("DELETE FROM ledger WHERE message_id = ?", (message_id,))
    raw.execute("DELETE FROM left_file WHERE message_id = ?", (message_id,))
    raw.executemany(
        "INSERT INTO ledger (message_id, subject, cause) VALUES (?, ?, ?)",
        [(message_id, subject, cause) for subject, cause in renewal.ledger],
    )
    raw.executemany("INSERT INTO left_file VALUES (?, ?)", [(message_id, key) for key in renewal.left_files])
    [container_id] = raw.execute("SELECT container_id FROM message WHERE id = ?", (message_id,)).fetchone()
    for name, value in (
        ("attachments_sent", renewal.files_sent),
        ("attachments_placeholder", renewal.files_left),
        ("attachments_bytes", renewal.bytes_sent),
        (f"bytes {container_id}", renewal.bytes_sent),
    ):
        raw.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, value),
        )


def _reclass(raw: sqlite3.Connection, message_id: int, state: MessageState, cause: str) -> None:
    """Move a settled message, and its count, from one class to another."""
    row = raw.execute("SELECT state, container_id, cause FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None or row[0] == MessageState.PENDING:
        return
    if row[0] != state:
        rule = row[2] if row[0] == MessageState.SKIPPED else ""
        raw.execute(
            "UPDATE tally SET count = count - 1 WHERE container_id = ? AND state = ? AND rule = ?",
            (row[1], row[0], rule),
        )
        raw.execute(
            "INSERT INTO tally VALUES (?, ?, '', 1) ON CONFLICT DO UPDATE SET count = count + 1", (row[1], state)
        )
    kept = "composition" if state is MessageState.UNCERTAIN else "NULL"
    raw.execute(
        f"UPDATE message SET state = ?, cause = ?, composition = {kept} WHERE id = ?",  # noqa: S608 - two fixed words
        (state, cause, message_id),
    )
