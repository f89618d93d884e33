"""When a request may go: the target's leaky buckets (GCRA), modelled here and corrected by its answers."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy

from reaper_tui.writer.buckets import GLOBAL, Allowance

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
Waiting = Callable[[str, Allowance, float], None]

LONGEST_NAP = 30.0
LONGEST_PAUSE = 3600.0
# Timers and the server's whole milliseconds may err by this much; it delays a series once, not each request.
MARGIN = 0.002
# Where limits are wide, as in a sandbox, a margin must not become the limit: it is at most this share of a bucket.
MARGIN_SHARE = 0.1
# How long a request may travel before the server counts it.
LONGEST_TRAVEL = 1.0
IDLE_BUCKETS_KEPT = 4096


class Quota(NamedTuple):
    """What a server said about a bucket; any field may be absent."""

    limit: int | None = None
    remaining: int | None = None
    reset_after: float | None = None


class Line:
    """A first-come-first-served line that a cancelled waiter leaves without a trace."""

    def __init__(self) -> None:
        self._places: deque[asyncio.Event] = deque()

    def __len__(self) -> int:
        return len(self._places)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait to be first, and stay first inside the block."""
        place = asyncio.Event()
        self._places.append(place)
        try:
            if self._places[0] is not place:
                await place.wait()
            yield
        finally:
            self._places.remove(place)
            if self._places:
                self._places[0].set()


class Bucket:
    """One leaky bucket: `arrival` is when it will be empty again as the server must see it at the latest."""

    def __init__(self, key: str, allowance: Allowance, scale: float) -> None:
        self.key = key
        self.allowance = allowance
        self.burst = allowance.burst
        self.interval = allowance.window / allowance.burst / scale
        self.line = Line()
        self.arrival = -math.inf
        self.paused_until = -math.inf
        self._taken = 0
        self._in_flight: dict[int, float] = {}
        # When those came back that were on their way together with one that still is.
        self._back: deque[tuple[int, float]] = deque()

    def delay(self, now: float) -> float:
        """Return in how many seconds the next request may go."""
        margin = min(MARGIN, MARGIN_SHARE * self.burst * self.interval)
        ready = self._latest_arrival(now) - (self.burst - 1) * self.interval + margin
        return max(0.0, ready - now, self.paused_until - now)

    def is_idle(self, now: float) -> bool:
        """Return whether forgetting the bucket loses nothing."""
        return not (self.line or self._in_flight) and self.arrival <= now and self.paused_until <= now

    def take(self, now: float) -> int:
        """Count a request that goes now; return its number."""
        self.arrival = max(self.arrival, now) + self.interval
        self._taken += 1
        self._in_flight[self._taken] = now
        return self._taken

    def settle(self, number: int, now: float, quota: Quota) -> None:
        """Take in that a request was counted by the server, and what it said."""
        sent = self._in_flight.pop(number, now)
        counted_by = min(now, sent + LONGEST_TRAVEL)
        self.arrival = max(self.arrival, counted_by + self.interval * (self._taken - number + 1))
        if quota.limit:
            self._correct(number, sent, now, quota.limit, quota)
        self._back.append((number, now))
        oldest = next(iter(self._in_flight.values()), math.inf)
        while self._back and self._back[0][1] <= oldest:
            self._back.popleft()

    def refuse(self, number: int, now: float, retry_after: float) -> None:
        """Take in that a request was turned away, which costs nothing, and when to come back."""
        sent = self._in_flight.pop(number, now)
        full = sent + (self.burst - 1) * self.interval
        self.arrival = max(self.arrival - self.interval, full)
        self.paused_until = max(self.paused_until, now + retry_after)

    def refund(self, number: int) -> None:
        """Take back a request that never reached this bucket."""
        if self._in_flight.pop(number, None) is not None:
            self.arrival -= self.interval

    def _latest_arrival(self, now: float) -> float:
        if not self._in_flight:
            return self.arrival
        number, sent = next(iter(self._in_flight.items()))
        counted_by = min(now, sent + LONGEST_TRAVEL)
        return max(self.arrival, counted_by + self.interval * (self._taken - number + 1))

    def _correct(self, number: int, sent: float, now: float, limit: int, quota: Quota) -> None:
        if limit != self.burst:
            self.interval *= self.burst / limit
            self.burst = limit
        if quota.remaining is None:
            return
        used = max(0, limit - quota.remaining)
        if quota.reset_after is not None:
            if limit != self.allowance.burst:
                self._learn_interval(used, quota.reset_after)
            earliest, latest = sent + quota.reset_after, now + quota.reset_after
        else:
            earliest, latest = sent + (used - 1) * self.interval, now + (used + 1) * self.interval
        # Of those on their way at the same time nobody knows which the server counted first.
        before = sum(other < number for other in self._in_flight)
        before += sum(other < number for other, _ in takewhile(lambda back: back[1] > sent, reversed(self._back)))
        others = self._taken - number + before
        if self.arrival < earliest:
            self.arrival = latest
        self.arrival = min(self.arrival, latest + others * self.interval)

    def _learn_interval(self, used: int, reset_after: float) -> None:
        if used < 1 or reset_after <= 0:
            return
        shortest = reset_after / used
        # A fixed window reports its whole rest from the first request on; only leaky answers may teach.
        if shortest > 6 * self.interval:
            return
        self.interval = max(self.interval, shortest)
        if used > 1:
            self.interval = min(self.interval, reset_after / (used - 1))


