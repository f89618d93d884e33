"""The pace of those who catch up: whoever is live does not wait for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

SLICE_SECONDS = 0.001
# A fifth of the loop is enough to catch up; whoever is live finds the rest of it free.
REST = 4.0


class Pace:
    """Lets one page be written at a time and rests after each slice of writing."""

    def __init__(self, clock: Callable[[], float], rest: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clock = clock
        self._rest = rest
        self._writing = asyncio.Lock()
        self._spent = 0.0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for the turn to write a page."""
        async with self._writing:
            began = self._clock()
            yield
            self._spent += self._clock() - began
            if self._spent >= SLICE_SECONDS:
                spent, self._spent = self._spent, 0.0
                await self._rest(spent * REST)
