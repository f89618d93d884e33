"""Where a history begins: a date or a message id from the profile."""

from __future__ import annotations

from datetime import UTC, datetime

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.ids import snowflake_at

NO_ID = 1 << 63


def first_cursor(since: str) -> int:
    """Return the id behind which messages are read; raise ConfigurationError when the text is neither date nor id."""
    text = since.strip()
    if not text:
        return 0
    try:
        if text.isascii() and text.isdigit() and len(text) > 8:
            cursor = int(text) - 1
        else:
            moment = datetime.fromisoformat(text)
            cursor = snowflake_at(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - 1
    except (ValueError, OverflowError):
        cursor = NO_ID
    if cursor >= NO_ID:
        raise ConfigurationError(
            f"copy.since is neither a date nor a message id: {since!r}", "write it as 2025-01-31 or a message id"
        )
    return max(0, cursor)
