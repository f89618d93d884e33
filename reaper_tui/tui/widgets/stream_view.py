"""Messages one line each, a window onto a stream without end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive

from reaper_tui.backend import Mirrored
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import clock_time, counted
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.message_pane import readable
from reaper_tui.tui.widgets.row_view import RowView

KEPT = 4000
NEAR = 20


class StreamView(RowView):
    """Follows the newest row until the user goes up; near the first row it asks for older ones."""

    follows: reactive[bool] = reactive(True)

    @dataclass
    class OlderWanted(Message):
        """The user comes near the first row."""

    @dataclass
    class FollowChanged(Message):
        """It began or ceased to follow."""

    @dataclass
    class Opened(Message):
        """The details of a message are asked for."""

        item: Mirrored

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.items: list[Mirrored] = []
        self.is_cut = False

    @property
    def here(self) -> Mirrored | None:
        """Return the message under the cursor."""
        return self.items[self.cursor] if self.items else None

    def show(self, items: tuple[Mirrored, ...]) -> None:
        """Show these and nothing else, the newest in view."""
        self.items = list(items)
        self.is_cut = False
        self.rows_changed()
        self.follows = True
        self._go_to_end()

    def append(self, items: tuple[Mirrored, ...]) -> None:
        """Add newer messages."""
        dropped = max(0, len(self.items) + len(items) - KEPT)
        self.items = [*self.items, *items][dropped:]
        self.rows_changed()
        if self.follows:
            self._go_to_end()

    def prepend(self, items: tuple[Mirrored, ...]) -> None:
        """Add older messages, staying where the user is; what is too far down is let go."""
        self.items = [*items, *self.items]
        if len(self.items) > KEPT:
            self.items = self.items[:KEPT]
            self.is_cut = True
        self.rows_changed()
        self.set_reactive(RowView.cursor, min(self.cursor + len(items), len(self.items) - 1))
        self.scroll_to(y=round(self.scroll_offset.y) + len(items), animate=False, force=True)
        self.refresh()

    def amend(self, items: Mapping[int, Mirrored]) -> None:
        """Put messages in the place of what they were, by their ids."""
        self.items = [items.get(item.message_id, item) for item in self.items]
        self.rows_changed()
        self.refresh()

    def row_count(self) -> int:
        return len(self.items)

    def render_row(self, index: int, width: int) -> Text:
        item = self.items[index]
        mark = ("❯" if index == self.cursor and self.has_focus else " ", self.tone(Tone.ACCENT))
        if item.mark == "notice":
            at, words = (f"{clock_time(item.at)} ", self.tone(Tone.MUTED)), sanitise_line(item.text, 300)
            return Text.assemble(mark, at, (f"── {words}", self.tone(Tone.WARNING)))
        text = Text.assemble(
            mark,
            (f"{clock_time(item.at)} ", self.tone(Tone.MUTED)),
            (f"#{sanitise_line(item.channel, 24)} ", self.tone(Tone.ACCENT)),
            (f"{sanitise_line(item.author, 24)}: ", "bold"),
            (readable(sanitise_line(item.text, 300)), "strike" if item.mark == "deleted" else ""),
        )
        if item.files:
            text.append(f" [{counted(item.files, 'file')}]", style=self.tone(Tone.MUTED))
        if item.mark:
            text.append(f" ({item.mark})", style=self.tone(Tone.MUTED))
        return text

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        self.follows = index == len(self.items) - 1
        if chain == 2:
            self.post_message(self.Opened(self.items[index]))

    def watch_follows(self, follows: bool) -> None:
        """Go to the end when following begins."""
        if follows:
            self._go_to_end()
        self.post_message(self.FollowChanged())

    def action_cursor(self, step: int) -> None:
        super().action_cursor(step)
        self._moved()

    def action_page(self, direction: int) -> None:
        super().action_page(direction)
        self._moved()

    def action_edge(self, is_end: int) -> None:
        super().action_edge(is_end)
        self._moved()

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Stay where the user scrolls to."""
        self.follows = False
        if self.scroll_offset.y < NEAR:
            self.post_message(self.OlderWanted())

    def _moved(self) -> None:
        self.follows = self.cursor >= len(self.items) - 1
        if self.cursor < NEAR:
            self.post_message(self.OlderWanted())

    def _go_to_end(self) -> None:
        self.cursor = max(0, len(self.items) - 1)
        self.refresh()
