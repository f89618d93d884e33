"""What arrived on the target, in the order it was sent, read by windows in both directions."""

from __future__ import annotations

import sqlite3

import msgspec

from reaper_tui.journal.records import MessageState

_COLUMNS = (
    "SELECT part.intended_at, part.message_id, part.channel_id, part.target_id, message.payload, container.name "
    "FROM part JOIN message ON message.id = part.message_id JOIN container ON container.id = message.container_id "
    "WHERE part.number = 0 AND part.target_id IS NOT NULL "
)
FAR = 1e18


class MirroredRow(msgspec.Struct, frozen=True):
    """A message that stands on the target: `at` in seconds since 1970, where, and the stored payload."""

    at: float
    message_id: int
    channel_id: int
    target_id: int
    payload: bytes
    container_name: str


class Trace(msgspec.Struct, frozen=True):
    """What the journal knows of one message: its class, its posts (channel, id), and what was left out of it."""

    state: MessageState
    cause: str
    container_id: int
    posts: list[tuple[int, int]]
    ledger: list[tuple[str, str]]


def older(raw: sqlite3.Connection, at: float, message_id: int, limit: int) -> list[MirroredRow]:
    """Return messages that were sent before a place, newest first."""
    rows = raw.execute(
        _COLUMNS + "AND (part.intended_at, part.message_id) < (?, ?) "
        "ORDER BY part.intended_at DESC, part.message_id DESC LIMIT ?",
        (at, message_id, limit),
    )
    return [MirroredRow(*row) for row in rows]


def newer(raw: sqlite3.Connection, at: float, message_id: int, limit: int) -> list[MirroredRow]:
    """Return messages that were sent behind a place, oldest first.

    Nothing behind a post still in doubt is told, so that whoever reads on from the last row misses none.
    """
    doubt = raw.execute("SELECT min(intended_at) FROM part WHERE target_id IS NULL").fetchone()[0]
    rows = raw.execute(
        _COLUMNS + "AND (part.intended_at, part.message_id) > (?, ?) AND part.intended_at < ? "
        "ORDER BY part.intended_at, part.message_id LIMIT ?",
        (at, message_id, FAR if doubt is None else doubt, limit),
    )
    return [MirroredRow(*row) for row in rows]


def trace(raw: sqlite3.Connection, message_id: int) -> Trace | None:
    """Return what is known of a message, None when it was never read."""
    row = raw.execute("SELECT state, cause, container_id FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None:
        return None
    posts = raw.execute(
        "SELECT channel_id, target_id FROM part WHERE message_id = ? AND target_id IS NOT NULL ORDER BY number",
        (message_id,),
    ).fetchall()
    ledger = raw.execute("SELECT subject, cause FROM ledger WHERE message_id = ? ORDER BY id", (message_id,)).fetchall()
    return Trace(MessageState(row[0]), row[1], row[2], posts, ledger)
