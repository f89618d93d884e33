"""The keys of a screen and what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from reaper_tui.tui.bindings import commands_of, key_name, keys_of
from reaper_tui.tui.command_table import ROOM_TITLES, Command
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.sheet import Sheet

PURPOSES = {
    "home": "Each profile names one Discord server, one Fluxer community, and how to copy. Below each stands how its "
    "last run ended and what comes next; g does that.",
    "wizard": "Two bots are needed: one that may read on Discord, one that may build on Fluxer. "
    "Tokens stay in the profile file, which only you can read, and are never shown.",
    "channels": "Check what is to be copied. A category's box stands for all below it; [–] means some of it. "
    "The figures are messages, ~ marks an estimate. Click a box or use space.",
    "review": "This is what a start would do. Nothing is written to Fluxer before that.",
    "transfer": "Everything sent is on record at once. Stop, quit, or lose power: the next run goes on where this "
    "one ended, and no message arrives twice.",
    "report": "Every message of the source is in exactly one class; the classes add up to the source.",
    "failures": "What was not carried over, grouped by cause. A retry sends only these; what arrived stays as it is.",
    "verify": "The target is read back and held against the journal. Nothing is written to it.",
    "doctor": "One line for each thing a clone needs: what was found, and how to mend what is out of order.",
    "stream": "Every message as it arrived on the target, the newest last. Scrolling up goes back to the first one. "
    "w watches a stream service elsewhere, by its address.",
    "danger": "Removes from the target only what this profile made there; what was there before stays. The journal "
    "keeps all messages, so that a later run makes everything anew.",
    "settings": "How the app looks and behaves. Every change is kept at once.",
    "log": "The newest lines of the log file, without any secret. The file has all of them.",
}
MOVES = (
    ("↑ ↓ PgUp PgDn Home End", "move, also with the mouse wheel"),
    ("← →", "fold and unfold a tree"),
    ("tab ⇧tab", "go to the next part of the screen, or the one before"),
    ("a click", "does what it points at; ≡ at the top offers every command"),
)


class HelpScreen(ModalScreen[None]):
    """Tells what the screen below is for and lists its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q,enter", "dismiss", "Close")]

    def __init__(self, room: str, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._room = room
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Yield the list."""
        with Vertical(classes="dialog dialog-wide"):
            yield Static(f"Help: {ROOM_TITLES.get(self._room, 'reaper-tui')}", classes="dialog-title", markup=False)
            with VerticalScroll():
                yield Sheet()
            with Horizontal(classes="dialog-buttons"):
                yield Button("Close (esc)", variant="primary", compact=True)

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
        for keys, meaning in merged(commands_of(self._room, "app"), self._keymap):
            table.add_row(Text(keys, style=sheet.tone(Tone.ACCENT)), Text(meaning))
        for keys, meaning in MOVES:
            table.add_row(Text(keys, style=sheet.tone(Tone.ACCENT)), Text(meaning))
        return Group(Text(PURPOSES.get(self._room, "")), Text(), table)


def merged(commands: tuple[Command, ...], keymap: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (keys, meaning) of commands, those of one action in one line, and no key twice."""
    lines: dict[str, tuple[list[str], str]] = {}
    seen: set[str] = set()
    for command in commands:
        fresh = [key for key in keys_of(command, keymap) if not (key in seen or seen.add(key))]
        keys, _ = lines.setdefault(command.action.replace("app.", ""), ([], command.meaning))
        keys += fresh
    return [(" ".join(key_name(key) for key in keys), meaning) for keys, meaning in lines.values() if keys]
