"""The full-screen app."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from reaper_tui.backend import Backend
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Problem, Session, problem_of
from reaper_tui.tui.commands import RoomCommands
from reaper_tui.tui.compat import QuietCrash
from reaper_tui.tui.modals.confirm import ConfirmScreen
from reaper_tui.tui.modals.help import HelpScreen
from reaper_tui.tui.modals.problem import ProblemScreen
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.review import ReviewScreen
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.screens.wizard import WizardScreen
from reaper_tui.tui.verdict import STOPPED_BY_USER, exit_code

STYLES = Path(__file__).parent / "styles"
TERMINAL_GONE = 129
TERMINATED = 143
NO_TERMINAL = 2
WATCH_SECONDS = 3.0


class ReaperApp(QuietCrash):
    """Owns the profile, the run and the way between screens; screens only look and ask."""

    TITLE = "reaper-tui"
    CSS_PATH: ClassVar[Any] = [STYLES / f"{name}.tcss" for name in ("app", "screens", "modals")]
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    COMMANDS: ClassVar[Any] = {RoomCommands} | QuietCrash.COMMANDS
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self, backend: Backend, *, profile: Path | None = None, auto_start: bool = False, demo: bool = False
    ) -> None:
        super().__init__()
        self.backend = backend
        self.is_demo = demo
        self.crash_advice = f"The log {backend.log_file} tells more; starting again goes on where this ended."
        self._first_profile = profile
        self._is_auto_start = auto_start
        self._session: Session | None = None
        self._leaving_with: int | None = None

    def get_default_screen(self) -> Screen[Any]:
        """Return the bottom of the stack: the profiles."""
        return HomeScreen()

    def on_mount(self) -> None:
        """Catch the signals that end a terminal program, and open the profile asked for."""
        loop = asyncio.get_running_loop()
        for number, code in ((signal.SIGTERM, TERMINATED), (signal.SIGHUP, TERMINAL_GONE)):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.leave, code)
        if not self.is_headless:
            self.set_interval(WATCH_SECONDS, self._watch_terminal)
        if self._first_profile is not None:
            self.open_profile(self._first_profile)

    def on_unmount(self) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(number)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what Textual offers beside our own commands."""
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        yield SystemCommand(
            "Screenshot", "Save this screen as an SVG file", lambda: self.set_timer(0.1, self.deliver_screenshot)
        )

    def open_profile(self, path: Path) -> None:
        """Open a profile and go to its channels."""
        self._hold(path)
        assert self._session is not None
        self.push_screen(ChannelsScreen(self._session))

    def reopen_profile(self) -> None:
        """Open the profile again and show its channels in place of the present screen."""
        assert self._session is not None
        self._hold(self._session.path)
        self._replace(ChannelsScreen(self._session))

    def close_profile(self) -> None:
        """Give the profile back and go to the list."""
        if self._session is not None:
            self._close(self._session)
        self.pop_screen()

    def open_wizard(self) -> None:
        """Go to the wizard."""
        self.push_screen(WizardScreen())

    def survey_arrived(self, screen: ChannelsScreen) -> None:
        """Go straight on where that was asked for."""
        if self._is_auto_start:
            self._is_auto_start = False
            if screen.take_choice():
                self.start_transfer()

    def open_review(self) -> None:
        """Go to the plan."""
        assert self._session is not None
        self.push_screen(ReviewScreen(self._session))

    def start_transfer(self) -> None:
        """Keep the choices in the profile, start the run, and go where it can be watched."""
        session = self._session
        if session is None or session.is_running or not session.is_open:
            return
        if session.plan is None and session.make_plan() is None:
            return
        try:
            self.backend.save_choices(session.path, session.settings)
        except Exception as error:
            self.notify(problem_of(error, self.backend.log_file).line(), severity="warning", markup=False)
        screen = TransferScreen(session)
        if isinstance(self.screen, ReviewScreen):
            self._replace(screen)
        else:
            self.push_screen(screen)
        self._transfer(session, screen)

    def return_to_channels(self) -> None:
        """Leave the report and read both sides again."""
        self.pop_screen()
        if isinstance(self.screen, ChannelsScreen):
            self.screen.action_survey()

    def show_problem(self, title: str, problem: Problem) -> None:
        """Show a problem over the present screen."""
        self.push_screen(ProblemScreen(title, problem))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer stopping only while there is a run to stop."""
        if action == "stop":
            is_running = self._session is not None and self._session.is_running
            return (is_running and not isinstance(self.screen, ConfirmScreen)) or None
        return True

    def action_stop(self) -> None:
        """Stop at the next boundary; asked again, offer to cut off."""
        session = self._session
        if session is None or not session.is_running:
            return
        if session.stop(STOPPED_BY_USER):
            self.notify(
                "What is in flight is finished first. Again (x or F8): cut off now.", title="Stopping", markup=False
            )
            return
        self._ask_to_cut_off()

    def action_help(self) -> None:
        """Show the keys of the screen below."""
        if isinstance(self.screen, Room):
            self.push_screen(HelpScreen(self.screen.room))

    async def action_quit(self) -> None:
        """Leave; a run finishes what is in flight first."""
        self.leave(None)

    def leave(self, code: int | None) -> None:
        """Leave with a code, None for the run's own; a second call offers to cut off, a signal does not ask."""
        is_running = self._session is not None and self._session.is_running
        is_again = self._leaving_with is not None
        if code is not None or not is_again:
            self._leaving_with = code if code is not None else -1
        if is_running and self._session is not None:
            if is_again and code is None:
                self._ask_to_cut_off()
                return
            if is_again:
                self._session.cut_off()
            else:
                self._session.stop("leaving" if code is None else f"ended by signal {code - 128}")
                self.notify(
                    "What is in flight is finished, then the app closes. ^q again: cut off now.",
                    title="Leaving",
                    markup=False,
                )
        if not is_again:
            self._leave_when_settled()

    @work(group="leave", exclusive=True, exit_on_error=False, description="drain and exit")
    async def _leave_when_settled(self) -> None:
        session = self._session
        code = 0
        if session is not None:
            await session.settled()
            code = exit_code(session.summary, session.problem) if session.has_run else 0
            await session.close()
        asked = self._leaving_with
        self.exit(return_code=asked if asked is not None and asked >= 0 else code)

    @work(group="transfer", exclusive=True, exit_on_error=False, description="run the clone")
    async def _transfer(self, session: Session, screen: TransferScreen) -> None:
        await session.transfer()
        if self._leaving_with is not None:
            return
        while self.screen is not screen and len(self.screen_stack) > 1:
            self.pop_screen()
        self.bell()
        self.clear_notifications()
        self._replace(ReportScreen(session))

    @work(group="session", exit_on_error=False, description="hold the profile")
    async def _hold_open(self, session: Session, predecessor: Session | None) -> None:
        await session.hold(predecessor)

    @work(group="closing", exit_on_error=False, description="give the profile back")
    async def _close(self, session: Session) -> None:
        await session.close()

    def _hold(self, path: Path) -> None:
        predecessor = self._session
        self._session = Session(self.backend, path)
        self._hold_open(self._session, predecessor)

    def _replace(self, screen: Screen[Any]) -> None:
        self.switch_screen(screen)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual

    def _ask_to_cut_off(self) -> None:
        session = self._session
        if session is None or any(isinstance(screen, ConfirmScreen) for screen in self.screen_stack):
            return

        self.clear_notifications()

        def answer(is_yes: bool | None) -> None:
            if is_yes:
                session.cut_off()

        self.push_screen(
            ConfirmScreen(
                "Cut off now?",
                "Requests in flight are dropped. Nothing is lost or doubled: the next run looks at the target for what "
                "was in doubt. Waiting a moment is cleaner.",
                yes="Cut off",
                no="Keep waiting",
            ),
            answer,
        )

    def _watch_terminal(self) -> None:
        try:
            os.ttyname(sys.__stdin__.fileno() if sys.__stdin__ else 0)
        except OSError:
            if self._leaving_with is None:
                self.leave(TERMINAL_GONE)


def has_terminal() -> bool:
    """Return whether keys can be read and a screen drawn: the app reads stdin and draws on stderr."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def run_app(
    backend: Backend, *, profile: Path | None = None, auto_start: bool = False, demo: bool = False, mouse: bool = True
) -> int:
    """Run the app and return the exit code; without a terminal, say so and return 2."""
    if not has_terminal():
        sys.stderr.write("reaper-tui: the app needs a terminal; for scripts use: reaper-tui run PROFILE --json\n")
        return NO_TERMINAL
    app = ReaperApp(backend, profile=profile, auto_start=auto_start, demo=demo)
    app.run(mouse=mouse)
    return app.return_code or 0
