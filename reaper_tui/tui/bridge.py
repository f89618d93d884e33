"""From engine to screen: a profile held open, its run, and what is new since the last look."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reaper_tui.backend import Backend, Survey, Workspace
from reaper_tui.engine.control import RunState, StopRequested
from reaper_tui.engine.events import LogLine
from reaper_tui.engine.progress import MirroredMessage, Snapshot
from reaper_tui.exit_codes import WINDOW_OVER
from reaper_tui.model.errors import CloneError
from reaper_tui.model.plan import Plan
from reaper_tui.model.removal import RemovalOutcome
from reaper_tui.model.retrying import Retriable
from reaper_tui.model.summary import Summary, Verification
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.settings import Settings
from reaper_tui.time_window import parse_until

CLOSE_SECONDS = 10.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong and what the user can do, both fit to show."""

    cause: SafeText
    mend: SafeText
    error: BaseException | None = None

    def line(self) -> str:
        """Return cause and mend on one line."""
        return f"{self.cause} — {self.mend}" if self.mend else self.cause

    @classmethod
    def of_file(cls, path: Path, error: OSError) -> Problem:
        """Return what to show when a file cannot be written."""
        reason = error.strerror or type(error).__name__
        return cls(sanitise_line(f"{path} cannot be written: {reason}", 600), SafeText("check the folder"), error)


def problem_of(error: BaseException, log_file: Path) -> Problem:
    """Return what to show for an error: a CloneError's own words, anything else by kind only, with the log's place."""
    if isinstance(error, CloneError):
        return Problem(sanitise_line(str(error), 600), sanitise_line(error.mend, 600), error)
    logger.error("unexpected error", exc_info=error)
    kind = sanitise_line(type(error).__name__, 60)
    return Problem(
        SafeText(f"Something unexpected went wrong ({kind})."),
        sanitise_line(
            f"The details are in {log_file}. What was done so far is on record: it is safe to try again.", 600
        ),
        error,
    )


