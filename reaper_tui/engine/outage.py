"""The hold: while the other side is down the same work waits, probes with back-off, and says since when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from reaper_tui.engine.control import RunControl, StopRequested
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.progress import Progress
from reaper_tui.model.errors import OutcomeUnknown, ServiceDown

T = TypeVar("T")
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0


class Outage:
    """Shared by everything that talks to one side."""

    def __init__(
        self,
        control: RunControl,
        progress: Progress,
        log: EventLog,
        *,
        now: Callable[[], float],
        scale: float = 1.0,
    ) -> None:
        self._control = control
        self._progress = progress
        self._log = log
        self._now = now
        self._scale = scale
        self._since: dict[str, float] = {}
        self._tries: dict[str, int] = {}

    async def through(self, side: str, work: Callable[[], Awaitable[T]]) -> T:
        """Return what the work returns, trying again for as long as the side is down; OutcomeUnknown passes through."""
        while True:
            try:
                result = await work()
            except OutcomeUnknown:
                raise
            except ServiceDown as error:
                await self.pause(side, error)
            else:
                self.over(side)
                return result

    async def pause(self, side: str, error: ServiceDown) -> None:
        """Wait before the next try; raise StopRequested when the run is to stop meanwhile."""
        tries = self._tries[side] = self._tries.get(side, 0) + 1
        since = self._since.setdefault(side, self._now())
        seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 10))
        seconds = max(seconds / self._scale, error.retry_after or 0.0)
        self._progress.hold = (
            f"{side} does not answer since {_clock(since)}: {error} — next try at {_clock(self._now() + seconds)}"
        )
        if tries == 1:
            self._log.write(Level.WARNING, f"{side} does not answer: {error.line()}; holding, nothing is lost")
        try:
            async with asyncio.timeout(seconds):
                await self._control.stopping()
        except TimeoutError:
            return
        raise StopRequested(self._control.stop_reason)

    def over(self, side: str) -> None:
        """Note that the side answers."""
        if side in self._since:
            since = self._since.pop(side)
            self._tries.pop(side, None)
            self._log.write(Level.SUCCESS, f"{side} answers again after {self._now() - since:.0f} s")
            if not self._since:
                self._progress.hold = ""


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
