"""How a run ended."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from reaper_tui.model.text import sanitise_line
from reaper_tui.report import markdown_report
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Problem, Session
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.verdict import verdict
from reaper_tui.tui.widgets.report_sheet import report_page
from reaper_tui.tui.widgets.sheet import Sheet


class ReportScreen(Room):
    """Shows the summary; green only for a faithful run."""

    room: ClassVar[str] = "report"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("report")
    AUTO_FOCUS: ClassVar[str | None] = "#page"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def body(self) -> ComposeResult:
        """Yield the page and what to do next."""
        yield Static(id="route", classes="screen-title", markup=False)
        with VerticalScroll(id="page"):
            yield Sheet(id="report")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Export", id="export", compact=True)
            yield Button("Back to channels", id="again", variant="primary", compact=True)
            yield Button("Quit", id="quit", compact=True)

    def on_mount(self) -> None:
        """Fill the page."""
        session = self._session
        places = [("profile", session.path)]
        if session.is_open:
            places.append(("journal", session.workspace.workdir))
        places.append(("log", session.backend.log_file))
        if session.summary is not None:
            source, target = session.summary.source.name, session.summary.target.name
            title = f"{sanitise_line(source, 60)} → {sanitise_line(target, 60)}"
            self.query_one("#route", Static).update(title)
        self.add_class(f"-{verdict(session.summary, session.problem).sign.tone.value}")
        self.query_one("#report", Sheet).show(
            lambda sheet: report_page(session.summary, session.problem, tuple(places), sheet)
        )

    @on(Button.Pressed, "#again")
    def action_again(self) -> None:
        """Go back to the channels."""
        self.program.return_to_channels()

    @on(Button.Pressed, "#export")
    def action_export(self) -> None:
        """Write the report beside the profile."""
        if self._session.summary is None:
            self.say("There is nothing to export: no message was sent.", severity="warning")
            return
        path = self._session.path.with_name(f"{self._session.path.stem}-report.md")
        try:
            path.write_text(markdown_report(self._session.summary), encoding="utf-8")
        except OSError as error:
            self.program.show_problem("Not written", Problem.of_file(path, error))
            return
        self.say(str(path), title="Report written")

    @on(Button.Pressed, "#quit")
    async def leave(self) -> None:
        """Quit."""
        await self.program.action_quit()
