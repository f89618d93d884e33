"""Exit codes, stable for scripts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from reaper_tui.model.check import Check, CheckState, Trouble
from reaper_tui.model.errors import AccessDenied, CloneError, ProfileHeld, ServiceDown
from reaper_tui.model.summary import Summary, Verification


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    INCOMPLETE = 1
    USAGE = 2
    ACCESS = 3
    UNAVAILABLE = 4
    HELD = 5
    PAUSED = 10
    INTERRUPTED = 130
    TERMINATED = 143


WINDOW_OVER = "the time window is over"
BY_SIGNAL = {"interrupted": ExitCode.INTERRUPTED, "terminated": ExitCode.TERMINATED}


def code_of_error(error: CloneError) -> ExitCode:
    """Return the exit code for what ended a command."""
    if isinstance(error, AccessDenied):
        return ExitCode.ACCESS
    if isinstance(error, ServiceDown):
        return ExitCode.UNAVAILABLE
    if isinstance(error, ProfileHeld):
        return ExitCode.HELD
    return ExitCode.USAGE


def code_of_summary(summary: Summary) -> ExitCode:
    """Return the exit code for a run that came to an end of its own or was stopped."""
    if summary.state == "done":
        return ExitCode.DONE if summary.is_faithful and not summary.note else ExitCode.INCOMPLETE
    if summary.note in BY_SIGNAL:
        return BY_SIGNAL[summary.note]
    return ExitCode.PAUSED if summary.state in ("stopped", "running") else ExitCode.INCOMPLETE


def code_of_checks(checks: Iterable[Check]) -> ExitCode:
    """Return the exit code for an examination: that of the first fault, as the checks go from causes to effects."""
    codes = {
        Trouble.ACCESS: ExitCode.ACCESS,
        Trouble.UNAVAILABLE: ExitCode.UNAVAILABLE,
        Trouble.HELD: ExitCode.HELD,
    }
    first = next((check for check in checks if check.state is CheckState.FAULT), None)
    return ExitCode.DONE if first is None else codes.get(first.trouble, ExitCode.USAGE)


def code_of_verification(verification: Verification) -> ExitCode:
    """Return the exit code for a verification."""
    return ExitCode.DONE if verification.is_clean else ExitCode.INCOMPLETE
