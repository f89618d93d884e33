"""The log file."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.widgets import Button, Input, Static

from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.glyphs import LEVEL_SIGNS
from reaper_tui.tui.log_reader import LogReader
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.widgets.log_pane import LogPane
from reaper_tui.tui.widgets.tail_view import TailView

LOOK_SECONDS = 0.5


class LogScreen(Room):
    """Follows the log file; levels and a text filter what is shown."""

    room: ClassVar[str] = "log"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("log")
    pane = getters.query_one(LogPane)
    field = getters.query_one(Input)

    def body(self) -> ComposeResult:
        """Yield the lines and the search field."""
        yield Static(id="route", classes="screen-title", markup=False)
        yield LogPane(empty="The log says nothing yet at this level.")
        with Horizontal(id="search-bar"):
            yield Static("Show only ", markup=False)
            yield Input(id="search", compact=True, placeholder="part of a line; ⏎ done, esc shows all")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Level", id="level", compact=True)
            yield Button("Follow", id="follow", compact=True)
            yield Button("Back", id="back", compact=True)

    def on_mount(self) -> None:
        """Read what there is, then what comes."""
        path = self.program.backend.log_file
        self.query_one("#route", Static).update(sanitise_line(str(path), 300))
        self.query_one("#search-bar").display = False
        self._reader = LogReader(path)
        self.look()
        self._tell()
        self.set_interval(LOOK_SECONDS, self.look)
        self.pane.focus()

    def look(self) -> None:
        """Show what was written since the last look."""
        self.pane.extend(self._reader.read())

    @on(Button.Pressed, "#level")
    def action_cycle_level(self) -> None:
        """Show fewer or more lines."""
        self.pane.cycle_level()
        self._tell()

    @on(Button.Pressed, "#follow")
    def action_toggle_follow(self) -> None:
        """Keep the newest line in view, or stay."""
        self.pane.follows = not self.pane.follows

    def action_search(self) -> None:
        """Ask for a part of a line."""
        self.query_one("#search-bar").display = True
        self.field.focus()

    @on(Input.Changed, "#search")
    def narrow(self, event: Input.Changed) -> None:
        """Show only lines that contain a text."""
        self.pane.wanted = event.value.casefold().strip()
        self._tell()

    @on(Input.Submitted, "#search")
    def leave_search(self) -> None:
        """Go back to the lines."""
        self.pane.focus()

    def on_key(self, event: Key) -> None:
        """Take esc in the field as the end of the search."""
        if event.key == "escape" and self.query_one("#search-bar").display:
            event.stop()
            event.prevent_default()
            self._end_search()

    def action_back(self) -> None:
        """End the search, or go back."""
        if self.query_one("#search-bar").display:
            self._end_search()
        else:
            self.program.pop_screen()

    def _end_search(self) -> None:
        self.field.value = ""
        self.query_one("#search-bar").display = False
        self.pane.focus()

    @on(TailView.FollowChanged)
    def _tell(self) -> None:
        words = [f"{LEVEL_SIGNS[self.pane.level].word} and up"]
        words += [f"with “{sanitise_line(self.pane.wanted, 30)}”"] if self.pane.wanted else []
        words += [] if self.pane.follows else ["not following, f follows"]
        self.query_one("#totals", Static).update(f" {' · '.join(words)}")
