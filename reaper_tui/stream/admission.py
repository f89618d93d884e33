"""How many may listen at once, in all and from one address, and how often one address may ask."""

from __future__ import annotations

from collections import Counter

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from reaper_tui.stream.address import limit_key
from reaper_tui.stream.refusals import Refusal

HANDSHAKE_SECONDS = 10


class Admission:
    """Counts listeners and requests by address."""

    def __init__(self, *, most: int, most_per_address: int, requests: int, window: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._listening = Counter[str]()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._window = window
        self._requests = RateLimitItemPerSecond(requests, window)
        # Everybody of an address may come back twice in the time a server needs to restart.
        self._handshakes = RateLimitItemPerSecond(2 * most_per_address + 10, HANDSHAKE_SECONDS)

    @property
    def listening(self) -> int:
        """Return how many listen now."""
        return self._listening.total()

    @property
    def addresses(self) -> int:
        """Return from how many addresses."""
        return len(self._listening)

    async def request(self, address: str) -> None:
        """Count a request; raise Refusal when there were too many."""
        if not await self._limiter.hit(self._requests, "request", limit_key(address)):
            raise Refusal(
                429,
                "rate_limited",
                f"more than {self._requests.amount} requests in {self._window} s",
                retry_after=self._window,
            )

    async def handshake(self, address: str) -> None:
        """Count an attempt to listen; raise Refusal when there were too many."""
        if not await self._limiter.hit(self._handshakes, "handshake", limit_key(address)):
            raise Refusal(429, "rate_limited", "too many connections in a short time", retry_after=HANDSHAKE_SECONDS)

    def enter(self, address: str) -> None:
        """Count a listener in; raise Refusal when the house is full."""
        key = limit_key(address)
        if self.listening >= self._most:
            raise Refusal(503, "full", f"{self._most} listeners are connected", retry_after=5)
        if self._listening[key] >= self._most_per_address:
            raise Refusal(
                429, "too_many_connections", f"at most {self._most_per_address} connections an address", retry_after=5
            )
        self._listening[key] += 1

    def leave(self, address: str) -> None:
        """Count a listener out."""
        key = limit_key(address)
        self._listening[key] -= 1
        if self._listening[key] <= 0:
            del self._listening[key]
