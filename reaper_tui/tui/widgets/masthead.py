"""The top line: where one is on the way."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

from reaper_tui.tui.widgets.tones import foreground_style

WAY = ("channels", "review", "transfer", "report")
TITLES = {
    "home": "Profiles",
    "wizard": "New profile",
    "channels": "Channels",
    "review": "Review",
    "transfer": "Transfer",
    "report": "Report",
}


class Masthead(Widget):
    """Name of the program, the steps with the present one marked, and the demo's banner."""

    DEFAULT_CSS = "Masthead { height: 1; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"masthead--here", "masthead--way", "masthead--banner"}

    def __init__(self, room: str, *, is_demo: bool = False) -> None:
        super().__init__()
        self._room = room
        self._is_demo = is_demo

    def render(self) -> Text:
        way = foreground_style(self, "masthead--way")
        here = foreground_style(self, "masthead--here")
        steps = WAY if self._room in WAY else (self._room,)
        text = Text(" reaper-tui ", style="bold", no_wrap=True, overflow="ellipsis")
        for place, room in enumerate(steps):
            text.append(" › " if place else "  ", style=way)
            text.append(f"▸{TITLES[room]}" if room == self._room else TITLES[room], here if room == self._room else way)
        if self._is_demo:
            banner = " demo: built-in sandbox "
            text.append(" " * max(1, self.size.width - text.cell_len - len(banner)))
            text.append(banner, style=self.get_component_rich_style("masthead--banner"))
        return text
