"""How a run ended."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from reaper_tui.model.text import sanitise_line
from reaper_tui.report import markdown_report
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Problem
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.report_sheet import report_page
from reaper_tui.tui.widgets.sheet import Sheet

NEVER_RUN = (
    "○ This profile was not run yet.\n\nc chooses channels; what would happen is shown before anything is written."
)


class ReportScreen(ProfileRoom):
    """Shows the summary; green only for a faithful run."""

    room: ClassVar[str] = "report"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("report")
    AUTO_FOCUS: ClassVar[str | None] = "#page"

    def body(self) -> ComposeResult:
        """Yield the page and what to do next."""
        yield Static(id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        with VerticalScroll(id="page", classes="content"):
            yield Sheet(id="report")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Retry", id="retry", variant="warning", compact=True)
            yield Button("Failures", id="failures", compact=True)
            yield Button("Verify", id="verify", compact=True)
            yield Button("Stream", id="stream", compact=True)
            yield Button("Export", id="export", compact=True)
            yield Button("Channels", id="again", variant="primary", compact=True)

    async def entered(self) -> None:
        """Fill the page."""
        session = self._session
        if not session.has_run:
            await session.recall()
        places = [("profile", session.path)]
        if session.is_open:
            places.append(("journal", session.workspace.workdir))
        places.append(("log", session.backend.log_file))
        if session.summary is not None:
            source, target = session.summary.source.name, session.summary.target.name
            title = f"{sanitise_line(source, 60)} → {sanitise_line(target, 60)}"
            self.query_one("#route", Static).update(title)
        has_failures = session.summary is not None and bool(session.summary.failures)
        self.query_one("#retry").display = session.can_retry
        self.query_one("#failures").display = has_failures
        if session.summary is None and session.problem is None and not session.has_run:
            self.query_one("#report", Sheet).show(lambda sheet: sheet.muted(NEVER_RUN))
            return
        self.add_class(f"-{self.outcome().sign.tone.value}")
        self.query_one("#report", Sheet).show(
            lambda sheet: report_page(session.summary, session.problem, tuple(places), sheet)
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a retry where there is something to retry and the program can."""
        if action == "retry":
            return self._session.can_retry
        return True

    @on(Button.Pressed, "#retry")
    def action_retry(self) -> None:
        """Try what failed again."""
        self.program.start_retry()

    @on(Button.Pressed, "#failures,#verify,#stream")
    def visit(self, event: Button.Pressed) -> None:
        """Go to what a button names."""
        self.program.action_visit(event.button.id or "")

    @on(Button.Pressed, "#again")
    def action_again(self) -> None:
        """Go back to the channels."""
        self.program.return_to_channels()

    @on(Button.Pressed, "#export")
    def action_export(self) -> None:
        """Ask where to write the report."""
        if self._session.summary is None:
            self.say("There is nothing to export: no message was sent.", severity="warning")
            return
        path = self._session.path.with_name(f"{self._session.path.stem}-report.md")
        self.program.push_screen(
            PromptScreen(
                "Export the report",
                "A name that ends in .json is written as JSON, any other as Markdown.",
                value=str(path),
                yes="Write",
                refuse=lambda text: "" if text else "name a file",
            ),
            self._export,
        )

    def _export(self, answer: str | None) -> None:
        summary = self._session.summary
        if answer is None or summary is None:
            return
        path = Path(answer).expanduser()
        is_json = path.suffix == ".json"
        text = msgspec.json.format(msgspec.json.encode(summary)).decode() if is_json else markdown_report(summary)
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            self.program.show_problem("Not written", Problem.of_file(path, error))
            return
        self.say(sanitise_line(str(path), 300), title="Report written")
