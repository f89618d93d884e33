"""Where a history begins: a date or a message id from the profile."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.ids import created_at, snowflake_at
from reaper_tui.model.plan import Plan

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


def told_if_widened(plan: Plan, since: str, earliest: int | None) -> Plan:
    """Return a plan that says so when it asks for messages from before those that earlier runs began with.

    `earliest` is the first id earlier runs asked for, None before the first.
    """
    if earliest is None or first_cursor(since) >= earliest:
        return plan
    warning = (
        f"Messages from before {created_at(earliest):%Y-%m-%d} stay behind: earlier runs began there, and nothing can "
        "be put in front of what stands — clone into an empty community with a new profile for them"
    )
    return msgspec.structs.replace(plan, warnings=(warning, *plan.warnings))
