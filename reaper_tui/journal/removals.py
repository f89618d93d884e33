"""What this clone made and may take away again, and how the journal forgets that it was ever delivered.

An item is marked before its request and settled in the transaction after it. What was read stays: a later run makes
everything anew.
"""

from __future__ import annotations

import sqlite3

from reaper_tui.model.removal import Removable

REMOVING, REMOVED = "removing", "removed"
WEBHOOK = "webhook"
_OF_MESSAGES = ("part", "ledger", "mend", "doubt", "finding", "late", "discard", "left_file", "change")
_COUNTED_FILES = ("attachments_sent", "attachments_placeholder", "attachments_bytes")


def removables(raw: sqlite3.Connection) -> list[Removable]:
    """Return everything this clone made that stands, as far as the journal knows; webhooks in channels it found."""
    rows = raw.execute(
        "SELECT kind, source_id, target_id, name FROM mapping "
        "WHERE outcome IN ('created', ?) AND target_id IS NOT NULL ORDER BY kind, source_id",
        (REMOVING,),
    ).fetchall()
    made = [Removable(*row) for row in rows]
    channels = {item.target_id for item in made}
    gone = {int(row[0]) for row in raw.execute("SELECT substr(name, 17) FROM fact WHERE name LIKE 'removed webhook %'")}
    hooks = raw.execute("SELECT DISTINCT webhook_id, channel_id FROM part WHERE webhook_id > 0").fetchall()
    found = {hook: channel for hook, channel in hooks if channel not in channels and hook not in gone}
    return [Removable(WEBHOOK, 0, hook, f"in channel {channel}") for hook, channel in sorted(found.items())] + made


def begin(raw: sqlite3.Connection, item: Removable) -> None:
    """Mark an item that is about to be removed."""
    if item.kind != WEBHOOK:
        raw.execute(
            "UPDATE mapping SET outcome = ? WHERE kind = ? AND source_id = ?", (REMOVING, item.kind, item.source_id)
        )


def keep(raw: sqlite3.Connection, item: Removable) -> None:
    """Take the mark back from an item that cannot be removed."""
    if item.kind != WEBHOOK:
        raw.execute(
            "UPDATE mapping SET outcome = 'created' WHERE kind = ? AND source_id = ?", (item.kind, item.source_id)
        )


def settle(raw: sqlite3.Connection, item: Removable) -> None:
    """Note that an item is gone, and forget what was delivered into it."""
    if item.kind == WEBHOOK:
        raw.execute("INSERT OR REPLACE INTO fact VALUES (?, '1')", (f"removed webhook {item.target_id}",))
        return
    raw.execute(
        "UPDATE mapping SET outcome = ?, target_id = NULL, applied = '' WHERE kind = ? AND source_id = ?",
        (REMOVED, item.kind, item.source_id),
    )
    _forget_deliveries(raw, item)


def _forget_deliveries(raw: sqlite3.Connection, item: Removable) -> None:
    containers = raw.execute(
        "SELECT DISTINCT container_id FROM part JOIN message ON message.id = part.message_id WHERE channel_id = ? "
        "UNION SELECT id FROM container WHERE lane_id = ? OR id = ?",
        (item.target_id, item.source_id, item.source_id),
    ).fetchall()
    for (container_id,) in containers:
        for table in _OF_MESSAGES:
            raw.execute(
                f"DELETE FROM {table} WHERE message_id IN (SELECT id FROM message WHERE container_id = ?)",  # noqa: S608
                (container_id,),
            )
        raw.execute(
            "UPDATE message SET state = 0, cause = '', composition = NULL, reacted = '' WHERE container_id = ?",
            (container_id,),
        )
        raw.execute("DELETE FROM tally WHERE container_id = ?", (container_id,))
        raw.execute("DELETE FROM counter WHERE name = ?", (f"bytes {container_id}",))
        raw.execute("UPDATE container SET frontier = 0 WHERE id = ?", (container_id,))
        raw.execute("DELETE FROM lane WHERE id = (SELECT lane_id FROM container WHERE id = ?)", (container_id,))
    raw.execute("DELETE FROM fact WHERE name = ?", (f"verified {item.target_id}",))
    if not raw.execute("SELECT 1 FROM part LIMIT 1").fetchone():
        raw.executemany("UPDATE counter SET value = 0 WHERE name = ?", [(name,) for name in _COUNTED_FILES])
