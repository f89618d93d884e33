"""What is shown in place of a screen's content when it cannot be had."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button

from reaper_tui.tui.bridge import Problem
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.sheet import Sheet


class ProblemPanel(Vertical):
    """Cause, mend, and a button to try again."""

    DEFAULT_CSS = "ProblemPanel { height: 1fr; padding: 1 2; } ProblemPanel Button { margin-top: 1; }"

    def compose(self) -> ComposeResult:
        """Yield the text and the button."""
        yield Sheet()
        yield Button("Try again", id="try-again", variant="primary")

    def show(self, problem: Problem) -> None:
        """Show this problem."""

        def draw(sheet: Sheet) -> RenderableType:
            cause = Text(f"✖ {problem.cause}", style=sheet.tone(Tone.ERROR))
            return Group(cause, Text(), Text(f"→ {problem.mend}")) if problem.mend else cause

        self.query_one(Sheet).show(draw)
