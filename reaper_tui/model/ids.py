"""Snowflakes: 64-bit ids that carry their time, the same layout on Discord and Fluxer."""

from __future__ import annotations

from datetime import UTC, datetime

EPOCH_MILLISECONDS = 1_420_070_400_000


def parse_snowflake(value: object) -> int:
    """Return the id behind a wire value; raise ValueError when it is none."""
    if type(value) is not str and type(value) is not int:
        raise ValueError(f"not an id: {value!r}")
    number = int(value)
    if not 0 <= number < 1 << 63:
        raise ValueError(f"not an id: {value!r}")
    return number


def optional_snowflake(value: object) -> int | None:
    """Return the id behind a wire value, None when it is absent or malformed."""
    try:
        return parse_snowflake(value)
    except ValueError:
        return None


def created_at(snowflake: int) -> datetime:
    """Return when an id was made (UTC)."""
    return datetime.fromtimestamp(unix_seconds(snowflake), UTC)


def unix_seconds(snowflake: int) -> float:
    """Return when an id was made, in seconds since 1970."""
    return ((snowflake >> 22) + EPOCH_MILLISECONDS) / 1000


def snowflake_at(moment: datetime) -> int:
    """Return the smallest id that can be made at a time."""
    return (int(moment.timestamp() * 1000) - EPOCH_MILLISECONDS) << 22
