"""The profiles there are."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Center, Horizontal, Vertical
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from reaper_tui.backend import ProfileEntry
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import problem_of
from reaper_tui.tui.screens.room import Room

WELCOME = """\
Move a Discord server into a Fluxer community:
roles, channels, threads, emojis, and every message
with its author, time, files and replies.

There is no profile yet. A profile names the two bots,
the server to copy and the community to copy into.
Setting one up takes about five minutes."""


class HomeScreen(Room):
    """Lists the profiles with source, target, and how the last run ended."""

    room: ClassVar[str] = "home"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("home")
    profiles = getters.query_one("#profiles", OptionList)

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[ProfileEntry, ...] = ()

    def body(self) -> ComposeResult:
        """Yield the list and what stands in for an empty one."""
        with Vertical(id="welcome"):
            yield Static(WELCOME, id="welcome-text", markup=False)
            with Center():
                yield Button("Set up the first profile (n)", id="first-profile", variant="primary")
        yield Static("Which clone?", id="home-title", classes="screen-title", markup=False)
        yield OptionList(id="profiles", markup=False)
        with Horizontal(id="home-bar", classes="bar"):
            yield Button("Open", id="open", variant="primary", compact=True)
            yield Button("New profile", id="new-profile", compact=True)

    def on_screen_resume(self) -> None:
        """Read the profiles anew."""
        self.read_profiles()

    def read_profiles(self) -> None:
        """Show the profiles on disk, the one used last first."""
        try:
            self._entries = self.program.backend.profiles()
        except Exception as error:
            self._entries = ()
            self.say(problem_of(error, self.program.backend.log_file).line(), severity="error")
        cursor = self.profiles.highlighted
        self.profiles.clear_options()
        self.profiles.add_options([Option(_prompt(entry)) for entry in self._entries])
        is_empty = not self._entries
        self.set_class(is_empty, "-empty")
        if is_empty:
            self.query_one("#first-profile").focus()
        else:
            self.profiles.highlighted = min(cursor or 0, len(self._entries) - 1)
            self.profiles.focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer opening only where there is something to open."""
        return bool(self._entries) if action == "open_profile" else True

    @on(OptionList.OptionSelected, "#profiles")
    def open_chosen(self, event: OptionList.OptionSelected) -> None:
        """Open what was chosen."""
        self.program.open_profile(self._entries[event.option_index].path)

    @on(Button.Pressed, "#open")
    def action_open_profile(self) -> None:
        """Open the profile under the cursor."""
        if self._entries and self.profiles.highlighted is not None:
            self.program.open_profile(self._entries[self.profiles.highlighted].path)

    @on(Button.Pressed, "#new-profile,#first-profile")
    def action_new_profile(self) -> None:
        """Go to the wizard."""
        self.program.open_wizard()


def _prompt(entry: ProfileEntry) -> Text:
    last = sanitise_line(entry.last, 120)
    name, source, target = (sanitise_line(text, 80) for text in (entry.name, entry.source_name, entry.target_name))
    following = "open to run again or go on" if last else "not run yet: open to choose channels"
    return Text.assemble(
        (name, "bold"),
        f"   {source or '?'} → {target or '?'}\n",
        (f"  {last} · {following}" if last else f"  {following}", "dim"),
        overflow="ellipsis",
        no_wrap=True,
    )
