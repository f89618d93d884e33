"""Rows of text, one line each, drawn only where they are seen."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.cache import FIFOCache
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.compat import set_virtual_size
from reaper_tui.tui.glyphs import Sign, Tone
from reaper_tui.tui.widgets.tones import tone_style

KEPT_STRIPS = 400


class RowView(ScrollView, can_focus=True):
    """A list with a cursor; what a row says comes from `render_row`, a thousand rows cost what a screenful does."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"row--cursor", "row--heading"}
    DEFAULT_CSS = """
    RowView { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("list")

    cursor: reactive[int] = reactive(0)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: FIFOCache[Hashable, Strip] = FIFOCache(KEPT_STRIPS)
        self._tones: dict[Tone, Style] = {}
        self._base = Style()
        self._is_restyled = True

    def row_count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def render_row(self, index: int, width: int) -> Text:
        """Return one row, already free of anything that steers a terminal."""
        raise NotImplementedError

    def row_key(self, index: int) -> Hashable | None:
        """Return all that a row's text depends on beside width and theme; None has it drawn anew each time."""
        return None

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        """Act on a click; the cursor is on the row already."""

    def tone(self, tone: Tone) -> Style:
        """Return the style of a tone in the present theme."""
        self._look_at_styles()
        return self._tones[tone]

    def notify_style_update(self) -> None:
        """Take note that the theme may be another one."""
        super().notify_style_update()
        self._is_restyled = True

    def _look_at_styles(self) -> None:
        if self._is_restyled:
            self._is_restyled = False
            self._base = self.rich_style
            tones = {tone: tone_style(self, tone) for tone in Tone}
            if tones != self._tones:
                self._tones = tones
                self._strips.clear()

    def sign(self, sign: Sign, width: int = 0) -> Text:
        """Return a sign as coloured text, padded to a width."""
        return Text(f"{sign!s:<{width}}", style=self.tone(sign.tone))

    @property
    def row_width(self) -> int:
        """Return the columns a row may fill."""
        return self.scrollable_content_region.width

    def rows_changed(self) -> None:
        """Take note that rows came or went."""
        count = self.row_count()
        set_virtual_size(self, Size(0, count))
        if self.cursor >= count:
            self.cursor = max(0, count - 1)
        self.refresh()

    def row_changed(self, index: int) -> None:
        """Take note that one row says something else."""
        self.refresh_line(index)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        width = self.row_width
        index = y + round(self.scroll_offset.y)
        self._look_at_styles()
        base = self._base
        console: Console = self.app.console  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
        if index >= self.row_count():
            return Strip.blank(width, base)
        if (marked := self.row_style(index)) is not None:
            base += marked
        key = self.row_key(index)
        kept = (key, width, base)
        if key is not None and (strip := self._strips.get(kept)) is not None:
            return strip
        text = self.render_row(index, width)
        text.end = ""
        text.no_wrap = True
        text.truncate(width, overflow="ellipsis")
        strip = Strip(text.render(console)).adjust_cell_length(width).apply_style(base)
        if key is not None:
            self._strips[kept] = strip
        return strip

    def row_style(self, index: int) -> Style | None:
        """Return what is laid under a row, such as the cursor."""
        is_here = index == self.cursor and self.has_cursor
        return self.get_component_rich_style("row--cursor") if is_here else None

    @property
    def has_cursor(self) -> bool:
        """Return whether the cursor is drawn."""
        return True

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, self.row_count() - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the cursor where it is now, in view."""
        self.refresh_line(before)
        self.refresh_line(after)
        self.show_row(after)

    def show_row(self, index: int) -> None:
        """Scroll until a row is in view."""
        top, height = round(self.scroll_offset.y), self.scrollable_content_region.height
        if height <= 0 or index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True)

    def action_cursor(self, step: int) -> None:
        """Move the cursor by rows."""
        self.cursor += step

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.cursor += direction * max(1, self.scrollable_content_region.height - 1)

    def action_edge(self, is_end: int) -> None:
        """Move the cursor to the first or last row."""
        self.cursor = self.row_count() - 1 if is_end else 0

    async def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row under the mouse and act on it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = offset.y + round(self.scroll_offset.y)
        if 0 <= index < self.row_count():
            self.cursor = index
            self.row_clicked(index, event.style.meta, event.chain)