class Ticket(NamedTuple):
    """A request that may go: its places in its own bucket and in the global one."""

    bucket: Bucket
    number: int
    global_number: int | None


class Limiter:
    """Paces requests so that the target refuses none; safe to cancel at any await."""

    def __init__(self, *, clock: Clock, sleep: Sleep, scale: float, waiting: Waiting) -> None:
        self._clock = clock
        self._sleep = sleep
        self._scale = scale
        self._waiting = waiting
        self._buckets: dict[str, Bucket] = {}
        self._global = Bucket(GLOBAL.name, GLOBAL, scale)
        self.wait_seconds = 0.0

    async def acquire(self, key: str, allowance: Allowance) -> Ticket:
        """Wait until a request may go, in the order of asking, and count it."""
        bucket = self._bucket(key, allowance)
        gate = self._global if allowance.counts_globally else None
        began = self._clock()
        expected = _expected(bucket, began)
        if gate is not None:
            expected = max(expected, _expected(gate, began))
        if expected <= 0 and not bucket.line and not (gate and gate.line):
            return self._take(bucket, gate)
        self._waiting(key, allowance, expected)
        try:
            return await self._wait(bucket, gate)
        finally:
            self.wait_seconds += self._clock() - began

    def delay(self, key: str, allowance: Allowance) -> float:
        """Return in how many seconds one more request would go."""
        now = self._clock()
        expected = _expected(self._bucket(key, allowance), now)
        return max(expected, _expected(self._global, now)) if allowance.counts_globally else expected

    def settle(self, ticket: Ticket, quota: Quota | None = None) -> None:
        """Take in that the server counted the request, or may have."""
        now = self._clock()
        ticket.bucket.settle(ticket.number, now, quota or Quota())
        if ticket.global_number is not None:
            self._global.settle(ticket.global_number, now, Quota())

    def refuse(self, ticket: Ticket, retry_after: float, *, is_global: bool) -> None:
        """Take in a 429: nobody goes through the bucket that refused before `retry_after` has passed."""
        now = self._clock()
        pause = min(retry_after, LONGEST_PAUSE)
        if is_global and ticket.global_number is not None:
            self._global.refuse(ticket.global_number, now, pause)
            ticket.bucket.refund(ticket.number)
            return
        ticket.bucket.refuse(ticket.number, now, pause)
        if ticket.global_number is not None:
            self._global.settle(ticket.global_number, now, Quota())

    async def _wait(self, bucket: Bucket, gate: Bucket | None) -> Ticket:
        async with bucket.line.turn():
            while True:
                await self._until_ready(bucket)
                if gate is None:
                    return self._take(bucket, None)
                async with gate.line.turn():
                    await self._until_ready(gate)
                    if bucket.delay(self._clock()) <= 0:
                        return self._take(bucket, gate)

    async def _until_ready(self, bucket: Bucket) -> None:
        shortest = 0.0
        while (delay := bucket.delay(self._clock())) > 0:
            nap = min(max(delay, shortest), LONGEST_NAP)
            await self._sleep(nap)
            # Behind an answer that is late a delay stays as short as it is; behind a true wait a timer was early.
            shortest = min(2 * nap, MARGIN) if nap <= MARGIN else 0.0

    def _take(self, bucket: Bucket, gate: Bucket | None) -> Ticket:
        now = self._clock()
        return Ticket(bucket, bucket.take(now), gate.take(now) if gate is not None else None)

    def _bucket(self, key: str, allowance: Allowance) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= IDLE_BUCKETS_KEPT:
                now = self._clock()
                self._buckets = {name: kept for name, kept in self._buckets.items() if not kept.is_idle(now)}
            bucket = self._buckets[key] = Bucket(key, allowance, self._scale)
        return bucket


def quota_of(headers: Mapping[str, str]) -> Quota:
    """Return what response headers of any case say about the bucket."""
    named = _of_any_case(headers)
    limit = _seconds(named.get("x-ratelimit-limit"))
    remaining = _seconds(named.get("x-ratelimit-remaining"))
    return Quota(
        int(limit) if limit and 1 <= limit <= 1_000_000 else None,
        int(remaining) if remaining is not None and remaining <= 1_000_000 else None,
        _seconds(named.get("x-ratelimit-reset-after")),
    )


def retry_after_of(headers: Mapping[str, str], body: Mapping[str, object]) -> float | None:
    """Return the seconds to wait that a refusal names, from its body or else its headers."""
    seconds = _seconds(body.get("retry_after"))
    return seconds if seconds is not None else _seconds(_of_any_case(headers).get("retry-after"))


def _of_any_case(headers: Mapping[str, str]) -> Mapping[str, str]:
    return headers if isinstance(headers, CIMultiDictProxy) else CIMultiDict(headers)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _expected(bucket: Bucket, now: float) -> float:
    delay = bucket.delay(now)
    return delay + len(bucket.line) * bucket.interval if delay > 0 or bucket.line else 0.0
