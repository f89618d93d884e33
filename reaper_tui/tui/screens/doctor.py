"""What a clone needs, looked at one by one."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import problem_of
from reaper_tui.tui.figures import counted
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.widgets.findings import Findings
from reaper_tui.tui.widgets.problem_panel import ProblemPanel


class DoctorScreen(ProfileRoom):
    """One line a check, with the mend below what is out of order."""

    room: ClassVar[str] = "doctor"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("doctor")
    findings = getters.query_one(Findings)

    def body(self) -> ComposeResult:
        """Yield the page."""
        yield Static("Doctor", id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        with VerticalScroll(id="page", classes="content page"):
            yield Findings(id="findings", waiting="looking at both sides and this machine; nothing is written")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Check again", id="again", variant="primary", compact=True)
            yield Button("Back", id="back", compact=True)

    async def entered(self) -> None:
        """Examine."""
        self.query_one("#page").focus()
        await self._examine()

    @on(Button.Pressed, "#again")
    def action_examine(self) -> None:
        """Check everything again."""
        if self.is_entered and not self.findings.is_looking:
            self._enter()

    def action_copy(self) -> None:
        """Hand the findings to the clipboard."""
        lines = self.findings.lines()
        self.program.copy("\n".join(lines), counted(len(lines), "finding"))

    async def _examine(self) -> None:
        totals = self.query_one("#totals", Static)
        totals.update("")
        try:
            await self.findings.take(self._session.workspace.examine())
        except Exception as error:
            self._session.problem = problem_of(error, self.program.backend.log_file)
            self.show_problem()
            return
        totals.update(f" {self.findings.verdict}")
