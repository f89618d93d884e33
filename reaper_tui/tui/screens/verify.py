"""Reading the target back."""

from __future__ import annotations

from typing import ClassVar

from rich.console import RenderableType
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from reaper_tui.model.summary import Verification
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Session
from reaper_tui.tui.figures import counted
from reaper_tui.tui.glyphs import Sign, Tone
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.verdict import Verdict
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.sheet import Sheet
from reaper_tui.tui.widgets.verify_sheet import ended_page, ready_page, running_page

PULSE_SECONDS = 0.2


class VerifyScreen(ProfileRoom):
    """Starts on request, tells how far it is, then what differs."""

    room: ClassVar[str] = "verify"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("verify")
    page = getters.query_one("#verify", Sheet)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._is_stopped = False

    def body(self) -> ComposeResult:
        """Yield the page and what to do next."""
        yield Static("Verify", id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        with VerticalScroll(id="page", classes="content page"):
            yield Sheet(id="verify")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Retry", id="retry", compact=True)
            yield Button("Start", id="start", variant="primary", compact=True)
            yield Button("Stop", id="stop", variant="warning", compact=True)
            yield Button("Back", id="back", compact=True)

    async def entered(self) -> None:
        """Say what verifying does."""
        await self._session.recall()
        self.page.show(self._draw)
        self.query_one("#page").focus()
        self.set_interval(PULSE_SECONDS, self.pulse)
        self._show_buttons()

    def pulse(self) -> None:
        """Paint how far it is."""
        if self._session.is_running:
            self.page.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "start":
            return (self.is_entered and self._session.summary is not None and not self._session.is_running) or None
        if action == "retry":
            return self._session.can_retry
        if action == "copy":
            return self._differs or None
        if action == "back":
            return not self._session.is_running or None
        return True

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Read the target back."""
        if self._session.is_open and not self._session.is_running:
            self._is_stopped = False
            self.program.begin(self._session, self._session.verify(), self)
            self.call_later(self._show_buttons)

    @on(Button.Pressed, "#stop")
    def stop(self) -> None:
        """Stop reading."""
        self.program.action_stop()

    @on(Button.Pressed, "#retry")
    def action_retry(self) -> None:
        """Try again what retrying can mend."""
        self.program.start_retry()

    def action_copy(self) -> None:
        """Hand the differences to the clipboard."""
        if self._found is not None:
            self.program.copy("\n".join(self._found.details), counted(len(self._found.details), "line"))

    def work_ended(self) -> None:
        """Show what differs."""
        self._is_stopped = self._session.verification is None and self._session.problem is None
        self.show_problem()
        self.page.refresh(layout=True)
        self._show_buttons()

    def outcome(self) -> Verdict:
        """Return what verifying found."""
        found, problem = self._session.verification, self._session.problem
        if problem is not None:
            return Verdict(Sign("✖", "failed", Tone.ERROR), f"Verifying failed: {problem.cause}")
        if found is None:
            return Verdict(Sign("■", "stopped", Tone.WARNING), "Verifying was stopped")
        if found.is_clean:
            return Verdict(Sign("✔", "same", Tone.SUCCESS), "The target is as it was sent")
        return Verdict(Sign("▲", "differs", Tone.WARNING), "The target differs")

    @property
    def _found(self) -> Verification | None:
        session = self._session
        return session.verification or (session.summary.verify if session.summary is not None else None)

    @property
    def _differs(self) -> bool:
        return self._found is not None and not self._found.is_clean

    def _draw(self, sheet: Sheet) -> RenderableType:
        session = self._session
        if session.is_running:
            return running_page(session.workspace.progress.snapshot(session.workspace.control.state), sheet)
        if session.verification is not None:
            return ended_page(session.verification, sheet)
        return ready_page(session.summary, sheet)

    def _show_buttons(self) -> None:
        is_running = self._session.is_running
        self.query_one("#start").display = not is_running and self._session.summary is not None
        self.query_one("#stop").display = is_running
        self.query_one("#back").display = not is_running
        self.query_one("#retry").display = self._session.can_retry
        is_told = self._is_stopped and not is_running
        self.query_one("#totals", Static).update(" ■ stopped before the end; s starts anew" if is_told else "")
        self.refresh_bindings()
