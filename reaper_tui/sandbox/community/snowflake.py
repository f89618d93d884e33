"""Discord snowflakes: 42 bits of milliseconds since 2015, 22 bits that tell apart what was born together."""

from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000
_LANE_BITS = 22


def snowflake(at_ms: int, lane: int) -> int:
    """Return the id born at `at_ms` on `lane` (0 to 4,194,303)."""
    return (at_ms - DISCORD_EPOCH_MS) << _LANE_BITS | lane


def birth_ms(identifier: int) -> int:
    """Return the Unix milliseconds at which `identifier` was made."""
    return (identifier >> _LANE_BITS) + DISCORD_EPOCH_MS


def lane_of(identifier: int) -> int:
    """Return the low 22 bits of `identifier`."""
    return identifier & ((1 << _LANE_BITS) - 1)


def iso(at_ms: int) -> str:
    """Return `at_ms` the way Discord writes a time."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}000+00:00"
