"""The run as it goes."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from reaper_tui.engine.control import RunState
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Feed, Session
from reaper_tui.tui.figures import percent
from reaper_tui.tui.glyphs import LEVEL_SIGNS
from reaper_tui.tui.screens.work_room import WorkRoom
from reaper_tui.tui.widgets.headline import Headline
from reaper_tui.tui.widgets.log_pane import LogPane
from reaper_tui.tui.widgets.message_pane import MessagePane
from reaper_tui.tui.widgets.pane_bar import PaneBar
from reaper_tui.tui.widgets.progress_table import ProgressTable
from reaper_tui.tui.widgets.tail_view import TailView

PULSE_SECONDS = 1 / 10
PANES = (("1", "channels", "Channels"), ("2", "log", "Log"), ("3", "messages", "Messages"))


class TransferScreen(WorkRoom):
    """Paints itself ten times a second from one snapshot; it only looks, the run lives on the app."""

    room: ClassVar[str] = "transfer"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("transfer")
    AUTO_FOCUS: ClassVar[str | None] = "#channels"

    headline = getters.query_one(Headline)
    table = getters.query_one("#channels", ProgressTable)
    log_pane = getters.query_one("#log", LogPane)
    message_pane = getters.query_one("#messages", MessagePane)
    pane_bar = getters.query_one(PaneBar)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._feed: Feed | None = None
        self._state = RunState.IDLE
        self._percent = -1
        self._is_over = False

    def body(self) -> ComposeResult:
        """Yield headline, channels, log and messages."""
        yield Headline()
        with Horizontal(classes="bar", id="controls"):
            yield PaneBar(PANES, "log")
            yield Button("Pause", id="pause", compact=True)
            yield Button("Stop", id="stop", variant="warning", compact=True)
        with Horizontal(id="panes"):
            yield ProgressTable(id="channels")
            with Vertical(id="tails"):
                yield LogPane(id="log", empty="Nothing to tell at this level.")
                yield MessagePane(id="messages", empty="Messages appear here as they arrive on Fluxer.")

    def on_mount(self) -> None:
        """Look ten times a second."""
        self.log_pane.add_class("-shown")
        self.log_pane.border_title = "Log"
        self.message_pane.border_title = "Messages arriving"
        self.table.border_title = "Channels"
        self.pulse()
        self.set_interval(PULSE_SECONDS, self.pulse)

    def pulse(self) -> None:
        """Paint what changed since the last look."""
        if not self._session.is_open or self.program.is_detached:
            return
        if self._feed is None:
            self._feed = Feed(self._session.workspace)
        pulse = self._feed.read()
        self.headline.show_snapshot(pulse.snapshot)
        self.table.show_channels(pulse.snapshot.channels)
        self.log_pane.extend(pulse.lines)
        self.message_pane.extend(pulse.messages)
        share = percent(pulse.snapshot.settled, pulse.snapshot.expected)
        if share != self._percent and not self._is_over:
            self._percent = share
            self.program.tell_title(f"{share}% {self._session.path.stem}")
        if pulse.snapshot.state is not self._state:
            self._state = pulse.snapshot.state
            self._show_state()

    def work_ended(self) -> None:
        """Show the report, at once or when the user comes back here."""
        self._is_over = True
        if self.program.screen is self:
            self.program.show_report(self._session)

    def on_screen_resume(self) -> None:
        """Show the report of a run that ended meanwhile."""
        if self._is_over:
            self.program.show_report(self._session)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer pausing while there is something to pause."""
        if action == "toggle_pause":
            return True if self._state in (RunState.RUNNING, RunState.PAUSED) else None
        return True

    @on(Button.Pressed, "#pause")
    def action_toggle_pause(self) -> None:
        """Pause, or go on."""
        if self._session.is_open:
            control = self._session.workspace.control
            if not control.resume():
                control.pause()
            self.pulse()

    @on(Button.Pressed, "#stop")
    def stop(self) -> None:
        """Stop at the boundary, or cut off."""
        self.program.action_stop()

    def action_toggle_follow(self) -> None:
        """Keep the newest line in view, or stay."""
        pane = self._tail()
        pane.follows = not pane.follows

    def action_cycle_level(self) -> None:
        """Show fewer or more log lines."""
        self.action_show("log")
        self.log_pane.cycle_level()
        self._show_remark()

    def action_cycle_order(self) -> None:
        """Sort channels as on Discord, or busy ones first."""
        self.table.is_busy_first = not self.table.is_busy_first
        self.pulse()
        self.say("Busy channels first" if self.table.is_busy_first else "Channels as on Discord")

    def action_show(self, name: str) -> None:
        """Show a pane and stand in it."""
        if name != "channels":
            # On the panes, not on the screen: a class of the screen has every widget on it styled again.
            self.log_pane.set_class(name == "log", "-shown")
            self.message_pane.set_class(name == "messages", "-shown")
            self.pane_bar.shown = name
        # At once, as the remark is about the pane that has the focus.
        self.set_focus(self.query_one(f"#{name}"))
        self._show_remark()

    @on(TailView.FollowChanged)
    def _show_remark(self) -> None:
        tail = self._tail()
        remarks = [] if tail.follows else ["not following, f follows"]
        if tail is self.log_pane:
            remarks.append(f"{LEVEL_SIGNS[self.log_pane.level].word} and up")
        self.pane_bar.remark = " · ".join(remarks)

    def _tail(self) -> LogPane | MessagePane:
        if self.focused in (self.log_pane, self.message_pane):
            return self.log_pane if self.focused is self.log_pane else self.message_pane
        return self.message_pane if self.pane_bar.shown == "messages" else self.log_pane

    def _show_state(self) -> None:
        is_draining = self._state in (RunState.DRAINING, RunState.CANCELLING)
        pause = self.query_one("#pause", Button)
        pause.label = "Go on" if self._state is RunState.PAUSED else "Pause"
        pause.disabled = self._state not in (RunState.RUNNING, RunState.PAUSED)
        stop = self.query_one("#stop", Button)
        stop.label = "Cut off" if is_draining else "Stop"
        stop.refresh(layout=True)
        self._show_remark()
        self.refresh_bindings()
