"""A page of text and tables in the theme's tones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.widget import Widget

from reaper_tui.tui.glyphs import Sign, Tone
from reaper_tui.tui.widgets.tones import tone_style


class Sheet(Widget):
    """Draws what a function makes of it; the function is asked again when theme or width change."""

    DEFAULT_CSS = "Sheet { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draw: Callable[[Sheet], RenderableType] | None = None

    def show(self, draw: Callable[[Sheet], RenderableType]) -> None:
        """Draw this from now on."""
        self._draw = draw
        self.refresh(layout=True)

    def render(self) -> RenderableType:
        """Return what stands on the page."""
        return self._draw(self) if self._draw else Text()

    def tone(self, tone: Tone) -> Style:
        """Return the style of a tone in the present theme."""
        return tone_style(self, tone)

    def heading(self, title: str, sign: Sign | None = None) -> Text:
        """Return a heading above a part."""
        glyph = f"{sign.glyph} " if sign else ""
        return Text(f"{glyph}{title}", style=Style(bold=True) + self.tone(sign.tone if sign else Tone.ACCENT))

    def muted(self, text: str) -> Text:
        """Return text that stands back."""
        return Text(text, style=self.tone(Tone.MUTED))

    def bullets(self, lines: Sequence[tuple[str, str]], sign: Sign) -> Table:
        """Return (what, why) lines behind a sign, hanging."""
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=2)
        table.add_column(ratio=1, overflow="fold")
        for what, why in lines:
            line = Text(what)
            if why:
                line.append(f": {why}" if what else why, style=self.tone(Tone.MUTED))
            table.add_row(Text(f" {sign.glyph}", style=self.tone(sign.tone)), line)
        return table
