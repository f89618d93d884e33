"""The top line: where one is on the way, what runs meanwhile, and the door to every command."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from reaper_tui.tui.command_table import ROOM_TITLES
from reaper_tui.tui.widgets.tones import foreground_style

WAY = ("channels", "review", "transfer", "report")
WIDE = 96


class Masthead(Widget):
    """Name of the program, the steps with the present one marked, the demo's banner, and the menu."""

    DEFAULT_CSS = "Masthead { height: 1; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"masthead--here", "masthead--way", "masthead--banner"}
    ALLOW_SELECT = False

    run: reactive[str] = reactive("")

    def __init__(self, room: str, *, is_demo: bool = False) -> None:
        super().__init__()
        self._room = room
        self._is_demo = is_demo
        self.set_reactive(Widget.auto_links, False)

    def render(self) -> Text:
        way = foreground_style(self, "masthead--way")
        here = foreground_style(self, "masthead--here")
        steps = WAY if self._room in WAY else (self._room,)
        text = Text(" reaper-tui ", style="bold", no_wrap=True, overflow="ellipsis")
        for place, room in enumerate(steps):
            title = ROOM_TITLES[room]
            text.append(" › " if place else "  ", style=way)
            text.append(f"▸{title}" if room == self._room else title, here if room == self._room else way)
        right = Text()
        if self.run:
            right.append(f" {self.run} ", style=here)
        if self._is_demo:
            banner = " demo: built-in sandbox " if self.size.width >= WIDE else " demo "
            right.append(banner, style=self.get_component_rich_style("masthead--banner"))
        right.append(" ≡ menu ", style=here + Style.from_meta({"@click": "app.command_palette"}))
        text.truncate(max(0, self.size.width - right.cell_len), overflow="ellipsis")
        text.append(" " * max(0, self.size.width - text.cell_len - right.cell_len))
        text.append_text(right)
        return text