@dataclass(slots=True)
class Session:
    """One profile while the app works with it; whoever starts `hold` keeps it open until `close`."""

    backend: Backend
    path: Path
    settings: Settings = field(default_factory=Settings)
    survey: Survey | None = None
    plan: Plan | None = None
    summary: Summary | None = None
    problem: Problem | None = None
    verification: Verification | None = None
    removal: RemovalOutcome | None = None
    retriable: Retriable = field(default_factory=Retriable)
    has_run: bool = False
    until: str = ""
    _workspace: Workspace | None = None
    _run: asyncio.Task[Any] | None = None
    _opened: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def workspace(self) -> Workspace:
        """Return the opened profile."""
        assert self._workspace is not None
        return self._workspace

    @property
    def is_open(self) -> bool:
        """Return whether the profile is open."""
        return self._workspace is not None

    @property
    def is_running(self) -> bool:
        """Return whether a run is under way."""
        return self._run is not None and not self._run.done()

    async def hold(self, predecessor: Session | None = None) -> None:
        """Open the profile, once the one before is closed, and keep it open until asked to close."""
        try:
            if predecessor is not None:
                await predecessor.close()
            async with self.backend.open(self.path) as workspace:
                self._workspace = workspace
                self.settings = workspace.settings
                self._opened.set()
                await self._closing.wait()
        except Exception as error:
            self.problem = problem_of(error, self.backend.log_file)
        finally:
            self._workspace = None
            self._opened.set()
            self._closed.set()

    async def look(self) -> Survey | None:
        """Return both sides as they stand; None leaves the reason in `problem`."""
        await self._opened.wait()
        if self._workspace is None:
            return None
        self.problem = None
        try:
            self.survey = await self._workspace.survey()
        except Exception as error:
            self.survey = None
            self.problem = problem_of(error, self.backend.log_file)
        return self.survey

    def make_plan(self) -> Plan | None:
        """Return what a run with the present settings would do; None leaves the reason in `problem`."""
        assert self.survey is not None
        self.problem = None
        try:
            self.plan = self.workspace.plan(self.survey, self.settings)
        except Exception as error:
            self.plan = None
            self.problem = problem_of(error, self.backend.log_file)
        return self.plan

    async def opened(self) -> bool:
        """Wait until the profile is open; False leaves the reason in `problem`."""
        await self._opened.wait()
        return self._workspace is not None

    @property
    def can_retry(self) -> bool:
        """Return whether what failed can be tried again now."""
        return self._workspace is not None and not self.is_running and not self.retriable.is_empty

    async def transfer(self) -> None:
        """Run to an end of any kind; afterwards `summary` or `problem` tell it."""
        control = self.workspace.control
        timer: asyncio.TimerHandle | None = None
        if self.until:
            end = parse_until(self.until, datetime.now().astimezone())
            timer = asyncio.get_running_loop().call_later(max(0.0, end - time.time()), control.stop, WINDOW_OVER)
        try:
            await self._carry_out(self.workspace.run(self.settings))
        finally:
            if timer is not None:
                timer.cancel()

    async def retry(self) -> None:
        """Try failed messages again; afterwards `summary` or `problem` tell how that ended."""
        await self._carry_out(self.workspace.retry(self.settings))

    async def verify(self) -> None:
        """Read the target back; afterwards `verification` or `problem` tell it, neither after a stop."""
        self.verification = None
        await self._carry_out(self.workspace.verify())

    async def remove(self) -> None:
        """Remove what the profile made; afterwards `removal` or `problem` tell it, neither after a stop."""
        self.removal = None
        await self._carry_out(self.workspace.remove())

    async def recall(self) -> Summary | None:
        """Return the outcome on record, read once."""
        if await self.opened():
            try:
                self.summary = self.summary or await self.workspace.summary()
                self.retriable = await self.workspace.retriable()
            except Exception as error:
                self.problem = problem_of(error, self.backend.log_file)
        return self.summary

    async def _carry_out(self, work: Coroutine[Any, Any, Any]) -> None:
        workspace = self.workspace
        self.summary = None
        self.problem = None
        self.has_run = True
        self._settled.clear()
        self._run = asyncio.ensure_future(work)
        try:
            await asyncio.wait({self._run})
            await self._take_outcome(workspace, self._run)
        finally:
            self._run.cancel()
            self._settled.set()

    async def _take_outcome(self, workspace: Workspace, run: asyncio.Task[Any]) -> None:
        error = None if run.cancelled() else run.exception()
        if error is not None and not isinstance(error, StopRequested):
            self.problem = problem_of(error, self.backend.log_file)
        elif error is None and not run.cancelled():
            result = run.result()
            self.summary = result if isinstance(result, Summary) else None
            self.verification = result if isinstance(result, Verification) else None
            self.removal = result if isinstance(result, RemovalOutcome) else None
        if workspace.control.is_active:
            workspace.control.move(RunState.FAILED if self.problem else RunState.STOPPED)
        with contextlib.suppress(Exception):
            self.summary = self.summary or await workspace.summary()
            self.retriable = await workspace.retriable()

    def stop(self, reason: str) -> bool:
        """Ask the run to end at the next message boundary; return whether that changed anything."""
        return self.is_running and self.workspace.control.stop(reason)

    def cut_off(self) -> bool:
        """Cancel the run now; the journal knows what was in flight."""
        if self._run is None or self._run.done():
            return False
        self.workspace.control.cancel()
        return self._run.cancel()

    async def settled(self) -> None:
        """Wait until no run is under way and its outcome is known."""
        if self._run is not None:
            await self._settled.wait()

    async def close(self) -> None:
        """Give the profile back."""
        self._closing.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), CLOSE_SECONDS)


@dataclass(frozen=True, slots=True)
class Pulse:
    """One look at a run: the numbers, and the lines that are new."""

    snapshot: Snapshot
    lines: tuple[LogLine, ...]
    messages: tuple[MirroredMessage, ...]


@dataclass(slots=True)
class Feed:
    """Reads a workspace and remembers how far."""

    workspace: Workspace
    _line: int = 0
    _message: int = 0

    def read(self) -> Pulse:
        """Return the state of this moment."""
        progress = self.workspace.progress
        lines = self.workspace.log.since(self._line)
        messages = progress.stream_since(self._message)
        if lines:
            self._line = lines[-1].number
        if messages:
            self._message = messages[-1].number
        return Pulse(progress.snapshot(self.workspace.control.state), lines, messages)
