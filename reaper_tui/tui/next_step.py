"""What to do next with a profile, from how its last run ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reaper_tui.backend import LastRun, ProfileEntry
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import counted
from reaper_tui.tui.glyphs import Sign, Tone


class Step(StrEnum):
    """What “Go on” does."""

    CHOOSE = "choose channels"
    RESUME = "resume"
    RETRY = "retry"
    VERIFY = "verify"
    AGAIN = "run again"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class NextStep:
    """How things stand, and what follows from it."""

    sign: Sign
    standing: str
    step: Step
    advice: str


def next_step(entry: ProfileEntry) -> NextStep:
    """Return how a profile stands and what to do next."""
    run = entry.run
    if run is None:
        return NextStep(
            Sign("○", "new", Tone.MUTED), "not run yet", Step.CHOOSE, "choose channels and see what would happen"
        )
    when = datetime.fromtimestamp(run.at).astimezone().strftime("%Y-%m-%d %H:%M")
    if run.runs_elsewhere:
        holder = sanitise_line(run.runs_elsewhere, 80)
        return NextStep(
            Sign("▶", "running", Tone.ACCENT), f"held by {holder}", Step.WAIT, "stop that one, or wait until it ends"
        )
    if run.state != "done":
        sign = Sign("✖", run.state, Tone.ERROR) if run.state == "failed" else Sign("■", run.state, Tone.WARNING)
        left = f", {counted(run.pending, 'message')} to go" if run.pending else ""
        return NextStep(sign, f"{when}{left}", Step.RESUME, "resume: it goes on where it ended")
    return _after_done(run, when, is_live=entry.is_live)


def _after_done(run: LastRun, when: str, *, is_live: bool) -> NextStep:
    flaw = Sign("▲", "done, but", Tone.WARNING)
    if run.failed:
        return NextStep(flaw, f"{counted(run.failed, 'message')} failed, {when}", Step.RETRY, "see why, and retry")
    if run.pending:
        return NextStep(flaw, f"{counted(run.pending, 'message')} to go, {when}", Step.RESUME, "resume")
    settled = f"{counted(run.settled, 'message')}, {when}"
    if run.is_verified is None:
        return NextStep(Sign("✔", "done", Tone.SUCCESS), settled, Step.VERIFY, "verify: read the target back")
    if not run.is_verified:
        return NextStep(flaw, f"the target differs, {when}", Step.VERIFY, "see what differs")
    again = "go on mirroring" if is_live else "run again: it brings what is new"
    return NextStep(Sign("✔", "done and verified", Tone.SUCCESS), settled, Step.AGAIN, again)
