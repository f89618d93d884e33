"""Limits kept on our side: Discord's buckets, and a ceiling below its global limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from discord.errors import RateLimited
from discord.http import Ratelimit

_CLOCK_GRAIN = 0.002
# A history is read page after page; a bucket that is full again and left alone so long belongs to one that ended.
IDLE_SECONDS = 10.0


class Bucket(Ratelimit):
    """A bucket whose last response is handed out at once: whoever comes next waits, and can be cancelled at once."""

    __slots__ = ("_is_armed", "_report")

    def __init__(self, longest_wait: float | None, report: Callable[[float], None]) -> None:
        super().__init__(longest_wait)
        self._report = report
        self._is_armed = False

    def is_inactive(self) -> bool:
        """Return whether nothing would be lost by forgetting this bucket."""
        is_left_alone = self._loop.time() - self._last_request >= IDLE_SECONDS and not self._pending_requests
        return is_left_alone and self.outgoing == 0 and (self.expires is None or self.is_expired())

    async def acquire(self) -> None:
        """Wait for a turn; raise RateLimited when that would take too long."""
        self._last_request = self._loop.time()
        if self.is_expired():
            self.reset()
        while self.remaining <= 0:
            if self.expires is not None:
                seconds = self.expires - self._loop.time()
                if self._max_ratelimit_timeout is not None and seconds > self._max_ratelimit_timeout:
                    raise RateLimited(seconds)
                self._report(seconds)
            turn = self._loop.create_future()
            self._pending_requests.append(turn)
            self._arm()
            try:
                await turn
            except BaseException:
                if turn.done() and not turn.cancelled():
                    self._wake_next()
                turn.cancel()
                raise
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.outgoing -= 1
        if self.is_expired() or (self.expires is None and self.remaining <= 0):
            self.reset()
        self._pass_on()

    def _pass_on(self) -> None:
        if not self._pending_requests:
            return
        tokens = self.remaining - self.outgoing
        if tokens > 0:
            self._wake(tokens)
        else:
            self._arm()

    def _arm(self) -> None:
        if self.expires is not None and not self._is_armed:
            self._is_armed = True
            self._loop.call_at(self.expires + _CLOCK_GRAIN, self._renew)

    def _renew(self) -> None:
        self._is_armed = False
        if self.is_expired():
            self.reset()
        self._pass_on()


class Ceiling:
    """At most so many requests a second over all buckets; a burst may go ahead of the pace."""

    def __init__(self, per_second: float, burst: int, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._interval = 1 / per_second
        self._burst_seconds = burst / per_second
        self._sleep = sleep
        self._next = 0.0

    async def take(self) -> None:
        """Wait for a turn."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._burst_seconds) + self._interval
        if self._next > now:
            await self._sleep(self._next - now)
