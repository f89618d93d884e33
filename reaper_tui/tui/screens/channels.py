"""Choosing what is copied."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.widgets import Button, Input, Static

from reaper_tui.backend import Survey
from reaper_tui.engine.since import first_cursor
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Session
from reaper_tui.tui.figures import counted, estimated
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.selection import Selection
from reaper_tui.tui.widgets.channel_tree import ChannelTree
from reaper_tui.tui.widgets.problem_panel import ProblemPanel

NEEDS_TREE = frozenset(
    {"check", "toggle_all", "invert", "search", "since", "mark", "next_match", "previous_match", "review"}
)

# Columns that the buttons beside the totals take.
BUTTON_COLUMNS = 38


class ChannelsScreen(Room):
    """Reads both sides, then shows the channels with a box each."""

    room: ClassVar[str] = "channels"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("channels")

    channel_tree = getters.query_one("#tree", ChannelTree)
    search_field = getters.query_one("#search", Input)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._matches = 0

    def body(self) -> ComposeResult:
        """Yield the tree and what stands in for it."""
        yield Static(id="route", classes="screen-title", markup=False)
        yield Static(id="loading", markup=False)
        yield ProblemPanel(id="problem")
        yield ChannelTree(id="tree")
        yield Static(id="notes", markup=False)
        with Horizontal(id="search-bar"):
            yield Static("Search ", markup=False)
            yield Input(id="search", compact=True, placeholder="part of a name; ⏎ done, esc clears")
            yield Static(id="search-count", markup=False)
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("All", id="all", compact=True)
            yield Button("Invert", id="invert", compact=True)
            yield Button("Since", id="since", compact=True)
            yield Button("Continue", id="continue", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Read both sides."""
        self.query_one("#search-bar").display = False
        self._read()

    @on(Button.Pressed, "#try-again")
    def action_survey(self) -> None:
        """Read both sides again, opening the profile again if need be."""
        if self._session.is_open:
            self._read()
        elif self._session.problem is not None:
            self.program.reopen_profile()

    def _read(self) -> None:
        self._show("loading")
        self.query_one("#route", Static).update("Opening the profile…")
        self.query_one("#totals", Static).update("")
        self.query_one("#loading", Static).update(
            "Reading channels, threads, roles and emojis on Discord,\nand what the Fluxer community holds already.\n\n"
            "Nothing is written anywhere. esc goes back."
        )
        self._survey()

    @work(group="survey", exclusive=True, exit_on_error=False, description="read both sides")
    async def _survey(self) -> None:
        survey = await self._session.look()
        if survey is None:
            if self._session.problem is not None:
                self.query_one(ProblemPanel).show(self._session.problem)
            self.query_one("#route", Static).update("This profile cannot be used right now")
            self._show("problem")
            self.query_one("#try-again").focus()
            return
        copy = self._session.settings.copy
        self._show_route(survey)
        self.channel_tree.show_selection(
            Selection(survey.guild, survey.estimates, copy.channels, copy.exclude, survey.sizes)
        )
        self._show("tree")
        self.channel_tree.focus()
        self._show_notes()
        self.show_totals()
        self.program.survey_arrived(self)

    def on_resize(self, event: events.Resize) -> None:
        """Say of the threads too where there is room."""
        if self.has_class("-shows-tree"):
            self.show_totals()

    @on(ChannelTree.Changed)
    def show_totals(self) -> None:
        """Say what the marks add up to."""
        if self.channel_tree.selection is None:
            return
        totals = self.channel_tree.selection.totals()
        channels = f" {totals.channels}/{counted(totals.of_channels, 'channel')}"
        threads = f", {totals.threads}/{counted(totals.of_threads, 'thread')}" if totals.of_threads else ""
        messages = f", {estimated(totals.messages, totals.is_exact)} messages"
        has_room = len(channels + threads + messages) <= self.program.size.width - BUTTON_COLUMNS
        self.query_one("#totals", Static).update(channels + (threads if has_room else "") + messages)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs a tree only when there is one."""
        if action in NEEDS_TREE and not self.has_class("-shows-tree"):
            return None
        return True

    def action_check(self) -> None:
        """Check or uncheck what is under the cursor."""
        self.channel_tree.toggle_here()

    @on(Button.Pressed, "#all")
    def action_toggle_all(self) -> None:
        """Check everything, or nothing."""
        if self.channel_tree.selection is not None:
            self.channel_tree.selection.toggle_all()
            self.channel_tree.marks_changed()

    @on(Button.Pressed, "#invert")
    def action_invert(self) -> None:
        """Swap checked and unchecked."""
        if self.channel_tree.selection is not None:
            self.channel_tree.selection.invert()
            self.channel_tree.marks_changed()

    def action_mark(self, step: int) -> None:
        """Mark a range row by row."""
        self.channel_tree.mark_range(step)

    @on(Button.Pressed, "#since")
    def action_since(self) -> None:
        """Ask from which date on messages are copied."""

        def refuse(text: str) -> str:
            try:
                first_cursor(text)
            except ConfigurationError:
                return "write it as 2024-01-31, or leave it empty"
            return ""

        def answered(text: str | None) -> None:
            survey = self._session.survey
            if text is None or survey is None:
                return
            settings = self._session.settings
            copy = msgspec.structs.replace(settings.copy, since=text)
            self._session.settings = msgspec.structs.replace(settings, copy=copy)
            self._show_route(survey)

        self.program.push_screen(
            PromptScreen(
                "Only messages from a date on",
                "Older messages stay behind; channels and roles are copied all the same. Empty: all messages.",
                value=self._session.settings.copy.since,
                placeholder="2024-01-31",
                refuse=refuse,
            ),
            answered,
        )

    def action_search(self) -> None:
        """Ask for a part of a name."""
        self.query_one("#search-bar").display = True
        self.search_field.focus()

    @on(Input.Changed, "#search")
    def find(self, event: Input.Changed) -> None:
        """Go to the first match as it is typed."""
        if self.channel_tree.selection is None:
            return
        self._matches = self.channel_tree.search(event.value)
        self._count(f"{counted(self._matches, 'match', 'matches')}" if event.value else "")

    @on(Input.Submitted, "#search")
    def leave_search(self) -> None:
        """Go back to the tree; n and N walk through the matches."""
        self.channel_tree.focus()
        if self._matches:
            self._count(f"{counted(self._matches, 'match', 'matches')}, n and N walk")

    def action_next_match(self) -> None:
        """Go to the next match."""
        self._step(1)

    def action_previous_match(self) -> None:
        """Go to the match before."""
        self._step(-1)

    def on_key(self, event: Key) -> None:
        """Take esc in the search field as the end of the search."""
        if event.key == "escape" and self.query_one("#search-bar").display:
            event.stop()
            event.prevent_default()
            self.search_field.value = ""
            self.query_one("#search-bar").display = False
            self.channel_tree.focus()

    @on(Button.Pressed, "#continue")
    def action_review(self) -> None:
        """Take the choice and go on."""
        if self.take_choice():
            self.program.keep_choices(self._session)
            self.program.open_review()

    def take_choice(self) -> bool:
        """Put what is checked into the settings; return whether anything is."""
        selection = self.channel_tree.selection
        if selection is None:
            return False
        if selection.is_empty:
            self.say("Check at least one channel: space does, a checks all.", severity="warning")
            return False
        settings = self._session.settings
        channels, exclude = selection.setting()
        copy = msgspec.structs.replace(settings.copy, channels=channels, exclude=exclude)
        self._session.settings = msgspec.structs.replace(settings, copy=copy)
        return True

    def action_back(self) -> None:
        """Close the profile."""
        if self.query_one("#search-bar").display:
            self.search_field.value = ""
            self.query_one("#search-bar").display = False
            self.channel_tree.focus()
            return
        self.program.close_profile()

    def _show_route(self, survey: Survey) -> None:
        since = self._session.settings.copy.since
        self.query_one("#route", Static).update(
            f"{sanitise_line(survey.guild.name, 60)} → {sanitise_line(survey.community.name, 60)}"
            + (f"  · only since {sanitise_line(since, 30)}" if since else "")
        )

    def _step(self, step: int) -> None:
        if place := self.channel_tree.step_match(step):
            self._count(f"{place} of {counted(self._matches, 'match', 'matches')}")

    def _count(self, text: str) -> None:
        self.query_one("#search-count", Static).update(f" {text} ")

    def _show(self, part: str) -> None:
        for name in ("loading", "problem", "tree"):
            self.query_one(f"#{name}").display = name == part
        self.query_one("#notes").display = False
        self.query_one(".bar").display = part == "tree"
        self.set_class(part == "tree", "-shows-tree")
        self.refresh_bindings()

    def _show_notes(self) -> None:
        survey = self._session.survey
        assert survey is not None
        lines = [f"▲ {sanitise_line(note, 300)}" for note in (*survey.guild.notes, *survey.community.notes)]
        if not survey.guild.can_read_content and not survey.guild.notes:
            lines.insert(0, "▲ The bot may not read message content: switch on Message Content Intent in the portal.")
        notes = self.query_one("#notes", Static)
        notes.update("\n".join(lines))
        notes.display = bool(lines)
