"""Rate limits as the server keeps them: a full burst, then one request per window/limit (GCRA)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

SWEEP_EVERY = 4096
SPARE_MS = 1e-6


class Bucket(NamedTuple):
    """A route's allowance; `scope` names the path parameter that splits it."""

    name: str
    limit: int
    seconds: int
    scope: str = ""
    is_exempt_from_global: bool = False


GLOBAL = Bucket("global", 50, 1)


class Verdict(NamedTuple):
    """What the limiter says about one request."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_at: float
    retry_after: float
    is_global: bool = False


class Limiter:
    """All buckets of a server; a refused request costs nothing."""

    def __init__(self, clock: Callable[[], float], speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._full_at: dict[tuple[str, str, str], float] = {}
        self._checks = 0

    def check(self, identity: str, bucket: Bucket, scope: str = "", *, is_global: bool = False) -> Verdict:
        """Take one request from the bucket, or say when the next one may come."""
        now = self._clock() * 1000
        window = bucket.seconds * 1000 / self._speed
        interval = window / bucket.limit
        key = (identity, bucket.name, scope)
        full_at = self._full_at.get(key, now)
        next_full_at = max(full_at, now) + interval
        wait = next_full_at - window - now
        self._sweep(now)
        if wait > SPARE_MS:
            return Verdict(False, bucket.limit, 0, full_at / 1000, self._retry_after(wait / 1000), is_global)
        self._full_at[key] = next_full_at
        remaining = max(0, math.floor(bucket.limit - (next_full_at - now) / interval + SPARE_MS))
        return Verdict(True, bucket.limit, remaining, next_full_at / 1000, 0.0, is_global)

    def _retry_after(self, wait: float) -> float:
        """Whole seconds of the real server's clock, at least one."""
        return max(1, math.ceil(wait * self._speed)) / self._speed

    def _sweep(self, now: float) -> None:
        self._checks += 1
        if self._checks % SWEEP_EVERY == 0:
            self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
