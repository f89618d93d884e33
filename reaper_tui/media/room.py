"""Room in the spool: a bounded number of bytes on disk at once."""

from __future__ import annotations

import asyncio
from collections import deque

# Senders that each hold some files and wait for room would wait for ever; after this one of them may pass the bound.
LONGEST_WAIT = 60.0


class Room:
    """Bytes that may be on disk at once, given out in the order of asking."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._line: deque[asyncio.Event] = deque()
        self.taken = 0

    async def take(self, amount: int) -> None:
        """Wait for room; something larger than all of it passes when it is alone."""
        place = asyncio.Event()
        self._line.append(place)
        try:
            while self._line[0] is not place or (self.taken and self.taken + amount > self._size):
                place.clear()
                is_first = self._line[0] is place
                try:
                    async with asyncio.timeout(LONGEST_WAIT if is_first else None):
                        await place.wait()
                except TimeoutError:
                    break
            self.taken += amount
        finally:
            self._line.remove(place)
            self._wake()

    def give(self, amount: int) -> None:
        """Give room back."""
        self.taken -= amount
        self._wake()

    def _wake(self) -> None:
        if self._line:
            self._line[0].set()
