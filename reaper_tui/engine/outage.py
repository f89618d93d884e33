"""The hold: while the other side is down the same work waits, probes with back-off, and says since when."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reaper_tui.engine.control import RunControl, StopRequested
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.progress import Progress
from reaper_tui.model.errors import OutcomeUnknown, ServiceDown

T = TypeVar("T")
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_ASKED_SECONDS = 900.0


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
        self._next_at: dict[str, float] = {}

    async def through(self, side: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
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
        now = self._now()
        if side not in self._since:
            self._since[side] = now
            self._log.write(Level.WARNING, f"{side} does not answer: {error.line()}; holding, nothing is lost")
        # Many senders fail at the same moment: together they are one try.
        if now >= self._next_at.get(side, 0.0):
            tries = self._tries[side] = self._tries.get(side, 0) + 1
            seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 10)) / self._scale
            self._next_at[side] = now + max(seconds, min(error.retry_after or 0.0, LONGEST_ASKED_SECONDS))
        next_at = self._next_at[side]
        self._progress.hold = (
            f"{side} does not answer since {_clock(self._since[side])}: {error} — next try at {_clock(next_at)}"
        )
        if await self._control.wait(next_at - now):
            raise StopRequested(self._control.stop_reason)

    def over(self, side: str) -> None:
        """Note that the side answers."""
        if side in self._since:
            since = self._since.pop(side)
            self._tries.pop(side, None)
            self._next_at.pop(side, None)
            self._log.write(Level.SUCCESS, f"{side} answers again after {self._now() - since:.0f} s")
            if not self._since:
                self._progress.hold = ""


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
