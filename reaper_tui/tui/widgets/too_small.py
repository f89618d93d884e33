"""What a terminal too small for the app shows."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

WIDTH, HEIGHT = 60, 16


class TooSmall(Widget):
    """Names the size there is and the size it takes; the run goes on meanwhile."""

    DEFAULT_CSS = "TooSmall { display: none; width: 1fr; height: 1fr; content-align: center middle; }"

    def render(self) -> Text:
        size = self.screen.size
        return Text(
            f"This terminal is {size.width}×{size.height}.\nreaper-tui needs {WIDTH}×{HEIGHT}.\n\n"
            "Make it larger; nothing stops meanwhile.",
            justify="center",
        )
