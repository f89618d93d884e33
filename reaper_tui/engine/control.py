"""The run's state machine, shared by the app and the headless run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


class RunState(StrEnum):
    """Where a run stands."""

    IDLE = "idle"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    CANCELLING = "cancelling"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


ENDED = frozenset({RunState.DONE, RunState.STOPPED, RunState.FAILED})
_NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.IDLE: frozenset({RunState.PREPARING}),
    RunState.PREPARING: frozenset({RunState.RUNNING, RunState.PAUSED, RunState.DRAINING, RunState.CANCELLING}) | ENDED,
    RunState.RUNNING: frozenset({RunState.PAUSED, RunState.DRAINING, RunState.CANCELLING}) | ENDED,
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.DRAINING, RunState.CANCELLING}) | ENDED,
    RunState.DRAINING: frozenset({RunState.CANCELLING}) | ENDED,
    RunState.CANCELLING: ENDED,
    RunState.DONE: frozenset({RunState.PREPARING}),
    RunState.STOPPED: frozenset({RunState.PREPARING}),
    RunState.FAILED: frozenset({RunState.PREPARING}),
}


class IllegalTransition(Exception):
    """A run was asked to go where its state does not lead."""


class StopRequested(Exception):
    """The run stops at this boundary; everything before it is on record."""


class RunControl:
    """Holds the state, lets work wait at safe points, and remembers that a stop was asked for."""

    def __init__(self) -> None:
        self._state = RunState.IDLE
        self._open_gate = asyncio.Event()
        self._open_gate.set()
        self._stopping = asyncio.Event()
        self._listeners: list[Callable[[RunState], None]] = []
        self.stop_reason = ""

    @property
    def state(self) -> RunState:
        return self._state

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def is_active(self) -> bool:
        return self._state not in ENDED and self._state is not RunState.IDLE

    def listen(self, listener: Callable[[RunState], None]) -> None:
        """Call a function after every change of state."""
        self._listeners.append(listener)

    def move(self, state: RunState) -> None:
        """Go to a state; raise IllegalTransition when the machine has no such step."""
        if state is self._state:
            return
        if state not in _NEXT[self._state]:
            raise IllegalTransition(f"{self._state} → {state}")
        if state is RunState.PREPARING:
            self._stopping.clear()
            self._open_gate.set()
            self.stop_reason = ""
        self._state = state
        for listener in self._listeners:
            listener(state)

    def pause(self) -> bool:
        """Hold the run at the next boundary; return whether that changed anything."""
        if self._state is not RunState.RUNNING:
            return False
        self._open_gate.clear()
        self.move(RunState.PAUSED)
        return True

    def resume(self) -> bool:
        """Let a paused run go on; return whether that changed anything."""
        if self._state is not RunState.PAUSED:
            return False
        self.move(RunState.RUNNING)
        self._open_gate.set()
        return True

    def stop(self, reason: str = "stopped by the user") -> bool:
        """Finish the messages in flight, then end; return whether that changed anything."""
        if not self.is_active or self._state in (RunState.DRAINING, RunState.CANCELLING):
            return False
        self.stop_reason = reason
        self.move(RunState.DRAINING)
        self._stopping.set()
        self._open_gate.set()
        return True

    def cancel(self) -> bool:
        """Note that work is being cut off now; whoever owns the run's task cancels it."""
        if not self.is_active or self._state is RunState.CANCELLING:
            return False
        self.stop_reason = self.stop_reason or "cancelled by the user"
        self.move(RunState.CANCELLING)
        self._stopping.set()
        self._open_gate.set()
        return True

    async def boundary(self) -> None:
        """Wait while paused; raise StopRequested once a stop was asked for."""
        await self._open_gate.wait()
        if self._stopping.is_set():
            raise StopRequested(self.stop_reason)

    async def resumed(self) -> None:
        """Wait while paused."""
        await self._open_gate.wait()

    async def stopping(self) -> None:
        """Wait until a stop was asked for."""
        await self._stopping.wait()

    async def wait(self, seconds: float) -> bool:
        """Wait for so long, or until a stop is asked for; return whether one was."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what reading work returns; a stop cuts it off and raises StopRequested."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise StopRequested(self.stop_reason)
        finally:
            for piece in (task, stop):
                piece.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)
