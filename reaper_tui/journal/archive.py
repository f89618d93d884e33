"""The journal as an archive: everything that was read of the source, and where it went."""

from __future__ import annotations

import sqlite3

import msgspec

from reaper_tui.journal.records import MessageState


class ArchivedContainer(msgspec.Struct, frozen=True):
    """A channel or thread of the source with all that was read of it; `is_whole` tells that its end was reached."""

    id: int
    name: str
    kind: str
    parent_name: str
    messages: int
    is_whole: bool


class ArchivedMessage(msgspec.Struct, frozen=True):
    """A message as the source sent it, its class, and the first post that stands for it; `is_gone` at the source."""

    id: int
    payload: bytes
    state: MessageState
    cause: str
    is_gone: bool
    target_channel_id: int | None
    target_id: int | None


def archived_containers(raw: sqlite3.Connection) -> list[ArchivedContainer]:
    """Return every channel and thread that was read, those a later run left out included."""
    rows = raw.execute(
        "SELECT id, name, kind, parent_name, source, is_captured OR captured_at IS NOT NULL FROM container ORDER BY id"
    )
    return [ArchivedContainer(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def archived_messages(raw: sqlite3.Connection, container_id: int, after: int, limit: int) -> list[ArchivedMessage]:
    """Return messages of a container behind an id, oldest first."""
    rows = raw.execute(
        "SELECT message.id, payload, state, cause, is_gone, channel_id, target_id FROM message "
        "LEFT JOIN part ON message_id = message.id AND number = 0 AND target_id IS NOT NULL "
        "WHERE container_id = ? AND message.id > ? ORDER BY message.id LIMIT ?",
        (container_id, after, limit),
    )
    return [ArchivedMessage(row[0], row[1], MessageState(row[2]), row[3], bool(row[4]), row[5], row[6]) for row in rows]
