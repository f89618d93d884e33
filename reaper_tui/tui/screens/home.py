"""The profiles there are."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Center, Horizontal, Vertical
from textual.widgets import Button, Static

from reaper_tui.backend import ProfileEntry
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import problem_of
from reaper_tui.tui.next_step import Step, next_step
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.widgets.profile_list import ProfileList

WELCOME = """\
Move a Discord server into a Fluxer community:
roles, channels, threads, emojis, and every message
with its author, time, files and replies.

There is no profile yet. A profile names the two bots,
the server to copy and the community to copy into.
Setting one up takes about five minutes."""
ROOM_OF_STEP = {Step.RETRY: "failures", Step.VERIFY: "verify"}


class HomeScreen(Room):
    """Lists the profiles with source, target, how the last run ended, and what comes next."""

    room: ClassVar[str] = "home"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("home")
    profiles = getters.query_one(ProfileList)

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
        yield ProfileList(id="profiles")
        with Horizontal(id="home-bar", classes="bar"):
            yield Button("Go on", id="go-on", variant="primary", compact=True)
            yield Button("Open", id="open", compact=True)
            for room in ("report", "failures", "verify", "doctor"):
                yield Button(room.capitalize(), id=f"to-{room}", classes="visit", name=room, compact=True)
            yield Button("Stream", id="to-stream", classes="visit", name="stream", compact=True)
            yield Button("Remove", id="to-danger", classes="visit", name="danger", compact=True)
            yield Button("New", id="new-profile", compact=True)

    @property
    def chosen(self) -> ProfileEntry | None:
        """Return the profile under the cursor."""
        return self._entries[self.profiles.here] if self._entries else None

    @property
    def chosen_path(self) -> Path | None:
        """Return the file of the profile under the cursor."""
        return self.chosen.path if self.chosen else None

    def on_screen_resume(self) -> None:
        """Give back what was open, and read the profiles anew."""
        if self.program.screen is self:
            self.program.give_back()
            self.read_profiles()

    def read_profiles(self) -> None:
        """Show the profiles on disk, the one used last under the cursor."""
        before = self.chosen.name if self.chosen else self.program.preferences.last_profile
        try:
            self._entries = self.program.backend.profiles()
        except Exception as error:
            self._entries = ()
            self.say(problem_of(error, self.program.backend.log_file).line(), severity="error")
        self.profiles.show_entries(self._entries, before)
        is_empty = not self._entries
        self.set_class(is_empty, "-empty")
        (self.query_one("#first-profile") if is_empty else self.profiles).focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer opening and going on only where there is something to open."""
        return bool(self._entries) if action in ("open_profile", "go_on") else True

    @on(ProfileList.Chosen)
    @on(Button.Pressed, "#open")
    def action_open_profile(self) -> None:
        """Open the profile under the cursor."""
        if self.chosen_path is not None:
            self.program.open_profile(self.chosen_path)

    @on(Button.Pressed, "#go-on")
    def action_go_on(self) -> None:
        """Do what is next for the profile under the cursor."""
        entry = self.chosen
        if entry is None:
            return
        following = next_step(entry)
        if following.step is Step.WAIT:
            self.say(f"{entry.name} is {following.standing}: {following.advice}.", severity="warning")
        elif room := ROOM_OF_STEP.get(following.step):
            self.program.action_visit(room)
        else:
            self.program.open_profile(entry.path, goes_on=following.step is not Step.CHOOSE)

    @on(Button.Pressed, ".visit")
    def visit(self, event: Button.Pressed) -> None:
        """Go to what a button names."""
        self.program.action_visit(event.button.name or "")

    @on(Button.Pressed, "#new-profile,#first-profile")
    def action_new_profile(self) -> None:
        """Go to the wizard."""
        self.program.open_wizard()

    def action_watch_address(self) -> None:
        """Ask which stream to watch."""
        self.program.watch_address()
