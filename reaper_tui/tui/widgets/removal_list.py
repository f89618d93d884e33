"""What would be removed, one row each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.reactive import reactive

from reaper_tui.model.removal import Removable
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.row_view import RowView

KIND_WIDTH = 12


class RemovalList(RowView):
    """Rows in the order they are removed; the first `done` are gone."""

    done: reactive[int] = reactive(0)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items: Sequence[Removable] = ()

    def show_items(self, items: Sequence[Removable]) -> None:
        """Show these, none of them removed yet."""
        self._items = items
        self.done = 0
        self.rows_changed()

    def watch_done(self, done: int) -> None:
        """Keep what is removed now in view."""
        if done:
            self.cursor = done
        self.refresh()

    def row_count(self) -> int:
        return len(self._items)

    def render_row(self, index: int, width: int) -> Text:
        item = self._items[index]
        is_gone = index < self.done
        mark = ("❯ " if index == self.cursor and self.has_focus else "  ", self.tone(Tone.ACCENT))
        sign = ("✔ gone   ", self.tone(Tone.MUTED)) if is_gone else ("✖ remove ", self.tone(Tone.ERROR))
        kind = f"{sanitise_line(item.kind, KIND_WIDTH):<{KIND_WIDTH}}"
        name = sanitise_line(item.name, 100) or "(no name)"
        return Text.assemble(mark, sign, (kind, self.tone(Tone.MUTED)), name)
