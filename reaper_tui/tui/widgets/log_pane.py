"""The log of a run, with levels."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells
from rich.text import Text
from textual.reactive import reactive

from reaper_tui.engine.events import Level, LogLine
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import clock_time
from reaper_tui.tui.glyphs import LEVEL_SIGNS, Tone
from reaper_tui.tui.widgets.tail_view import TailView

SIGN_WIDTH = 7
INDENT = len(f" {clock_time(0)} {'':<{SIGN_WIDTH}} ")
CYCLE = {
    Level.INFO: Level.WARNING,
    Level.WARNING: Level.ERROR,
    Level.ERROR: Level.DEBUG,
    Level.DEBUG: Level.INFO,
}


class LogPane(TailView[LogLine]):
    """Shows log lines from a level up, folded to the width."""

    level: reactive[Level] = reactive(Level.INFO)
    wanted: reactive[str] = reactive("")

    def cycle_level(self) -> None:
        """Show the next selection of levels."""
        self.level = CYCLE[self.level]

    def watch_level(self, _level: Level) -> None:
        """Lay out what passes the filter now."""
        if self.is_mounted:
            self.lay_out_again()

    def watch_wanted(self, _wanted: str) -> None:
        """Lay out the lines with this text."""
        if self.is_mounted:
            self.lay_out_again()

    def is_shown(self, item: LogLine) -> bool:
        return item.level >= self.level and self.wanted in item.text.casefold()

    def line_count(self, item: LogLine, width: int) -> int:
        return len(_parts(item, width))

    def lay_out(self, item: LogLine, width: int) -> list[Text]:
        sign = LEVEL_SIGNS[item.level]
        head = Text.assemble(
            (f" {clock_time(item.at)} ", self.tone(Tone.MUTED)), (f"{sign!s:<{SIGN_WIDTH}} ", self.tone(sign.tone))
        )
        style = self.tone(sign.tone if item.level >= Level.WARNING else Tone.PLAIN)
        return [
            Text.assemble(head if place == 0 else " " * INDENT, (part, style))
            for place, part in enumerate(_parts(item, width))
        ]


def _parts(item: LogLine, width: int) -> list[str]:
    return folded(sanitise_line(item.text), max(10, width - INDENT))


def folded(line: str, width: int) -> list[str]:
    """Return a line in pieces no wider than `width` columns, broken at spaces where there are any."""
    if cell_len(line) <= width:
        return [line]
    pieces: list[str] = []
    current = ""
    for word in line.split(" "):
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            pieces.append(current)
        *full, current = chop_cells(word, width) or [""]
        pieces += full
    return [*pieces, current]
