"""What all screens share: the masthead, the footer, and the notice for terminals too small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, getters, on
from textual.app import ComposeResult
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button

from reaper_tui.tui.figures import percent
from reaper_tui.tui.glyphs import RUN_SIGNS
from reaper_tui.tui.widgets.key_line import KeyLine
from reaper_tui.tui.widgets.masthead import Masthead
from reaper_tui.tui.widgets.too_small import HEIGHT, WIDTH, TooSmall

if TYPE_CHECKING:
    from reaper_tui.tui.app import ReaperApp

WIDE = 100


class Room(Screen[None]):
    """A full screen of the app; `room` names it in the table of commands."""

    room: ClassVar[str] = ""
    masthead = getters.query_one(Masthead)
    # The two widgets concerned draw themselves; Textual would draw the whole screen again.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (WIDTH, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (HEIGHT, "-low"), (30, "-tall")]  # noqa: RUF012 - as Textual declares it

    @property
    def program(self) -> ReaperApp:
        """Return the app this screen belongs to."""
        return cast("ReaperApp", self.app)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual

    def body(self) -> ComposeResult:
        """Yield what stands between masthead and footer."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Yield the whole screen."""
        yield TooSmall()
        yield Masthead(self.room, is_demo=self.program.is_demo)
        yield from self.body()
        yield KeyLine(show_command_palette=self.program.size.width >= WIDE)

    def on_resize(self, event: events.Resize) -> None:
        """Show the palette's key where there is room for it."""
        footer = self.query_one(KeyLine)
        if footer.show_command_palette != (event.size.width >= WIDE):
            footer.show_command_palette = event.size.width >= WIDE
            footer.refresh(recompose=True)

    @on(Button.Pressed, "#back")
    def leave(self) -> None:
        """Do what esc does; here for all screens, as every class with a handler of its own would act."""
        self.action_back()

    def action_back(self) -> None:
        """Go back."""
        self.program.pop_screen()

    def on_mount(self) -> None:
        """Tell once a second what runs in the background."""
        self.set_interval(1.0, self._tell_run)

    def on_screen_resume(self) -> None:
        """Tell at once what went on meanwhile."""
        self._tell_run()

    def _tell_run(self) -> None:
        # What changes on a screen below has the one above drawn again.
        if not self.is_current or self.room == "transfer":
            return
        session = self.program.session
        if session is None or not session.is_running or self.room in ("verify", "danger"):
            self.masthead.run = ""
            return
        control, progress = session.workspace.control, session.workspace.progress
        snapshot = progress.snapshot(control.state)
        self.masthead.run = f"{RUN_SIGNS[control.state].glyph} {percent(snapshot.settled, snapshot.expected)}%"

    def say(self, message: str, *, title: str = "", severity: Any = "information") -> None:
        """Show a short notice."""
        self.notify(message, title=title, severity=severity, markup=False)
