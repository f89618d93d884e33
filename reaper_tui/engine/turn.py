"""A lane's turn: only so many lanes deliver at once, and one that waits for more to come lets another in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from types import TracebackType


class Turn:
    """Holds one of the slots while its block runs, but not while idle."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._is_held = False

    async def __aenter__(self) -> None:
        await self._take()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    async def while_idle(self, waiting: Awaitable[object]) -> None:
        """Wait for something without keeping others from their turn."""
        self._leave()
        await waiting
        await self._take()

    async def _take(self) -> None:
        await self._slots.acquire()
        self._is_held = True

    def _leave(self) -> None:
        if self._is_held:
            self._is_held = False
            self._slots.release()
