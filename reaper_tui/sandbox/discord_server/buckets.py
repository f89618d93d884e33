"""Discord's rate limits: a window per route and major parameter, and one for everything."""

import hashlib
import math
from collections.abc import Callable

import msgspec

GLOBAL_LIMIT = 50

# name -> (requests, seconds)
LIMITS = {
    "messages": (5, 1.0),
    "message": (5, 1.0),
    "pins": (5, 5.0),
    "reactions": (10, 5.0),
    "voters": (10, 5.0),
    "threads": (10, 10.0),
    "channel": (10, 10.0),
    "guild": (10, 10.0),
    "member": (5, 1.0),
    "user": (30, 30.0),
    "account": (10, 10.0),
    "refresh": (10, 10.0),
}


class Verdict(msgspec.Struct, frozen=True):
    """Whether a request may pass, and what its headers say."""

    is_allowed: bool
    headers: dict[str, str]
    retry_after: float = 0.0
    is_global: bool = False


class Buckets:
    """Counts requests in fixed windows that a speed factor shortens."""

    def __init__(self, clock: Callable[[], float], speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._hashes = {name: hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in LIMITS}

    def spend(self, name: str, major: str) -> Verdict:
        """Count one request against the global limit and against bucket `name` of `major`."""
        now = self._clock()
        reset, used = self._window(("global", ""), now, 1.0)
        if used >= GLOBAL_LIMIT:
            return Verdict(False, {"X-RateLimit-Global": "true"}, max(0.001, reset - now), is_global=True)
        self._windows["global", ""] = (reset, used + 1)
        limit, seconds = LIMITS[name]
        reset, used = self._window((name, major), now, seconds)
        is_allowed = used < limit
        if is_allowed:
            used += 1
            self._windows[name, major] = (reset, used)
        left = max(0.001, reset - now)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - used),
            "X-RateLimit-Reset": f"{reset:.3f}",
            "X-RateLimit-Reset-After": f"{math.ceil(left * 1000) / 1000:.3f}",
            "X-RateLimit-Bucket": self._hashes[name],
        }
        return Verdict(is_allowed, headers, 0.0 if is_allowed else math.ceil(left * 1000) / 1000)

    def _window(self, key: tuple[str, str], now: float, seconds: float) -> tuple[float, int]:
        reset, used = self._windows.get(key, (0.0, 0))
        return (now + seconds / self._speed, 0) if now >= reset else (reset, used)
