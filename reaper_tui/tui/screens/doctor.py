"""What a clone needs, looked at one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from reaper_tui.backend import Finding
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Session, problem_of
from reaper_tui.tui.figures import counted
from reaper_tui.tui.glyphs import FINDING_SIGNS, Tone
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.sheet import Sheet


class DoctorScreen(ProfileRoom):
    """One line a check, with the mend below what is out of order."""

    room: ClassVar[str] = "doctor"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("doctor")
    page = getters.query_one("#findings", Sheet)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._findings: Sequence[Finding] | None = None

    def body(self) -> ComposeResult:
        """Yield the page."""
        yield Static("Doctor", id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        with VerticalScroll(id="page", classes="content page"):
            yield Sheet(id="findings")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Check again", id="again", variant="primary", compact=True)
            yield Button("Back", id="back", compact=True)

    async def entered(self) -> None:
        """Examine."""
        self.page.show(self._draw)
        self.query_one("#page").focus()
        await self._examine()

    @on(Button.Pressed, "#again")
    def action_examine(self) -> None:
        """Check everything again."""
        if self._findings is not None:
            self._findings = None
            self.page.refresh(layout=True)
            self._enter()

    def action_copy(self) -> None:
        """Hand the findings to the clipboard."""
        lines = [
            f"{FINDING_SIGNS[row.state]} {row.name}: {row.line} {row.mend}".strip() for row in self._findings or ()
        ]
        self.program.copy("\n".join(lines), counted(len(lines), "finding"))

    async def _examine(self) -> None:
        workspace = self._session.workspace
        self.query_one("#totals", Static).update("")
        try:
            self._findings = await workspace.examine()
        except Exception as error:
            self._session.problem = problem_of(error, self.program.backend.log_file)
            self.show_problem()
            return
        faults = sum(row.state == "fault" for row in self._findings)
        notes = sum(row.state == "note" for row in self._findings)
        told = (
            f"✖ {counted(faults, 'fault')}" if faults else f"▲ {counted(notes, 'note')}" if notes else "✔ all is well"
        )
        self.query_one("#totals", Static).update(f" {told}")
        self.page.refresh(layout=True)

    def _draw(self, sheet: Sheet) -> RenderableType:
        if self._findings is None:
            return sheet.muted("◌ Looking at tokens, permissions, limits, disk and terminal…\n\nNothing is written.")
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True, width=9)
        table.add_column(ratio=1, overflow="fold")
        for row in self._findings:
            sign = FINDING_SIGNS.get(row.state, FINDING_SIGNS["note"])
            line = Text.assemble((sanitise_line(row.name, 60), "bold"), f"  {sanitise_line(row.line, 300)}")
            table.add_row(Text(str(sign), sheet.tone(sign.tone)), line)
            if row.mend:
                table.add_row("", Text(f"→ {sanitise_line(row.mend, 300)}", sheet.tone(Tone.ACCENT)))
        return Group(table)
