"""The feed: live events in the order they were noted, each under a number that is never used twice."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable

import msgspec

EPOCH_FACT = "feed_epoch"
EPOCH_LENGTH = 8
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class FeedEvent(msgspec.Struct, frozen=True):
    """Something that happened to a message; `kind` is create, update, delete or the like, `body` its JSON.

    Two events of one message, kind and `version` are the same one; None for events that are never the same.
    """

    kind: str
    channel_id: int
    message_id: int
    body: bytes
    version: str | None = None


class FeedRow(msgspec.Struct, frozen=True):
    """An event as it stands in the feed; `noted_at` in seconds since 1970."""

    seq: int
    noted_at: float
    kind: str
    channel_id: int
    message_id: int
    body: bytes


def append(raw: sqlite3.Connection, events: Iterable[FeedEvent], at: float) -> int:
    """Add events that are not in the feed yet; return the newest number."""
    raw.executemany(
        "INSERT OR IGNORE INTO feed (noted_at, kind, channel_id, message_id, version, body) VALUES (?, ?, ?, ?, ?, ?)",
        [(at, event.kind, event.channel_id, event.message_id, event.version, event.body) for event in events],
    )
    return head(raw)


def epoch(raw: sqlite3.Connection) -> str:
    """Return the feed's name, made at the first call; needs a connection that may write then."""
    row = raw.execute("SELECT value FROM fact WHERE name = ?", (EPOCH_FACT,)).fetchone()
    if row is not None:
        return row[0]
    made = "".join(secrets.choice(_ALPHABET) for _ in range(EPOCH_LENGTH))
    raw.execute("INSERT INTO fact VALUES (?, ?)", (EPOCH_FACT, made))
    return made


def head(raw: sqlite3.Connection) -> int:
    """Return the newest number ever given, 0 before the first."""
    row = raw.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
    return row[0] if row else 0


def oldest(raw: sqlite3.Connection) -> int:
    """Return the oldest number still kept, 0 when the feed is empty."""
    return raw.execute("SELECT coalesce(min(seq), 0) FROM feed").fetchone()[0]


def after(raw: sqlite3.Connection, seq: int, limit: int, *, until: int | None = None) -> list[FeedRow]:
    """Return events behind a number in order, up to and including `until`."""
    rows = raw.execute(
        "SELECT seq, noted_at, kind, channel_id, message_id, body FROM feed WHERE seq > ? AND seq <= ? "
        "ORDER BY seq LIMIT ?",
        (seq, head(raw) if until is None else until, limit),
    )
    return [FeedRow(*row) for row in rows]


def prune(raw: sqlite3.Connection, before: int) -> int:
    """Forget events below a number; return how many were forgotten."""
    return raw.execute("DELETE FROM feed WHERE seq < ?", (before,)).rowcount
