"""What is written for each message, one statement a step: between statements other threads take the interpreter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from reaper_tui.journal.records import MessageState, PartRecord

ROWS_A_STEP = 100
_VIEWS = (
    """
    CREATE TEMP VIEW intent AS SELECT
        NULL AS message_id, NULL AS number, NULL AS lane_id, NULL AS channel_id, NULL AS webhook_id, NULL AS nonce,
        NULL AS is_last, NULL AS intended_at, NULL AS composition
    """,
    """
    CREATE TEMP TRIGGER on_intent INSTEAD OF INSERT ON intent BEGIN
        INSERT INTO part (message_id, number, lane_id, channel_id, webhook_id, nonce, is_last, intended_at)
            VALUES (NEW.message_id, NEW.number, NEW.lane_id, NEW.channel_id, NEW.webhook_id, NEW.nonce, NEW.is_last,
                NEW.intended_at)
            ON CONFLICT (message_id, number) DO UPDATE SET webhook_id = excluded.webhook_id,
                channel_id = excluded.channel_id, is_last = excluded.is_last, intended_at = excluded.intended_at
            WHERE target_id IS NULL;
        UPDATE message SET composition = NEW.composition
            WHERE id = NEW.message_id AND composition IS NOT NEW.composition;
    END
    """,
    """
    CREATE TEMP VIEW settlement AS SELECT
        NULL AS lane_id, NULL AS container_id, NULL AS message_id, NULL AS state, NULL AS cause, NULL AS shown_id
    """,
    f"""
    CREATE TEMP TRIGGER on_settlement INSTEAD OF INSERT ON settlement
    WHEN EXISTS (SELECT 1 FROM message WHERE id = NEW.message_id AND state = 0) BEGIN
        UPDATE message SET state = NEW.state, cause = NEW.cause, composition = NULL WHERE id = NEW.message_id;
        INSERT INTO tally VALUES (NEW.container_id, NEW.state,
            CASE NEW.state WHEN {MessageState.SKIPPED.value} THEN NEW.cause ELSE '' END, 1)
            ON CONFLICT DO UPDATE SET count = count + 1;
        UPDATE container SET frontier = NEW.message_id WHERE id = NEW.container_id AND frontier < NEW.message_id;
        INSERT INTO lane SELECT NEW.lane_id, NEW.shown_id, NEW.container_id WHERE NEW.shown_id IS NOT NULL
            ON CONFLICT (id) DO UPDATE SET
                last_message_id = excluded.last_message_id, last_container_id = excluded.last_container_id;
    END
    """,  # noqa: S608 - a number
    """
    CREATE TEMP VIEW arrival AS SELECT
        NULL AS message_id, NULL AS number, NULL AS target_id, NULL AS fingerprint, NULL AS said, NULL AS channel_id,
        NULL AS lane_id, NULL AS container_id, NULL AS state, NULL AS cause
    """,
    """
    CREATE TEMP TRIGGER on_arrival INSTEAD OF INSERT ON arrival BEGIN
        UPDATE part SET target_id = NEW.target_id, fingerprint = NEW.fingerprint, said = NEW.said,
            channel_id = NEW.channel_id
            WHERE message_id = NEW.message_id AND number = NEW.number AND target_id IS NULL;
        INSERT INTO settlement SELECT NEW.lane_id, NEW.container_id, NEW.message_id, NEW.state, NEW.cause,
            NEW.message_id WHERE NEW.state IS NOT NULL;
    END
    """,
)
_ADD = "INSERT INTO message (id, container_id, payload) VALUES "
_INTEND = "INSERT INTO intent VALUES (?,?,?,?,?,?,?,?,?)"
_ARRIVE = "INSERT INTO arrival VALUES (?,?,?,?,?,?,?,?,?,?)"
_SETTLE = "INSERT INTO settlement VALUES (?,?,?,?,?,NULL)"


class Settlement(NamedTuple):
    """How a message ended: its class, the rule or cause, and what became of its files.

    `ledger` names what was left out: (subject, cause); `left_files` are ids of the message's own files.
    """

    state: MessageState
    cause: str = ""
    files_sent: int = 0
    files_left: int = 0
    bytes_sent: int = 0
    ledger: Sequence[tuple[str, str]] = ()
    left_files: Sequence[int] = ()

    @property
    def is_plain(self) -> bool:
        """Return whether there is nothing to record beside the class."""
        return not (self.files_sent or self.files_left or self.bytes_sent or self.ledger or self.left_files)


class Arrival(NamedTuple):
    """What a post became: its id and channel on the target, how to know it again, and what was composed for it."""

    target_id: int
    channel_id: int | None
    fingerprint: str
    said: str


def make_views(raw: sqlite3.Connection) -> None:
    """Make what the other functions write through; it is gone with the connection."""
    for statement in _VIEWS:
        raw.execute(statement)


def add_page(raw: sqlite3.Connection, container_id: int, messages: Sequence[tuple[int, bytes]]) -> list[int]:
    """Store messages (id, payload) of a container; return the ids of those that were not known."""
    payloads = dict(messages)
    fresh: list[int] = []
    for start in range(0, len(messages), ROWS_A_STEP):
        ids = [message_id for message_id, _ in messages[start : start + ROWS_A_STEP]]
        marks = ",".join("?" * len(ids))
        known = {row[0] for row in raw.execute(f"SELECT id FROM message WHERE id IN ({marks})", ids)}  # noqa: S608 - marks only
        new = [message_id for message_id in dict.fromkeys(ids) if message_id not in known]
        values = [value for message_id in new for value in (message_id, container_id, payloads[message_id])]
        if new:
            raw.execute(_ADD + ",".join(["(?,?,?)"] * len(new)), values)
        fresh += new
    return fresh


def intend(raw: sqlite3.Connection, part: PartRecord, composition: bytes | None) -> None:
    """Record a post that is about to be sent, and what its message is composed of."""
    row = (part.message_id, part.number, part.lane_id, part.channel_id, part.webhook_id, part.nonce, part.is_last)
    raw.execute(_INTEND, (*row, part.intended_at, composition))


def arrive(
    raw: sqlite3.Connection, part: PartRecord, arrival: Arrival, container_id: int, settlement: Settlement | None
) -> None:
    """Record what a post became; with a settlement its message is settled, and its lane ends with it."""
    is_news = settlement is not None and _is_news(raw, part.message_id, settlement)
    state, cause = (None, None) if settlement is None else (settlement.state, settlement.cause)
    row = (part.message_id, part.number, arrival.target_id, arrival.fingerprint, arrival.said, arrival.channel_id)
    raw.execute(_ARRIVE, (*row, part.lane_id, container_id, state, cause))
    if is_news and settlement is not None:
        _note_losses(raw, container_id, part.message_id, settlement)


def settle(raw: sqlite3.Connection, lane_id: int, container_id: int, message_id: int, settlement: Settlement) -> None:
    """Put a message into its class and move the frontier; a message that has one keeps it."""
    is_news = _is_news(raw, message_id, settlement)
    raw.execute(_SETTLE, (lane_id, container_id, message_id, settlement.state, settlement.cause))
    if is_news:
        _note_losses(raw, container_id, message_id, settlement)


def count(raw: sqlite3.Connection, name: str, value: int) -> None:
    """Add to a counter."""
    raw.execute(
        "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + ?", (name, value, value)
    )


def _is_news(raw: sqlite3.Connection, message_id: int, settlement: Settlement) -> bool:
    """Return whether more than a class is to be recorded, for the first time."""
    if settlement.is_plain:
        return False
    return raw.execute("SELECT 1 FROM message WHERE id = ? AND state = 0", (message_id,)).fetchone() is not None


def _note_losses(raw: sqlite3.Connection, container_id: int, message_id: int, settlement: Settlement) -> None:
    for name, value in (
        ("attachments_sent", settlement.files_sent),
        ("attachments_placeholder", settlement.files_left),
        ("attachments_bytes", settlement.bytes_sent),
        (f"bytes {container_id}", settlement.bytes_sent),
    ):
        if value:
            count(raw, name, value)
    raw.executemany(
        "INSERT INTO ledger (message_id, subject, cause) VALUES (?, ?, ?)",
        [(message_id, subject, cause) for subject, cause in settlement.ledger],
    )
    raw.executemany(
        "INSERT OR IGNORE INTO left_file VALUES (?, ?)", [(message_id, key) for key in settlement.left_files]
    )
