"""How a run ended, in one line, and as an exit code."""

from __future__ import annotations

from dataclasses import dataclass

from reaper_tui.exit_codes import ExitCode, code_of_error, code_of_summary
from reaper_tui.model.errors import CloneError
from reaper_tui.model.summary import Summary
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bridge import Problem
from reaper_tui.tui.figures import counted
from reaper_tui.tui.glyphs import Sign, Tone

STOPPED_BY_USER = "stopped by the user"
GO_ON = "What was done is on record. Go back to the channels (c) and start again: it goes on from here."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline of a report; only a faithful run gets the tone of success."""

    sign: Sign
    title: str
    lines: tuple[str, ...] = ()


def verdict(summary: Summary | None, problem: Problem | None) -> Verdict:
    """Return how a run ended."""
    if problem is not None:
        mend = (f"→ {problem.mend}",) if problem.mend else ()
        return Verdict(Sign("✖", "failed", Tone.ERROR), f"Failed: {problem.cause}", (*mend, *_pending(summary)))
    if summary is None:
        return Verdict(Sign("■", "stopped", Tone.WARNING), "Stopped", (GO_ON,))
    messages = summary.messages
    note = (sanitise_line(summary.note, 300),) if summary.note not in ("", STOPPED_BY_USER) else ()
    if summary.is_faithful and not summary.note:
        checked = () if summary.verify else ("The target has not been read back yet.",)
        return Verdict(Sign("✔", "done", Tone.SUCCESS), "Done: everything arrived", (*note, *checked))
    if summary.state == "failed":
        return Verdict(Sign("✖", "failed", Tone.ERROR), "Failed", (*note, *_pending(summary)))
    if summary.state != "done":
        return Verdict(Sign("■", "stopped", Tone.WARNING), "Stopped on request", (*note, *_pending(summary)))
    flaws = [
        (messages.failed, "failed"),
        (messages.uncertain, "uncertain"),
        (messages.pending, "still to be sent"),
    ]
    parts = [f"{counted(count, 'message')} {word}" for count, word in flaws if count]
    if broken := sum(count.failed for count in summary.structure.values()):
        parts.append(f"{counted(broken, 'item')} of the structure failed")
    if summary.verify is not None and not summary.verify.is_clean:
        parts.append("reading back found differences")
    if not messages.balances:
        parts.append("the counts do not add up")
    return Verdict(Sign("▲", "differs", Tone.WARNING), f"Done, but {', '.join(parts) or 'not all of it arrived'}", note)


def exit_code(summary: Summary | None, problem: Problem | None) -> int:
    """Return what the program answers to the shell."""
    if problem is not None:
        return code_of_error(problem.error) if isinstance(problem.error, CloneError) else ExitCode.INCOMPLETE
    return ExitCode.DONE if summary is None else code_of_summary(summary)


def _pending(summary: Summary | None) -> tuple[str, ...]:
    if summary is None:
        return ()
    if summary.messages.pending:
        left = counted(summary.messages.pending, "message")
        return (f"{left} still to be sent. Go back to the channels (c) and start again: it goes on from here.",)
    return (GO_ON,)
