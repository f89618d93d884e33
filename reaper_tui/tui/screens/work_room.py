"""A screen on whose behalf work with a profile is carried out."""

from __future__ import annotations

from typing import Literal

from reaper_tui.tui.bridge import Session
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.verdict import Verdict, verdict

Severity = Literal["information", "warning", "error"]


class WorkRoom(Room):
    """Is told when its work ended, on whatever screen the user is by then."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def work_ended(self) -> None:
        """Show the outcome."""
        raise NotImplementedError

    def outcome(self) -> Verdict:
        """Return how the work ended."""
        return verdict(self._session.summary, self._session.problem)

    def outcome_line(self) -> str:
        """Return how the work ended in a line."""
        outcome = self.outcome()
        return f"{outcome.sign.glyph} {outcome.title}"

    def severity(self) -> Severity:
        """Return how loud the outcome is told."""
        tone = self.outcome().sign.tone
        return "error" if tone is Tone.ERROR else "warning" if tone is Tone.WARNING else "information"
