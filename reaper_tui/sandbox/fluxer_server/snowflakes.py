"""Snowflake ids: milliseconds since the epoch of 2015, shifted by 22 bits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
SHIFT = 22
SEQUENCE_MASK = (1 << 12) - 1


def milliseconds_of(snowflake: int) -> int:
    """Unix milliseconds at which the id was made."""
    return (snowflake >> SHIFT) + EPOCH_MS


def iso_from_milliseconds(milliseconds: int) -> str:
    """The API's form of a time, such as 2026-11-20T18:44:40.497Z."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


class SnowflakeClock:
    """Makes ids that always rise, even where the clock stands still or goes back."""

    def __init__(self, clock: Callable[[], float], floor: int = 0) -> None:
        self._clock = clock
        self._milliseconds = milliseconds_of(floor) + 1 if floor else 0
        self._sequence = 0

    def next(self) -> int:
        """A new id."""
        now = int(self._clock() * 1000)
        if now > self._milliseconds:
            self._milliseconds, self._sequence = now, 0
        elif self._sequence < SEQUENCE_MASK:
            self._sequence += 1
        else:
            self._milliseconds, self._sequence = self._milliseconds + 1, 0
        return (self._milliseconds - EPOCH_MS) << SHIFT | self._sequence
