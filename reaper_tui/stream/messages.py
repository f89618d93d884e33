"""Messages by pages, as `/messages` answers."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reaper_tui.stream.filters import MOST_CHANNELS
from reaper_tui.stream.refusals import Refusal
from reaper_tui.stream.source import MessageQuery, MessageRow

MOST = 200
_ID = re.compile(r"[0-9]{1,19}")


def parse_query(
    limit: int, before: str | None, after: str | None, channel: str | None, allowed: frozenset[int]
) -> MessageQuery:
    """Return the page a request asks for; raise Refusal naming the parameter that is wrong."""
    channels = None
    if channel:
        channels = frozenset(_id(part.strip(), "channel") for part in channel.split(",") if part.strip())
        if len(channels) > MOST_CHANNELS:
            raise Refusal(400, "bad_query", f"channel names {len(channels)} channels, at most {MOST_CHANNELS} may be")
    if allowed:
        channels = allowed if channels is None else channels & allowed
    bounds = [None if not text else _id(text, name) for name, text in (("before", before), ("after", after))]
    # One more than asked for tells whether there are more.
    return MessageQuery(limit + 1, bounds[0], bounds[1], channels)


def document(rows: list[MessageRow], query: MessageQuery, cursor: str) -> bytes:
    """Return a page as JSON: messages oldest first, and the cursor from which `/ws` goes on without a gap."""
    has_more = len(rows) >= query.limit
    if has_more:
        # The far end of the page: the oldest where it is counted from the newest, as it is without `after` alone.
        rows = rows[1:] if query.after is None or query.before is not None else rows[:-1]
    return msgspec.json.encode(
        {
            "messages": [_message(row) for row in rows],
            "has_more": has_more,
            "cursor": cursor,
        }
    )


def _message(row: MessageRow) -> dict[str, Any]:
    return {
        "id": str(row.message_id),
        "ch": str(row.channel_id),
        "ts": int(row.noted_at * 1000),
        "edited": row.edited is not None,
        "d": _merged(row),
    }


def _merged(row: MessageRow) -> Any:
    if row.edited is None:
        return msgspec.Raw(row.body or b"null")
    try:
        first, later = msgspec.json.decode(row.body), msgspec.json.decode(row.edited)
    except msgspec.DecodeError:
        return msgspec.Raw(row.edited)
    # An update may name only what changed.
    return first | later if isinstance(first, dict) and isinstance(later, dict) else later  # pyright: ignore[reportUnknownVariableType]


def _id(text: str, name: str) -> int:
    if not _ID.fullmatch(text) or int(text) >= 1 << 63:
        raise Refusal(400, "bad_query", f"{name} must be an id, not {text[:40]!r}")
    return int(text)
