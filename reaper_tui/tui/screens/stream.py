"""The mirrored messages, live and back to the first."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from reaper_tui.backend import Mirrored
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Session, problem_of
from reaper_tui.tui.figures import clock_time, counted
from reaper_tui.tui.modals.details import DetailsScreen
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.stream_source import Place, StreamSource, Wanted, parse_filter
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.stream_view import StreamView

LOOK_SECONDS = 0.5
PAGE = 200
END: Place = (1e18, 1 << 62)
BEGINNING: Place = (0.0, 0)
EMPTY = (
    "○ Nothing was mirrored yet.\n\nMessages appear here as they arrive on Fluxer. "
    "esc goes back; start a transfer there."
)
NO_MATCH = "○ No message passes this filter. esc shows all again."


class StreamScreen(ProfileRoom):
    """Tails a source; filters, pauses, scrolls back without end, shows details."""

    room: ClassVar[str] = "stream"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("stream")
    view = getters.query_one(StreamView)

    def __init__(self, session: Session, source: StreamSource | None = None) -> None:
        super().__init__(session)
        self._given = source
        self._wanted = Wanted()
        self._filter = ""
        self._newest: Place = BEGINNING
        self._oldest: Place = END
        self._has_first = False
        self._is_paused = False
        self._reading = asyncio.Lock()

    def body(self) -> ComposeResult:
        """Yield the messages."""
        yield Static(id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        yield Static("Reading the journal…", id="empty", classes="content page", markup=False)
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
        return self._given or self._session.workspace

    async def entered(self) -> None:
        """Show the newest messages, then follow."""
        self.view.focus()
        await self._begin()
        self.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Look for newer messages."""
        if not self._is_paused and not self.view.is_cut and self._session.is_open and not self._reading.locked():
            self._read_newer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer details only where there is a message."""
        return (self.view.here is not None or None) if action in ("open", "copy") else True

    @on(Button.Pressed, "#pause")
    def action_toggle_pause(self) -> None:
        """Hold the stream still, or follow it."""
        self._is_paused = not self._is_paused
        self._tell()

    @on(Button.Pressed, "#newest")
    def action_newest(self) -> None:
        """Go to the newest message and follow."""
        self._is_paused = False
        if self.view.is_cut:
            self._restart()
        else:
            self.view.follows = True
        self._tell()

    @on(Button.Pressed, "#filter")
    def action_filter(self) -> None:
        """Ask what is to be shown."""

        def answered(text: str | None) -> None:
            if text is not None:
                self._filter_by(text)

        self.program.push_screen(
            PromptScreen(
                "Show only",
                "#part of a channel, @part of an author, and words of the text. Empty: everything.",
                value=self._filter,
                placeholder="#general @eve bike",
                yes="Show",
            ),
            answered,
        )

    @on(StreamView.Opened)
    @on(Button.Pressed, "#open")
    def action_open(self) -> None:
        """Show everything known of the message under the cursor."""
        if self.view.here is not None:
            self._open(self.view.here)

    def action_copy(self) -> None:
        """Hand the message under the cursor to the clipboard."""
        if (item := self.view.here) is not None:
            self.program.copy(f"{item.author} in #{item.channel}: {item.text}", "the message")

    @on(Button.Pressed, "#back")
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
        self._tell()

    @work(group="newer", exclusive=True, exit_on_error=False, description="read newer messages")
    async def _read_newer(self) -> None:
        async with self._reading:
            try:
                rows = await self.source.newer(self._newest, PAGE)
            except Exception as error:
                self._fail(error)
                return
            if rows:
                self._newest = (rows[-1].at, rows[-1].message_id)
                self.view.append(tuple(row for row in rows if self._wanted.passes(row)))
        if rows:
            self._tell()

    @work(group="restart", exclusive=True, exit_on_error=False, description="read the newest messages")
    async def _restart(self) -> None:
        await self._begin()

    @work(group="details", exclusive=True, exit_on_error=False, description="read a message's details")
    async def _open(self, item: Mirrored) -> None:
        try:
            lines = await self.source.details(item)
        except Exception as error:
            self._fail(error)
            return
        self.program.push_screen(DetailsScreen(f"#{sanitise_line(item.channel, 40)}", lines))

    async def _begin(self) -> None:
        async with self._reading:
            self._newest, self._oldest, self._has_first = BEGINNING, END, False
            try:
                self.view.show(await self._window())
            except Exception as error:
                self._fail(error)
                return
        self._tell()

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

    def _fail(self, error: Exception) -> None:
        self._session.problem = problem_of(error, self.program.backend.log_file)
        self.show_problem()

    @on(StreamView.FollowChanged)
    def _tell(self) -> None:
        is_empty = not self.view.items
        empty = self.query_one("#empty", Static)
        empty.display = is_empty and self._session.problem is None
        empty.update(EMPTY if self._wanted.is_everything else NO_MATCH)
        self.view.display = not is_empty
        word = "‖ paused" if self._is_paused else "▶ following" if self.view.follows else "■ f follows"
        self.query_one("#totals", Static).update(f" {word} · {counted(len(self.view.items), 'message')}")
        self.query_one("#pause", Button).label = "Go on" if self._is_paused else "Pause"
        filtered = f" · only {sanitise_line(self._filter, 60)}" if self._filter else ""
        since = f" · back to {clock_time(self.view.items[0].at)}" if self.view.items else ""
        self.query_one("#route", Static).update(f"Stream{since}{filtered}")
        self.refresh_bindings()
