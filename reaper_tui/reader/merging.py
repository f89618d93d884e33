"""A stored message brought up to date by what the gateway tells, which is often only a part."""

from __future__ import annotations

from typing import Any

from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.reader.wire import decoded, encoded, record, records, whole

# What a feed tells about; the rest of a message does not change, or is signed anew each time.
_SHOWN = ("content", "edited_timestamp", "embeds", "components", "flags", "pinned", "poll", "sticker_items", "thread")


def merged(payload: bytes, event: LiveEvent) -> bytes:
    """Return a message's JSON after an edit or a reaction; other events change nothing."""
    stored = record(decoded(payload))
    said = record(decoded(event.payload))
    if event.kind is LiveKind.EDIT:
        return encoded({**stored, **said})
    if event.kind is LiveKind.REACTION:
        return encoded({**stored, "reactions": _reacted(records(stored.get("reactions")), said, event.name)})
    return payload


def with_pin(payload: bytes, *, is_pinned: bool) -> bytes:
    """Return a message's JSON pinned or not."""
    return encoded({**record(decoded(payload)), "pinned": is_pinned})


def shows_the_same(one: bytes, other: bytes) -> bool:
    """Return whether two readings of a message look alike to somebody who follows it."""
    return _shown(record(decoded(one))) == _shown(record(decoded(other)))


def reactions_told(payload: bytes) -> bytes:
    """Return what a feed tells of a message's reactions: its place and how they stand."""
    message = record(decoded(payload))
    told = {name: message.get(name) for name in ("id", "channel_id", "guild_id") if message.get(name) is not None}
    return encoded({**told, "reactions": records(message.get("reactions"))})


def _shown(message: dict[str, Any]) -> list[Any]:
    files = [attachment.get("id") for attachment in records(message.get("attachments"))]
    return [files, *(message.get(name) or None for name in _SHOWN)]


def _reacted(rows: list[dict[str, Any]], said: dict[str, Any], name: str) -> list[dict[str, Any]]:
    if name == "MESSAGE_REACTION_REMOVE_ALL":
        return []
    emoji = record(said.get("emoji"))
    key = _key(emoji)
    if name == "MESSAGE_REACTION_REMOVE_EMOJI":
        return [row for row in rows if _key(record(row.get("emoji"))) != key]
    change = 1 if name == "MESSAGE_REACTION_ADD" else -1
    if not any(_key(record(row.get("emoji"))) == key for row in rows):
        return [*rows, {"emoji": emoji, "count": 1, "me": False}] if change > 0 else rows
    found = [
        {**row, "count": max(0, whole(row.get("count")) + change)} if _key(record(row.get("emoji"))) == key else row
        for row in rows
    ]
    return [row for row in found if whole(row.get("count")) > 0]


def _key(emoji: dict[str, Any]) -> str:
    return str(emoji.get("id") or emoji.get("name"))
