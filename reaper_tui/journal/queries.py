"""The read side of the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from reaper_tui.journal.records import (
    Container,
    LaneRecord,
    Mapping,
    MessageState,
    PartRecord,
    StandingPost,
    StoredMessage,
)
from reaper_tui.model.summary import AttachmentCount, Failure, MessageCount, StructureCount

_CONTAINER = (
    "SELECT id, name, kind, parent_name, lane_id, sequence, estimate, is_captured, capture_cursor, source, frontier, "
    "captured_at "
    "FROM container WHERE is_selected "
)
_PART = (
    "SELECT message_id, number, lane_id, channel_id, webhook_id, nonce, is_last, intended_at, target_id, fingerprint, "
    "said FROM part "
)
NEWEST = (1 << 63) - 1
_HAS_PARTS = "EXISTS (SELECT 1 FROM part WHERE message_id = message.id)"
_MESSAGE = f"SELECT id, container_id, state, payload, composition, is_gone, reacted, {_HAS_PARTS} FROM message "  # noqa: S608 - built from constants


def fact(raw: sqlite3.Connection, name: str) -> str | None:
    """Return a remembered fact."""
    row = raw.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def containers(raw: sqlite3.Connection) -> list[Container]:
    """Return the selected containers, lane by lane in delivery order."""
    return [_container(row) for row in raw.execute(_CONTAINER + "ORDER BY lane_id, sequence, id")]


def container(raw: sqlite3.Connection, container_id: int) -> Container | None:
    """Return one selected container."""
    row = raw.execute(_CONTAINER + "AND id = ?", (container_id,)).fetchone()
    return _container(row) if row else None


def tallies(raw: sqlite3.Connection) -> list[tuple[int, MessageState, str, int]]:
    """Return (container, class, rule, count) of the selected containers."""
    rows = raw.execute(
        "SELECT container_id, state, rule, count FROM tally JOIN container ON container.id = container_id "
        "WHERE is_selected AND count > 0"
    )
    return [(row[0], MessageState(row[1]), row[2], row[3]) for row in rows]


def settled(raw: sqlite3.Connection) -> dict[int, int]:
    """Return how many messages of each container stand in a final class."""
    return dict(raw.execute("SELECT container_id, sum(count) FROM tally GROUP BY container_id").fetchall())


def bytes_sent(raw: sqlite3.Connection) -> dict[int, int]:
    """Return how many bytes of files of each container stand on the target; only what has any."""
    rows = raw.execute("SELECT name, value FROM counter WHERE name GLOB 'bytes *' AND value > 0")
    return {int(name.removeprefix("bytes ")): value for name, value in rows}


def pending_messages(raw: sqlite3.Connection, container_id: int, after: int, limit: int) -> list[StoredMessage]:
    """Return the next messages of a container behind its frontier, oldest first, up to where nothing is missing."""
    rows = raw.execute(
        _MESSAGE + "WHERE container_id = ? AND id > ? "  # noqa: S608 - built from constants
        "AND id <= (SELECT iif(is_captured, ?, capture_cursor) FROM container WHERE container.id = container_id) "
        "ORDER BY id LIMIT ?",
        (container_id, after, NEWEST, limit),
    )
    return [_message(row) for row in rows]


def waiting_in_lane(raw: sqlite3.Connection, lane_id: int, limit: int) -> list[StoredMessage]:
    """Return what waits to be sent into a lane, oldest first whichever container it came in."""
    rows = raw.execute(
        f"SELECT message.id, container_id, state, payload, composition, is_gone, reacted, {_HAS_PARTS} FROM container "  # noqa: S608 - built from constants
        "JOIN message ON message.container_id = container.id WHERE lane_id = ? AND is_selected AND state = 0 "
        "AND message.id <= iif(is_captured, ?, capture_cursor) ORDER BY message.id LIMIT ?",
        (lane_id, NEWEST, limit),
    )
    return [_message(row) for row in rows]


def lanes_with_waiting(raw: sqlite3.Connection) -> list[int]:
    """Return the lanes of selected containers that something waits to be sent into."""
    rows = raw.execute(
        "SELECT DISTINCT lane_id FROM container WHERE is_selected AND EXISTS (SELECT 1 FROM message "
        "WHERE container_id = container.id AND state = 0 AND message.id <= iif(is_captured, ?, capture_cursor))",
        (NEWEST,),
    )
    return [row[0] for row in rows]


def known_messages(raw: sqlite3.Connection, container_id: int, low: int, high: int) -> list[tuple[int, bytes]]:
    """Return (id, payload) of a container's messages between two ids, both included, that the source still had."""
    return raw.execute(
        "SELECT id, payload FROM message WHERE container_id = ? AND id BETWEEN ? AND ? AND NOT is_gone ORDER BY id",
        (container_id, low, high),
    ).fetchall()


