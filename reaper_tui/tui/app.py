"""The full-screen app."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

from reaper_tui.backend import Backend
from reaper_tui.exit_codes import ExitCode
from reaper_tui.heap import settle
from reaper_tui.loop import run_fast
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Problem, Session, problem_of
from reaper_tui.tui.commands import RoomCommands
from reaper_tui.tui.compat import let_go_of_terminal, paint_promptly, write_to_terminal
from reaper_tui.tui.ending import RESTORE_TITLE, SAVE_TITLE, hook_arguments, run_hook, window_title
from reaper_tui.tui.modals.address import AddressScreen, StreamAddress
from reaper_tui.tui.modals.confirm import ConfirmScreen, cut_off_question
from reaper_tui.tui.modals.help import HelpScreen
from reaper_tui.tui.modals.problem import ProblemScreen
from reaper_tui.tui.preferred import PreferredApp
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.log import LogScreen
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.review import ReviewScreen
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.screens.settings import SettingsScreen
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.screens.visits import VISITS
from reaper_tui.tui.screens.wizard import WizardScreen
from reaper_tui.tui.screens.work_room import WorkRoom
from reaper_tui.tui.verdict import STOPPED_BY_USER, exit_code, verdict
from reaper_tui.tui.widgets.tones import TONE_CLASSES

logger = logging.getLogger(__name__)
STYLES = Path(__file__).parent / "styles"
TERMINAL_GONE = 129
SIGNALS: dict[signal.Signals, int] = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}
if sys.platform != "win32":
    SIGNALS[signal.SIGHUP] = TERMINAL_GONE
NO_TERMINAL = 2
WATCH_SECONDS = 3.0


class ReaperApp(PreferredApp):
    """Owns the profile, the run and the way between screens; screens only look and ask."""

    TITLE = "reaper-tui"
    CSS_PATH: ClassVar[Any] = [STYLES / f"{name}.tcss" for name in ("app", "screens", "modals")]
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONE_CLASSES}
    COMMANDS: ClassVar[Any] = {RoomCommands} | PreferredApp.COMMANDS
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self, backend: Backend, *, profile: Path | None = None, auto_start: bool = False, demo: bool = False
    ) -> None:
        super().__init__(backend.preferences_file)
        self.backend = backend
        self.is_demo = demo
        self.crash_advice = f"The log {backend.log_file} tells more; starting again goes on where this ended."
        self._first_profile = profile
        self._is_auto_start = auto_start
        self._session: Session | None = None
        self._leaving_with: int | None = None
        self._goes_on = False
        self._watched = ""
        self.is_detached = False

    def get_default_screen(self) -> Screen[Any]:
        """Return the bottom of the stack: the profiles."""
        return HomeScreen()

    def on_mount(self) -> None:
        """Catch the signals that end a terminal program, and open the profile asked for."""
        loop = asyncio.get_running_loop()
        for number, code in SIGNALS.items():
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.leave, code)
        if not self.is_headless:
            self.set_interval(WATCH_SECONDS, self._watch_terminal)
            write_to_terminal(self, SAVE_TITLE)
        self.begin_remembering()
        if self._first_profile is not None:
            self.open_profile(self._first_profile)

    def on_unmount(self) -> None:
        """Give the signals and the window's title back."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(number)
        write_to_terminal(self, RESTORE_TITLE)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what Textual offers beside our own commands."""
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        yield SystemCommand(
            "Screenshot", "Save this screen as an SVG file", lambda: self.set_timer(0.1, self.deliver_screenshot)
        )

    @property
    def session(self) -> Session | None:
        """Return the profile at hand."""
        return self._session

    def open_profile(self, path: Path, *, goes_on: bool = False) -> None:
        """Open a profile and go to its channels; going on, to the plan with what was chosen before."""
        self._goes_on = goes_on
        self.push_screen(ChannelsScreen(self.hold(path)))

    def hold(self, path: Path) -> Session:
        """Hold a profile open from now on, giving back the one before."""
        predecessor = self._session
        self._session = session = Session(self.backend, path)
        self._hold_open(session, predecessor)
        self.keep(last_profile=path.stem)
        return session

    def reopen_profile(self) -> None:
        """Open the profile again and show its channels in place of the present screen."""
        assert self._session is not None
        self._replace(ChannelsScreen(self.hold(self._session.path)))

    def give_back(self) -> None:
        """Give the profile at hand back, unless something runs in it."""
        if self._session is not None and not self._session.is_running:
            self._close(self._session)
            self._session = None

    def close_profile(self) -> None:
        """Go back to the list, which gives the profile back."""
        self.pop_screen()

    def action_visit(self, room: str) -> None:
        """Go to what can be done with the profile at hand, or with the one under the cursor of the list."""
        session = self._session
        if isinstance(self.screen, HomeScreen):
            path = self.screen.chosen_path
            session = self.hold(path) if path is not None else None
        if session is not None:
            self.push_screen(VISITS[room](session))

    def action_settings(self) -> None:
        """Go to the settings."""
        self.push_screen(SettingsScreen())

    def action_log_file(self) -> None:
        """Go to the log file."""
        self.push_screen(LogScreen())

    def watch_address(self) -> None:
        """Ask for a stream's address and go there."""

        def answered(answer: StreamAddress | None) -> None:
            if answer is None:
                return
            # What listens takes a while to load, and most never need it.
            from reaper_tui.tui.screens.watch import WatchScreen

            self._watched = answer.address
            screen = WatchScreen(answer)
            if isinstance(self.screen, WatchScreen):
                self._replace(screen)
            else:
                self.push_screen(screen)

        self.push_screen(AddressScreen(self._watched), answered)

    def open_wizard(self) -> None:
        """Go to the wizard."""
        self.push_screen(WizardScreen())

    def survey_arrived(self, screen: ChannelsScreen) -> None:
        """Go straight on where that was asked for."""
        if self._is_auto_start:
            self._is_auto_start = False
            if screen.take_choice():
                self.start_transfer()
        elif self._goes_on:
            self._goes_on = False
            screen.action_review()

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
        self.keep_choices(session)
        screen = TransferScreen(session)
        if isinstance(self.screen, ReviewScreen):
            self._replace(screen)
        else:
            self.push_screen(screen)
        self.begin(session, session.transfer(), screen)

    def keep_choices(self, session: Session) -> None:
        """Write what was chosen into the profile."""
        try:
            self.backend.save_choices(session.path, session.settings)
        except Exception as error:
            self.notify(problem_of(error, self.backend.log_file).line(), severity="warning", markup=False)

    def start_retry(self) -> None:
        """Try failed messages again, in place of the present screen."""
        session = self._session
        if session is None or not session.can_retry:
            return
        screen = TransferScreen(session)
        self._replace(screen)
        self.begin(session, session.retry(), screen)

    def begin(self, session: Session, work: Coroutine[Any, Any, None], screen: WorkRoom) -> None:
        """Carry work out on behalf of a screen, which is told when it ended."""
        if not self.is_headless:
            settle(for_screen=True)
        self._work(session, work, screen)

    def show_report(self, session: Session) -> None:
        """Show the report in place of the present screen."""
        self._replace(ReportScreen(session))

    def return_to_channels(self) -> None:
        """Leave the report and read both sides again."""
        session = self._session
        self.pop_screen()
        if isinstance(self.screen, ChannelsScreen):
            self.screen.action_survey()
        elif isinstance(self.screen, HomeScreen) and session is not None:
            self.open_profile(session.path)

    def copy(self, text: str, what: str) -> None:
        """Hand a text to the clipboard and say so."""
        self.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
        self.notify(
            "If your terminal forbids that, select with shift and the mouse.", title=f"Copied {what}", markup=False
        )

    def show_problem(self, title: str, problem: Problem) -> None:
        """Show a problem over the present screen."""
        self.push_screen(ProblemScreen(title, problem))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer stopping only while there is a run to stop, and visits where there is something to visit."""
        is_running = self._session is not None and self._session.is_running
        if action == "stop":
            return (is_running and not isinstance(self.screen, ConfirmScreen)) or None
        if action in ("visit", "settings", "log_file"):
            if isinstance(self.screen, ModalScreen) or not isinstance(self.screen, Room):
                return False
            if action == "visit":
                return self._can_visit(str(parameters[0]) if parameters else "", is_running=is_running) or None
            return self.screen.room not in (action.removesuffix("_file"),) or None
        return True

    def _can_visit(self, room: str, *, is_running: bool) -> bool:
        screen = self.screen
        if isinstance(screen, HomeScreen):
            return screen.chosen_path is not None
        is_there = self._session is not None and isinstance(screen, Room) and screen.room not in (room, "wizard")
        return is_there and (not is_running or room in ("stream", "failures"))

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
            self.push_screen(HelpScreen(self.screen.room, self.keymap))

    async def action_quit(self) -> None:
        """Leave; a run finishes what is in flight first."""
        self.leave(None)

    def leave(self, code: int | None) -> None:
        """Leave with a code, None for the run's own; a second call offers to cut off, a signal does not ask."""
        is_running = self._session is not None and self._session.is_running
        is_again = self._leaving_with is not None
        if code == TERMINAL_GONE and is_running and self.preferences.keeps_running:
            self._detach()
            return
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

    def _detach(self) -> None:
        session = self._session
        if session is None or self._leaving_with is not None:
            return
        self._leaving_with = -1
        self.is_detached = True
        logger.info("the terminal is gone; the run goes on without it")
        session.workspace.log.listen(lambda line: logger.info("%s: %s", line.level.name.lower(), line.text))
        let_go_of_terminal(self)
        self._leave_when_settled()

    @work(group="leave", exclusive=True, exit_on_error=False, description="drain and exit")
    async def _leave_when_settled(self) -> None:
        session = self._session
        code = 0
        if session is not None:
            await session.settled()
            code = exit_code(session.summary, session.problem) if session.has_run else 0
            await session.close()
            if self.is_detached:
                logger.info("the run that went on without a terminal ended with code %d", code)
        asked = self._leaving_with
        self.exit(return_code=asked if asked is not None and asked >= 0 else code)

    @work(group="transfer", exclusive=True, exit_on_error=False, description="work with the profile")
    async def _work(self, session: Session, work: Coroutine[Any, Any, None], screen: WorkRoom) -> None:
        self.refresh_bindings()
        await work
        outcome = verdict(session.summary, session.problem)
        self._run_hook(session, outcome.sign.word)
        if self._leaving_with is not None:
            return
        while isinstance(self.screen, ModalScreen):
            self.pop_screen()
        self.clear_notifications()
        self.refresh_bindings()
        line = screen.outcome_line()
        wishes = self.preferences.notifications
        if wishes.bell:
            self.bell()
        self.tell_title(f"{line} – {session.path.stem}")
        if wishes.toast:
            self.notify(line, title=session.path.stem, markup=False, severity=screen.severity())
        screen.work_ended()

    def tell_title(self, text: str) -> None:
        """Show a few words in the terminal's window title, where the user wants that."""
        if self.preferences.notifications.title:
            write_to_terminal(self, window_title(f"{text} – reaper-tui"))

    def _run_hook(self, session: Session, state: str) -> None:
        command = self.preferences.notifications.command
        if command:
            self._call_hook(hook_arguments(command, session.path.stem, state, session.summary))

    @work(group="hook", exit_on_error=False, description="run the user's command")
    async def _call_hook(self, arguments: list[str]) -> None:
        if problem := await asyncio.to_thread(run_hook, arguments):
            self.notify(problem, title="The command at the end", severity="warning", markup=False)

    @work(group="session", exit_on_error=False, description="hold the profile")
    async def _hold_open(self, session: Session, predecessor: Session | None) -> None:
        await session.hold(predecessor)

    @work(group="closing", exit_on_error=False, description="give the profile back")
    async def _close(self, session: Session) -> None:
        await session.close()

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

        self.push_screen(cut_off_question(), answer)

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
    paint_promptly()
    app = ReaperApp(backend, profile=profile, auto_start=auto_start, demo=demo)
    run_fast(app.run_async(mouse=mouse))
    return app.return_code or 0
