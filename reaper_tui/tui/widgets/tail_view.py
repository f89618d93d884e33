"""A bounded list that keeps its newest row in view while it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive

from reaper_tui.tui.widgets.row_view import RowView

ItemType = TypeVar("ItemType")
ROWS = 5000


class TailView(RowView, Generic[ItemType]):
    """Rows arrive at the end; scrolling up stops following, reaching the end or `f` follows again."""

    follows: reactive[bool] = reactive(True)

    @dataclass
    class FollowChanged(Message):
        """It began or ceased to follow."""

        follows: bool

    def __init__(self, *, id: str | None = None, empty: str = "Nothing yet.") -> None:
        super().__init__(id=id)
        self._items: deque[ItemType] = deque(maxlen=ROWS)
        self._lines: deque[tuple[ItemType, int]] = deque(maxlen=ROWS)
        self._empty = empty
        self._drawn_width = 0
        self._counted_width = 0
        self._laid_out = 0

    def on_mount(self) -> None:
        """Lay out again in the tones of another theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.lay_out_again())  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual

    def lay_out(self, item: ItemType, width: int) -> list[Text]:
        """Return the lines of one item."""
        raise NotImplementedError

    def line_count(self, item: ItemType, width: int) -> int:
        """Return how many lines `lay_out` will make of an item, so that only those in view are."""
        raise NotImplementedError

    def is_shown(self, item: ItemType) -> bool:
        """Return whether an item passes the filter."""
        return True

    def extend(self, items: tuple[ItemType, ...]) -> None:
        """Add items at the end."""
        if not items:
            return
        self._items.extend(items)
        width = self.row_width
        if width != self._drawn_width or width <= 0:
            self.lay_out_again()
            return
        before = len(self._lines)
        fresh = list(self._lines_of(items, width))
        dropped = max(0, before + len(fresh) - ROWS)
        self._lines.extend(fresh)
        self._laid_out += len(fresh)
        if dropped and not self.follows:
            self.scroll_to(y=max(0, round(self.scroll_offset.y) - dropped), animate=False, force=True)
        self.rows_changed()
        self._go_to_end()

    def lay_out_again(self) -> None:
        """Draw everything anew, after a change of width, theme or filter."""
        width = self._drawn_width = self.row_width
        # A hidden pane has no width: its rows stay as they were counted until it is shown.
        if width > 0:
            self._counted_width = width
            self._lines = deque(self._lines_of(self._items, width), maxlen=ROWS)
            self._laid_out += len(self._lines)
        self.rows_changed()
        self._go_to_end()

    def _lines_of(self, items: Iterable[ItemType], width: int) -> Iterator[tuple[ItemType, int]]:
        shown = (item for item in items if self.is_shown(item))
        return ((item, place) for item in shown for place in range(self.line_count(item, width)))

    def row_count(self) -> int:
        return len(self._lines) or 1

    def render_row(self, index: int, width: int) -> Text:
        if not self._lines:
            return Text(f" {self._empty}", style="dim")
        item, place = self._lines[index]
        return self.lay_out(item, self._counted_width)[place]

    def row_key(self, index: int) -> Hashable | None:
        return self._laid_out - len(self._lines) + index if self._lines else None

    @property
    def has_cursor(self) -> bool:
        return False

    def watch_follows(self, follows: bool) -> None:
        """Go to the end when following begins."""
        self._go_to_end()
        self.post_message(self.FollowChanged(follows))

    def on_resize(self, _event: events.Resize) -> None:
        """Fold long lines to the new width."""
        if self.row_width != self._drawn_width:
            self.lay_out_again()

    def action_cursor(self, step: int) -> None:
        self._scroll_by(step)

    def action_page(self, direction: int) -> None:
        self._scroll_by(direction * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, is_end: int) -> None:
        self.follows = bool(is_end)
        self.scroll_to(y=self.max_scroll_y if is_end else 0, animate=False, force=True)

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Stay where the user scrolls to."""
        if self.max_scroll_y > 0:
            self.follows = False

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Follow again at the end."""
        if self.scroll_offset.y + 3 >= self.max_scroll_y:
            self.follows = True

    def _scroll_by(self, rows: int) -> None:
        target = max(0, min(self.max_scroll_y, round(self.scroll_offset.y) + rows))
        self.follows = target >= self.max_scroll_y
        self.scroll_to(y=target, animate=False, force=True)

    def _go_to_end(self) -> None:
        if not self.follows:
            return
        self.scroll_to(y=max(0, self.row_count() - self.scrollable_content_region.height), animate=False, force=True)
        if not self.show_vertical_scrollbar:
            self.call_after_refresh(self._place_thumb)

    def _place_thumb(self) -> None:
        # A scrollbar that appears with the rows scrolled to does not hear of that scroll.
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = self.scroll_y