def known_ids(raw: sqlite3.Connection, container_id: int, low: int, high: int, limit: int) -> list[int]:
    """Return up to so many ids of a container's messages between two ids that the source still had."""
    rows = raw.execute(
        "SELECT id FROM message WHERE container_id = ? AND id BETWEEN ? AND ? AND NOT is_gone LIMIT ?",
        (container_id, low, high, limit),
    )
    return [row[0] for row in rows]


def newest_message_id(raw: sqlite3.Connection, container_id: int) -> int:
    """Return the newest message on record of a container, 0 when there is none."""
    return raw.execute("SELECT coalesce(max(id), 0) FROM message WHERE container_id = ?", (container_id,)).fetchone()[0]


def captured_containers(raw: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """Return (messages, newest id) of every container that was once read to its end."""
    rows = raw.execute("SELECT id, source, capture_cursor FROM container WHERE captured_at IS NOT NULL")
    return {row[0]: (row[1], row[2]) for row in rows}


def earliest_cursor(raw: sqlite3.Connection) -> int | None:
    """Return behind which id the first run began to read, None before the first run."""
    found = fact(raw, "since")
    return int(found) if found is not None else None


def last_state(raw: sqlite3.Connection) -> str:
    """Return how the last run ended, retries left aside; empty before the first."""
    row = raw.execute("SELECT state FROM run WHERE kind = 'run' ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else ""


def post_above(raw: sqlite3.Connection, channel_id: int, target_id: int) -> int | None:
    """Return the message whose post stands right above another one in a target channel."""
    row = raw.execute(
        "SELECT message_id FROM part WHERE channel_id = ? AND target_id < ? ORDER BY target_id DESC LIMIT 1",
        (channel_id, target_id),
    ).fetchone()
    return row[0] if row else None


def message(raw: sqlite3.Connection, message_id: int) -> StoredMessage | None:
    """Return one captured message."""
    row = raw.execute(_MESSAGE + "WHERE id = ?", (message_id,)).fetchone()
    return _message(row) if row else None


def unsettled_messages(raw: sqlite3.Connection, limit: int = 1000) -> list[Failure]:
    """Return failed and uncertain messages with their causes."""
    rows = raw.execute(
        "SELECT message.id, state, cause, container_id, container.name FROM message "
        "JOIN container ON container.id = container_id WHERE state IN (4, 5) ORDER BY container_id, message.id LIMIT ?",
        (limit,),
    )
    return [
        Failure("message", row[4], f"uncertain: {row[2]}" if row[1] == 5 else row[2], str(row[3]), str(row[0]))
        for row in rows
    ]


def ledger(raw: sqlite3.Connection, limit: int = 1000) -> list[Failure]:
    """Return what was left out of messages that were sent, such as files, with the causes."""
    rows = raw.execute(
        "SELECT ledger.message_id, subject, ledger.cause, message.container_id FROM ledger "
        "JOIN message ON message.id = ledger.message_id ORDER BY ledger.id LIMIT ?",
        (limit,),
    )
    return [Failure("part", row[1], row[2], str(row[3]), str(row[0])) for row in rows]


def parts_of(raw: sqlite3.Connection, message_id: int) -> list[PartRecord]:
    """Return the posts of a message in order."""
    return [_part(row) for row in raw.execute(_PART + "WHERE message_id = ? ORDER BY number", (message_id,))]


def part_in_doubt(raw: sqlite3.Connection, lane_id: int) -> PartRecord | None:
    """Return the one post of a lane whose outcome is unknown, if there is one."""
    row = raw.execute(_PART + "WHERE lane_id = ? AND target_id IS NULL", (lane_id,)).fetchone()
    return _part(row) if row else None


def post_counts(raw: sqlite3.Connection) -> dict[int, int]:
    """Return how many confirmed posts every target channel holds."""
    rows = raw.execute("SELECT channel_id, count(*) FROM part WHERE target_id IS NOT NULL GROUP BY channel_id")
    return dict(rows.fetchall())


def newest_target_id(raw: sqlite3.Connection, channel_id: int) -> int | None:
    """Return the newest confirmed post of a target channel."""
    row = raw.execute(
        "SELECT max(target_id) FROM part WHERE channel_id = ? AND target_id IS NOT NULL", (channel_id,)
    ).fetchone()
    return row[0]


def oldest_target_id(raw: sqlite3.Connection, channel_id: int) -> int | None:
    """Return the oldest confirmed post of a target channel."""
    row = raw.execute(
        "SELECT min(target_id) FROM part WHERE channel_id = ? AND target_id IS NOT NULL", (channel_id,)
    ).fetchone()
    return row[0]


def posts_before(raw: sqlite3.Connection, channel_id: int, before: int, limit: int) -> list[StandingPost]:
    """Return confirmed posts of a channel older than an id, newest first."""
    rows = raw.execute(
        "SELECT target_id, part.message_id, number, fingerprint, container_id, late.message_id IS NOT NULL "
        "FROM part JOIN message ON message.id = part.message_id LEFT JOIN late ON late.message_id = part.message_id "
        "WHERE channel_id = ? AND target_id IS NOT NULL AND target_id < ? ORDER BY target_id DESC LIMIT ?",
        (channel_id, before, limit),
    )
    return [StandingPost(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def posted_channels(raw: sqlite3.Connection) -> dict[int, str]:
    """Return every target channel with posts of the selected containers, and a container's name for it."""
    # One step of the index for each channel, whatever the number of posts.
    rows = raw.execute(
        "WITH RECURSIVE posted (id) AS ("
        "SELECT min(channel_id) FROM part WHERE target_id IS NOT NULL UNION ALL "
        "SELECT (SELECT min(channel_id) FROM part WHERE target_id IS NOT NULL AND channel_id > posted.id) "
        "FROM posted WHERE posted.id IS NOT NULL) "
        "SELECT posted.id, container.name FROM posted JOIN container ON container.id = ("
        "SELECT container_id FROM part JOIN message ON message.id = message_id "
        "WHERE channel_id = posted.id AND target_id IS NOT NULL LIMIT 1) WHERE is_selected"
    )
    return dict(rows.fetchall())


def webhook_ids(raw: sqlite3.Connection, channel_id: int) -> set[int]:
    """Return every webhook that was ever used in a target channel."""
    return {row[0] for row in raw.execute("SELECT DISTINCT webhook_id FROM part WHERE channel_id = ?", (channel_id,))}


def places(raw: sqlite3.Connection, message_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return (target channel, target id) of the first post of each delivered message, by message id."""
    found: dict[int, tuple[int, int]] = {}
    for message_id in message_ids:
        row = raw.execute(
            "SELECT channel_id, target_id FROM part WHERE message_id = ? AND number = 0 AND target_id IS NOT NULL",
            (message_id,),
        ).fetchone()
        if row:
            found[message_id] = (row[0], row[1])
    return found


def lane(raw: sqlite3.Connection, lane_id: int) -> LaneRecord | None:
    """Return what was delivered last into a lane."""
    row = raw.execute("SELECT id, last_message_id, last_container_id FROM lane WHERE id = ?", (lane_id,)).fetchone()
    return LaneRecord(*row) if row else None


def mapping(raw: sqlite3.Connection, kind: str, source_id: int) -> Mapping | None:
    """Return one of the structure's mappings."""
    row = raw.execute(
        "SELECT kind, source_id, target_id, name, outcome, reason, watermark, applied FROM mapping "
        "WHERE kind = ? AND source_id = ?",
        (kind, source_id),
    ).fetchone()
    return Mapping(*row) if row else None


def authors(raw: sqlite3.Connection) -> list[tuple[int, tuple[str, ...]]]:
    """Return the people who wrote what was read so far, each with everything they are called."""
    rows = raw.execute(
        "SELECT DISTINCT json_extract(text, '$.author.id'), json_extract(text, '$.member.nick'), "
        "json_extract(text, '$.author.global_name'), json_extract(text, '$.author.username') "
        "FROM (SELECT CAST(payload AS TEXT) AS text FROM message) WHERE json_valid(text) "
        "AND json_extract(text, '$.webhook_id') IS NULL AND NOT coalesce(json_extract(text, '$.author.bot'), 0)"
    )
    return [(int(row[0]), tuple(str(name) for name in row[1:] if name)) for row in rows if _is_id(row[0])]


def mappings(raw: sqlite3.Connection) -> list[Mapping]:
    """Return all of the structure's mappings."""
    rows = raw.execute(
        "SELECT kind, source_id, target_id, name, outcome, reason, watermark, applied FROM mapping "
        "ORDER BY kind, source_id"
    )
    return [Mapping(*row) for row in rows]


def message_count(raw: sqlite3.Connection) -> MessageCount:
    """Return every source message of the selected containers by class."""
    count = MessageCount()
    count.source = raw.execute("SELECT coalesce(sum(source), 0) FROM container WHERE is_selected").fetchone()[0]
    skipped: dict[str, int] = {}
    for _, state, rule, number in tallies(raw):
        if state is MessageState.SENT:
            count.sent += number
        elif state is MessageState.MERGED:
            count.merged += number
        elif state is MessageState.SKIPPED:
            skipped[rule] = skipped.get(rule, 0) + number
        elif state is MessageState.FAILED:
            count.failed += number
        elif state is MessageState.UNCERTAIN:
            count.uncertain += number
    count.skipped = dict(sorted(skipped.items()))
    count.pending = raw.execute(
        "SELECT count(*) FROM container JOIN message ON message.container_id = container.id AND state = 0 "
        "WHERE is_selected"
    ).fetchone()[0]
    return count


def attachment_count(raw: sqlite3.Connection) -> AttachmentCount:
    """Return how many files were seen, sent and left behind."""
    values = dict(raw.execute("SELECT name, value FROM counter").fetchall())
    return AttachmentCount(
        source=values.get("attachments_source", 0),
        sent=values.get("attachments_sent", 0),
        placeholder=values.get("attachments_placeholder", 0),
        bytes=values.get("attachments_bytes", 0),
    )


def structure_count(raw: sqlite3.Connection) -> dict[str, StructureCount]:
    """Return how many items of each kind were planned and what became of them."""
    names = {
        "role": "roles",
        "category": "channels",
        "channel": "channels",
        "companion": "channels",
        "emoji": "emojis",
        "sticker": "stickers",
    }
    counts = {name: StructureCount() for name in names.values()}
    for kind, outcome, number in raw.execute("SELECT kind, outcome, count(*) FROM mapping GROUP BY kind, outcome"):
        if kind not in names or outcome == "excluded":
            continue
        count = counts[names[kind]]
        count.planned += number
        if outcome == "created":
            count.created += number
        elif outcome == "reused":
            count.reused += number
        elif outcome == "failed":
            count.failed += number
    return counts


def _container(row: tuple[object, ...]) -> Container:
    values = list(row)
    values[7] = bool(values[7])
    return Container(*values)  # type: ignore[arg-type]


def _part(row: tuple[object, ...]) -> PartRecord:
    values = list(row)
    values[6] = bool(values[6])
    return PartRecord(*values)  # type: ignore[arg-type]


def _message(row: tuple[int, int, int, bytes, bytes | None, int, str, int]) -> StoredMessage:
    return StoredMessage(row[0], row[1], MessageState(row[2]), row[3], row[4], bool(row[5]), row[6], bool(row[7]))


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal()
