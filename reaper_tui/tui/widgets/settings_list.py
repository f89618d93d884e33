"""The settings, one row each, below headings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual.message import Message

from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.row_view import RowView

NAME_WIDTH = 30
VALUE_WIDTH = 22


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A heading when `name` is empty of a value; `key` tells what a change is about, `is_own` that it was changed."""

    key: str
    name: str
    value: str = ""
    remark: str = ""
    is_heading: bool = False
    is_own: bool = False


class SettingsList(RowView):
    """A cursor that skips headings; enter or a click asks for a change."""

    @dataclass
    class Asked(Message):
        """A setting is to be changed."""

        key: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[SettingRow, ...] = ()

    @property
    def here(self) -> str:
        """Return the key of the setting under the cursor."""
        return self._rows[self.cursor].key if self._rows else ""

    def show_rows(self, rows: tuple[SettingRow, ...]) -> None:
        """Show these, the cursor where it was."""
        is_first = not self._rows
        self._rows = rows
        self.rows_changed()
        if is_first:
            self.cursor = 1

    def row_count(self) -> int:
        return len(self._rows)

    def render_row(self, index: int, width: int) -> Text:
        row = self._rows[index]
        if row.is_heading:
            return Text(f" {row.name}", style=self.tone(Tone.ACCENT) + self.get_component_rich_style("row--heading"))
        is_here = index == self.cursor and self.has_focus
        name = Text.assemble(("❯ " if is_here else "  ", self.tone(Tone.ACCENT)), f" {row.name}")
        name.truncate(NAME_WIDTH, overflow="ellipsis", pad=True)
        value = Text(f" {row.value}", style="bold" if row.is_own else "")
        value.truncate(max(VALUE_WIDTH, width - NAME_WIDTH - len(row.remark) - 2), overflow="ellipsis", pad=True)
        return Text.assemble(name, value, (f" {row.remark}", self.tone(Tone.MUTED)))

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        if not self._rows[index].is_heading:
            self.post_message(self.Asked(self._rows[index].key))

    def show_row(self, index: int) -> None:
        super().show_row(0 if index == 1 else index)

    def validate_cursor(self, cursor: int) -> int:
        cursor = super().validate_cursor(cursor)
        if self._rows and self._rows[cursor].is_heading:
            step = 1 if cursor >= self.cursor or cursor == 0 else -1
            cursor = super().validate_cursor(cursor + step)
        return cursor
