"""What each screen of messages does with its source: follow, filter, pause, go back."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from reaper_tui.backend import Mirrored
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.figures import clock_time, counted
from reaper_tui.tui.modals.details import DetailsScreen
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.stream_source import BEGINNING, END, Place, StreamSource, Wanted, parse_filter
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.stream_view import StreamView

LOOK_SECONDS = 0.5
PAGE = 200
NO_MATCH = "○ No message passes this filter. esc shows all again."


class StreamRoom(Room):
    """Tails a source; filters, pauses, scrolls back without end, shows details."""

    room: ClassVar[str] = "stream"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("stream")
    view = getters.query_one(StreamView)
    waiting: ClassVar[str]
    """What stands there until the first answer."""
    empty: ClassVar[str]
    """What stands there while there is no message."""

    _wanted = Wanted()
    _filter = ""
    _newest: Place = BEGINNING
    _oldest: Place = END
    _has_first = False
    _is_paused = False

    @cached_property
    def _reading(self) -> asyncio.Lock:
        return asyncio.Lock()

    def body(self) -> ComposeResult:
        """Yield the messages."""
        yield Static(id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        yield Static(self.waiting, id="empty", classes="content page", markup=False)
        yield StreamView(id="stream")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Filter", id="filter", compact=True)
            yield Button("Details", id="open", compact=True)
            yield Button("Pause", id="pause", compact=True)
            yield Button("Newest", id="newest", variant="primary", compact=True)
            yield Button("Back", id="back", compact=True)

    @property
    def source(self) -> StreamSource:
        """Return what is shown."""
        raise NotImplementedError

    @property
    def is_readable(self) -> bool:
        """Return whether the source can be asked now."""
        raise NotImplementedError

    @property
    def has_problem(self) -> bool:
        """Return whether a problem stands in place of the messages."""
        raise NotImplementedError

    def fail(self, error: Exception) -> None:
        """Show why the source cannot be read."""
        raise NotImplementedError

    def heading(self) -> str:
        """Return what is shown, in a few words."""
        return "Stream"

    def look(self) -> None:
        """Look for newer messages."""
        if not self._is_paused and not self.view.is_cut and self.is_readable and not self._reading.locked():
            self._read_newer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer details only where there is a message."""
        return (self.view.here is not None or None) if action in ("open", "copy") else True

    @on(Button.Pressed, "#pause")
    def action_toggle_pause(self) -> None:
        """Hold the stream still, or follow it."""
        self._is_paused = not self._is_paused
        self.tell()

    @on(Button.Pressed, "#newest")
    def action_newest(self) -> None:
        """Go to the newest message and follow."""
        self._is_paused = False
        if self.view.is_cut:
            self._restart()
        else:
            self.view.follows = True
        self.tell()

    @on(Button.Pressed, "#filter")
    def filter_by_mouse(self) -> None:
        """Ask what is to be shown; the channel under the cursor stands there already, for who cannot type."""
        here = self.view.here
        words = here.channel.split() if here is not None and not self._filter else []
        self._ask_filter(f"#{words[0]}" if words else self._filter)

    def action_filter(self) -> None:
        """Ask what is to be shown."""
        self._ask_filter(self._filter)

    def _ask_filter(self, proposal: str) -> None:

        def answered(text: str | None) -> None:
            if text is not None:
                self._filter_by(text)

        self.program.push_screen(
            PromptScreen(
                "Show only",
                "#part of a channel, @part of an author, and words of the text. Empty: everything.",
                value=proposal,
                placeholder="#general @eve bike",
                yes="Show",
            ),
            answered,
        )

    def action_watch_address(self) -> None:
        """Ask which stream to watch."""
        self.program.watch_address()

    @on(StreamView.Opened)
    @on(Button.Pressed, "#open")
    def action_open(self) -> None:
        """Show everything known of the message under the cursor."""
        if self.view.here is not None:
            self._open(self.view.here)

    def action_copy(self) -> None:
        """Hand the message under the cursor to the clipboard."""
        if (item := self.view.here) is not None:
            is_notice = item.mark == "notice"
            text = item.text if is_notice else f"{item.author} in #{item.channel}: {item.text}"
            self.program.copy(text, "the line" if is_notice else "the message")

    def action_back(self) -> None:
        """Clear the filter, or go back."""
        if self._filter:
            self._filter_by("")
        else:
            self.program.pop_screen()

    @on(StreamView.OlderWanted)
    def read_older(self) -> None:
        """Bring older messages."""
        if not self._has_first and not self._reading.locked():
            self._read_older()

    @work(group="older", exclusive=True, exit_on_error=False, description="read older messages")
    async def _read_older(self) -> None:
        async with self._reading:
            self.view.prepend(await self._window())
        self.tell()

    @work(group="newer", exclusive=True, exit_on_error=False, description="read newer messages")
    async def _read_newer(self) -> None:
        async with self._reading:
            try:
                rows = await self.source.newer(self._newest, PAGE)
            except Exception as error:
                self.fail(error)
                return
            if rows:
                self._newest = (rows[-1].at, rows[-1].message_id)
                self.view.append(tuple(row for row in rows if self._wanted.passes(row)))
        if rows:
            self.tell()

    @work(group="restart", exclusive=True, exit_on_error=False, description="read the newest messages")
    async def _restart(self) -> None:
        await self.begin()

    @work(group="details", exclusive=True, exit_on_error=False, description="read a message's details")
    async def _open(self, item: Mirrored) -> None:
        try:
            lines = await self.source.details(item)
        except Exception as error:
            self.fail(error)
            return
        self.program.push_screen(
            DetailsScreen(f"#{sanitise_line(item.channel, 40)}" if item.channel else self.heading(), lines)
        )

    async def begin(self) -> None:
        """Show the newest messages."""
        async with self._reading:
            self._newest, self._oldest, self._has_first = BEGINNING, END, False
            try:
                self.view.show(await self._window())
            except Exception as error:
                self.fail(error)
                return
        self.tell()

    async def _window(self) -> tuple[Mirrored, ...]:
        """Return a page of older messages that pass, looking back as far as that takes."""
        found: list[Mirrored] = []
        while len(found) < PAGE and not self._has_first:
            rows = await self.source.older(self._oldest, PAGE)
            self._has_first = len(rows) < PAGE
            if not rows:
                break
            if self._oldest == END:
                self._newest = (rows[-1].at, rows[-1].message_id)
            self._oldest = (rows[0].at, rows[0].message_id)
            found = [*(row for row in rows if self._wanted.passes(row)), *found]
        return tuple(found)

    def _filter_by(self, text: str) -> None:
        self._filter = text.strip()
        self._wanted = parse_filter(self._filter)
        self._restart()

    @on(StreamView.FollowChanged)
    def tell(self) -> None:
        """Say what is shown and whether it moves."""
        is_empty = not self.view.items
        empty = self.query_one("#empty", Static)
        empty.display = is_empty and not self.has_problem
        empty.update(self.empty if self._wanted.is_everything else NO_MATCH)
        self.view.display = not is_empty
        word = "‖ paused" if self._is_paused else "▶ following" if self.view.follows else "■ f follows"
        messages = sum(item.mark != "notice" for item in self.view.items)
        self.query_one("#totals", Static).update(f" {word} · {counted(messages, 'message')}")
        self.query_one("#pause", Button).label = "Go on" if self._is_paused else "Pause"
        filtered = f" · only {sanitise_line(self._filter, 60)}" if self._filter else ""
        since = f" · back to {clock_time(self.view.items[0].at)}" if self.view.items else ""
        self.query_one("#route", Static).update(f"{self.heading()}{since}{filtered}")
        self.refresh_bindings()
