"""Rate limits as the server keeps them: a full burst, then one request per window/limit (GCRA)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import cache
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

    @property
    def digest(self) -> str:
        """The opaque name that newer servers tell."""
        return _digest(f"{self.name}::{self.scope}" if self.scope else self.name)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


GLOBAL = Bucket("global", 50, 1)


class Verdict(NamedTuple):
    """What the limiter says about one request."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_at: float
    retry_after: float
    is_global: bool = False
    reset_after: float = 0.0
    bucket: str = ""


class Limiter:
    """All buckets of a server; a refused request costs nothing."""

    def __init__(self, clock: Callable[[], float], speed: float, *, is_precise: bool = False) -> None:
        self._clock = clock
        self._speed = speed
        self._is_precise = is_precise
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
            retry_after, reset_after = self._retry_after(wait / 1000), (full_at - now) / 1000
            return Verdict(False, bucket.limit, 0, full_at / 1000, retry_after, is_global, reset_after, bucket.digest)
        self._full_at[key] = next_full_at
        remaining = max(0, math.floor(bucket.limit - (next_full_at - now) / interval + SPARE_MS))
        reset_at, reset_after = next_full_at / 1000, (next_full_at - now) / 1000
        return Verdict(True, bucket.limit, remaining, reset_at, 0.0, is_global, reset_after, bucket.digest)

    def _retry_after(self, wait: float) -> float:
        """Exact, or whole seconds of the real server's clock, at least one."""
        if self._is_precise:
            return max(0.001, math.ceil(wait * 1e6) / 1e6)
        return max(1, math.ceil(wait * self._speed)) / self._speed

    def _sweep(self, now: float) -> None:
        self._checks += 1
        if self._checks % SWEEP_EVERY == 0:
            self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
