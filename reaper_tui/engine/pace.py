"""The ceiling of messages a minute that a user may set for the whole run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class Pace:
    """Spaces sends evenly; 0 a minute means no ceiling."""

    def __init__(self, per_minute: int, now: Callable[[], float], wait: Callable[[float], Awaitable[object]]) -> None:
        """`wait` sleeps for so many seconds and may return early when the run is to stop."""
        self._seconds = 60.0 / per_minute if per_minute > 0 else 0.0
        self._now = now
        self._wait = wait
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next send's turn; a wait that is cancelled costs its turn."""
        if not self._seconds:
            return
        at = max(self._next, self._now())
        self._next = at + self._seconds
        if (delay := at - self._now()) > 0:
            await self._wait(delay)
