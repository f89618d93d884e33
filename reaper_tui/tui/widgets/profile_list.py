"""The profiles, three lines each: what goes where, how it stands, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message

from reaper_tui.backend import ProfileEntry
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.next_step import next_step
from reaper_tui.tui.widgets.row_view import RowView

LINES = 4


class ProfileList(RowView):
    """A cursor that moves by profiles; a click chooses, a click on what is chosen opens."""

    @dataclass
    class Chosen(Message):
        """A profile is to be opened."""

        index: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: tuple[ProfileEntry, ...] = ()
        self._was_here = -1

    @property
    def here(self) -> int:
        """Return the number of the profile under the cursor."""
        return self.cursor // LINES

    def show_entries(self, entries: tuple[ProfileEntry, ...], name: str) -> None:
        """Show these, with the cursor on the one of that name."""
        self._entries = entries
        self.rows_changed()
        self.cursor = next((index * LINES for index, entry in enumerate(entries) if entry.name == name), 0)
        self.refresh()

    def row_count(self) -> int:
        return len(self._entries) * LINES

    def render_row(self, index: int, width: int) -> Text:
        entry = self._entries[index // LINES]
        is_here = index // LINES == self.here
        line = index % LINES
        if line == 0:
            name, source, target = (
                sanitise_line(text, 80) for text in (entry.name, entry.source_name, entry.target_name)
            )
            route = f"   {source} → {target}" if source or target else ""
            mark = ("❯ " if is_here else "  ", self.tone(Tone.ACCENT))
            return Text.assemble(mark, (name, "bold"), (route, self.tone(Tone.ACCENT)))
        following = next_step(entry)
        if line == 1:
            return Text.assemble("    ", self.sign(following.sign), f"  {following.standing}")
        if line == 2:
            key = " (g)" if is_here else ""
            return Text.assemble(
                ("    → next: ", self.tone(Tone.MUTED)), following.advice, (key, self.tone(Tone.ACCENT))
            )
        return Text()

    def row_style(self, index: int) -> Style | None:
        """Return the cursor's style for all lines of a profile but the empty one."""
        is_marked = index // LINES == self.here and index % LINES != LINES - 1
        return self.get_component_rich_style("row--cursor") if is_marked else None

    def on_mouse_down(self, _event: events.MouseDown) -> None:
        """Remember what was under the cursor before the click."""
        self._was_here = self.here

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        self.cursor = index // LINES * LINES
        if chain == 2 or self._was_here == self.here:
            self.post_message(self.Chosen(self.here))

    def watch_cursor(self, before: int, after: int) -> None:
        self.show_row(after // LINES * LINES + LINES - 1)
        self.show_row(after // LINES * LINES)
        self.refresh()

    def action_cursor(self, step: int) -> None:
        self.cursor = (self.here + step) * LINES if 0 <= self.here + step < len(self._entries) else self.cursor

    def action_page(self, direction: int) -> None:
        pages = max(1, self.scrollable_content_region.height // LINES)
        self.cursor = max(0, min(len(self._entries) - 1, self.here + direction * pages)) * LINES

    def action_edge(self, is_end: int) -> None:
        self.cursor = (len(self._entries) - 1) * LINES if is_end else 0
