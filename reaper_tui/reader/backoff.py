"""How long to stay away from a gateway that ends connections."""

from __future__ import annotations

from collections.abc import Callable

LONGEST_SECONDS = 60.0
YOUNG_SECONDS = 5.0
FORGIVEN = 3


class Backoff:
    """Counts connections that came to nothing, and sessions that ended young: a server that accepts and closes
    must neither be hammered nor eat up the sessions a bot may start in a day."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0
        self._young = 0

    def after(self, *, was_ready: bool, lived_seconds: float) -> float:
        """Return how many seconds to wait now that a connection ended."""
        if not was_ready:
            self._failures += 1
            return min(LONGEST_SECONDS, 2.0 ** min(self._failures - 1, 10)) * (0.5 + self._chance() / 2)
        self._failures = 0
        self._young = self._young + 1 if lived_seconds < YOUNG_SECONDS else 0
        beyond = self._young - FORGIVEN
        return 0.0 if beyond <= 0 else min(YOUNG_SECONDS, 2.0 ** min(beyond - 1, 10))
