"""The keys of a screen and what they do."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from reaper_tui.tui.bindings import Command, commands_of
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.masthead import TITLES
from reaper_tui.tui.widgets.sheet import Sheet

PURPOSES = {
    "home": "Each profile names one Discord server, one Fluxer community, and how to copy.",
    "wizard": "Two bots are needed: one that may read on Discord, one that may build on Fluxer. "
    "Tokens stay in the profile file, which only you can read, and are never shown.",
    "channels": "Check what is to be copied. A category's box stands for all below it; [–] means some of it. "
    "The figures are messages, ~ marks an estimate. Click a box or use space.",
    "review": "This is what a start would do. Nothing is written to Fluxer before that.",
    "transfer": "Everything sent is on record at once. Stop, quit, or lose power: the next run goes on where this "
    "one ended, and no message arrives twice.",
    "report": "Every message of the source is in exactly one class; the classes add up to the source.",
}
MOVES = (
    ("↑ ↓ PgUp PgDn Home End", "move, also with the mouse wheel"),
    ("← →", "fold and unfold the tree"),
    ("tab", "go to the next part of the screen"),
    ("^p", "find any command by name"),
)


class HelpScreen(ModalScreen[None]):
    """Tells what the screen below is for and lists its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q,enter", "dismiss", "Close")]

    def __init__(self, room: str) -> None:
        super().__init__()
        self._room = room

    def compose(self) -> ComposeResult:
        """Yield the list."""
        with Vertical(classes="dialog dialog-wide"):
            yield Static(f"Help: {TITLES.get(self._room, 'reaper-tui')}", classes="dialog-title", markup=False)
            with VerticalScroll():
                yield Sheet()
            yield Button("Close (esc)", compact=True)

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(Sheet).show(self._draw)
        self.query_one(VerticalScroll).focus()

    @on(Button.Pressed)
    def close(self) -> None:
        """Go back."""
        self.dismiss()

    def _draw(self, sheet: Sheet) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="fold")
        for command in merged(commands_of(self._room, "app")):
            table.add_row(Text(command.key_text(), style=sheet.tone(Tone.ACCENT)), Text(command.meaning))
        for keys, meaning in MOVES:
            table.add_row(Text(keys, style=sheet.tone(Tone.ACCENT)), Text(meaning))
        return Group(Text(PURPOSES.get(self._room, "")), Text(), table)


def merged(commands: tuple[Command, ...]) -> list[Command]:
    """Return commands without the second mention of a key."""
    seen: set[str] = set()
    return [command for command in commands if not (command.keys in seen or seen.add(command.keys))]
