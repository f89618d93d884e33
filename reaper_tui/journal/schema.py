"""The journal's tables as named migrations, each applied once and in order."""

from __future__ import annotations

import sqlite3
import time

from reaper_tui.model.errors import JournalError

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001_clone",
        """
        CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

        CREATE TABLE run (
            id INTEGER PRIMARY KEY,
            started_at REAL NOT NULL,
            ended_at REAL,
            state TEXT NOT NULL,
            note TEXT NOT NULL DEFAULT '',
            requests INTEGER NOT NULL DEFAULT 0,
            status_429 INTEGER NOT NULL DEFAULT 0,
            retries INTEGER NOT NULL DEFAULT 0,
            limit_wait_s REAL NOT NULL DEFAULT 0,
            peak_rss_mb REAL NOT NULL DEFAULT 0,
            verification TEXT
        );

        CREATE TABLE container (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            parent_name TEXT NOT NULL,
            lane_id INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            estimate INTEGER NOT NULL,
            is_selected INTEGER NOT NULL DEFAULT 1,
            is_captured INTEGER NOT NULL DEFAULT 0,
            capture_cursor INTEGER NOT NULL DEFAULT 0,
            source INTEGER NOT NULL DEFAULT 0,
            frontier INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX container_lane ON container (lane_id, sequence);

        CREATE TABLE message (
            id INTEGER PRIMARY KEY,
            container_id INTEGER NOT NULL,
            state INTEGER NOT NULL DEFAULT 0,
            cause TEXT NOT NULL DEFAULT '',
            payload BLOB NOT NULL,
            composition BLOB
        );
        CREATE INDEX message_container ON message (container_id, id);
        CREATE INDEX message_unsettled ON message (state, container_id, id) WHERE state IN (4, 5);

        CREATE TABLE tally (
            container_id INTEGER NOT NULL,
            state INTEGER NOT NULL,
            rule TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (container_id, state, rule)
        ) WITHOUT ROWID;

        CREATE TABLE part (
            message_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            lane_id INTEGER NOT NULL,
            channel_id INTEGER NOT NULL,
            webhook_id INTEGER NOT NULL,
            nonce TEXT NOT NULL,
            is_last INTEGER NOT NULL,
            intended_at REAL NOT NULL,
            target_id INTEGER,
            fingerprint TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (message_id, number)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX part_target ON part (channel_id, target_id) WHERE target_id IS NOT NULL;
        CREATE UNIQUE INDEX part_in_doubt ON part (lane_id) WHERE target_id IS NULL;

        CREATE TABLE lane (
            id INTEGER PRIMARY KEY,
            last_message_id INTEGER NOT NULL,
            last_container_id INTEGER NOT NULL
        );

        CREATE TABLE mapping (
            kind TEXT NOT NULL,
            source_id INTEGER NOT NULL,
            target_id INTEGER,
            name TEXT NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            watermark INTEGER NOT NULL DEFAULT 0,
            applied TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (kind, source_id)
        ) WITHOUT ROWID;

        CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE ledger (
            id INTEGER PRIMARY KEY,
            message_id INTEGER NOT NULL,
            subject TEXT NOT NULL,
            cause TEXT NOT NULL
        );
        CREATE INDEX ledger_message ON ledger (message_id);
        """,
    ),
    (
        "0002_changes",
        """
        ALTER TABLE message ADD COLUMN is_gone INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN reacted TEXT NOT NULL DEFAULT '';

        CREATE TABLE change (
            id INTEGER PRIMARY KEY,
            message_id INTEGER NOT NULL,
            container_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            noted_at REAL NOT NULL,
            revision INTEGER NOT NULL DEFAULT 0,
            state INTEGER NOT NULL DEFAULT 0,
            cause TEXT NOT NULL DEFAULT ''
        );
        CREATE UNIQUE INDEX change_pending ON change (message_id, kind) WHERE state = 0;
        CREATE INDEX change_waiting ON change (container_id, id) WHERE state = 0;
        CREATE INDEX change_told ON change (kind, state);
        """,
    ),
    (
        "0003_feed",
        """
        CREATE TABLE feed (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            noted_at REAL NOT NULL,
            kind TEXT NOT NULL,
            channel_id INTEGER NOT NULL,
            message_id INTEGER NOT NULL,
            version TEXT,
            body BLOB NOT NULL
        );
        CREATE INDEX feed_channel ON feed (channel_id, seq);
        CREATE UNIQUE INDEX feed_once ON feed (message_id, kind, version) WHERE version IS NOT NULL;
        """,
    ),
    (
        "0004_rescans",
        """
        ALTER TABLE container ADD COLUMN captured_at REAL;
        UPDATE container SET captured_at = 0 WHERE is_captured = 1;
        ALTER TABLE part ADD COLUMN said TEXT NOT NULL DEFAULT '';
        """,
    ),
    (
        "0005_retry",
        """
        ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'run';

        CREATE TABLE mend (message_id INTEGER PRIMARY KEY, kind TEXT NOT NULL);

        CREATE TABLE doubt (
            message_id INTEGER PRIMARY KEY,
            number INTEGER NOT NULL,
            lane_id INTEGER NOT NULL,
            channel_id INTEGER NOT NULL,
            webhook_id INTEGER NOT NULL,
            nonce TEXT NOT NULL,
            is_last INTEGER NOT NULL,
            intended_at REAL NOT NULL,
            newest_id INTEGER NOT NULL
        );
        CREATE INDEX doubt_channel ON doubt (channel_id, newest_id);

        CREATE TABLE finding (
            message_id INTEGER NOT NULL,
            target_id INTEGER NOT NULL,
            channel_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            PRIMARY KEY (message_id, target_id)
        ) WITHOUT ROWID;
        CREATE INDEX finding_channel ON finding (channel_id);

        CREATE TABLE late (message_id INTEGER PRIMARY KEY, at REAL NOT NULL);

        CREATE TABLE discard (
            channel_id INTEGER NOT NULL,
            target_id INTEGER NOT NULL,
            message_id INTEGER NOT NULL,
            PRIMARY KEY (channel_id, target_id)
        ) WITHOUT ROWID;

        CREATE TABLE left_file (
            message_id INTEGER NOT NULL,
            key INTEGER NOT NULL,
            PRIMARY KEY (message_id, key)
        ) WITHOUT ROWID;
        """,
    ),
    ("0006_live", "CREATE INDEX message_waiting ON message (container_id, id) WHERE state = 0"),
    (
        "0007_mirrored",
        """
        CREATE INDEX part_arrival ON part (intended_at, message_id) WHERE number = 0 AND target_id IS NOT NULL;
        """,
    ),
)


def migrate(raw: sqlite3.Connection) -> None:
    """Bring a journal to this version; raise JournalError when a newer program wrote it."""
    raw.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at REAL NOT NULL) WITHOUT ROWID")
    applied = {name for (name,) in raw.execute("SELECT name FROM migration")}
    known = {name for name, _ in MIGRATIONS}
    if newer := sorted(applied - known):
        raise JournalError(f"The journal was written by a newer reaper-tui ({newer[-1]})", "update reaper-tui")
    for name, script in MIGRATIONS:
        if name in applied:
            continue
        for statement in script.split(";"):
            if statement.strip():
                raw.execute(statement)
        raw.execute("INSERT INTO migration VALUES (?, ?)", (name, time.time()))


def refuse_other_version(raw: sqlite3.Connection) -> None:
    """Raise JournalError when a journal was written by a newer or an older program."""
    applied = {name for (name,) in raw.execute("SELECT name FROM migration")}
    known = {name for name, _ in MIGRATIONS}
    if newer := sorted(applied - known):
        raise JournalError(f"The journal was written by a newer reaper-tui ({newer[-1]})", "update reaper-tui")
    if known - applied:
        raise JournalError("The journal is being written by an older reaper-tui", "wait until that one ends")
