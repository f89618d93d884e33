"""The tree of channels with a box before each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from reaper_tui.model.community import ChannelKind
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.figures import byte_size, estimated
from reaper_tui.tui.glyphs import KIND_SIGNS, Tone
from reaper_tui.tui.selection import Entry, Mark, Selection
from reaper_tui.tui.widgets.row_view import RowView

BOXES = {Mark.OFF: "[ ]", Mark.PARTIAL: "[–]", Mark.ON: "[✔]"}
BOX_TONES = {Mark.OFF: Tone.MUTED, Mark.PARTIAL: Tone.WARNING, Mark.ON: Tone.SUCCESS}
NO_BOX = " ✖ "
ESTIMATE_WIDTH = 11
KIND_WIDTH = 9
KIND_FROM_WIDTH = 56
SIZE_WIDTH = 15
SIZE_FROM_WIDTH = 76


class ChannelTree(RowView):
    """Shows a Selection; space or a click on a box checks, arrows fold, `/` searches."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tree")

    @dataclass
    class Changed(Message):
        """The marks changed."""

        tree: ChannelTree

        @property
        def control(self) -> ChannelTree:
            return self.tree

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.selection: Selection | None = None
        self._rows: list[int] = []
        self._folded: set[int] = set()
        self._matches: tuple[int, ...] = ()

    def show_selection(self, selection: Selection) -> None:
        """Show these marks from now on."""
        self.selection = selection
        self._folded = {
            entry.id
            for entry in selection.entries.values()
            if entry.kind is not ChannelKind.CATEGORY and len(selection.children(entry.id)) > 6
        }
        self._rebuild()

    def row_count(self) -> int:
        return len(self._rows)

    def render_row(self, index: int, width: int) -> Text:
        assert self.selection is not None
        entry = self.selection.entries[self._rows[index]]
        is_cursor = index == self.cursor
        left = Text.assemble(
            ("❯ " if is_cursor and self.has_focus else "  ", self.tone(Tone.ACCENT)),
            "  " * entry.depth,
            self._arrow(entry),
            self._box(entry),
            " ",
        )
        style = self._name_style(entry)
        left.append(f"{KIND_SIGNS[entry.kind].glyph} ", style=self.tone(Tone.MUTED))
        left.append(entry.name, style=style)
        for remark in self._remarks(entry):
            left.append(f"  {remark}", style=self.tone(Tone.WARNING if entry.cannot_read else Tone.MUTED))
        right = self._right(entry, width)
        left.truncate(max(0, width - cell_len(right.plain) - 1), overflow="ellipsis", pad=True)
        return Text.assemble(left, " ", right)

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        hit = meta.get("hit")
        if hit == "arrow":
            self._set_folded(self._rows[index], self._rows[index] not in self._folded)
        elif hit == "box" or (hit is None and chain == 1):
            self.toggle_here()

    def toggle_here(self) -> None:
        """Check or uncheck what is under the cursor."""
        if self.selection is None or not self._rows:
            return
        entry_id = self._rows[self.cursor]
        if not self.selection.has_box(entry_id):
            return
        self.selection.toggle(entry_id)
        self.marks_changed()

    def mark_range(self, step: int) -> None:
        """Move by a row and give it the mark of the row left behind."""
        if self.selection is None or not self._rows:
            return
        is_chosen = self.selection.mark(self._rows[self.cursor]) is not Mark.OFF
        if not self.selection.has_box(self._rows[self.cursor]):
            is_chosen = True
        self.cursor += step
        if self.selection.has_box(self._rows[self.cursor]):
            self.selection.choose(self._rows[self.cursor], is_chosen)
        self.marks_changed()

    def marks_changed(self) -> None:
        """Draw the marks anew and tell whoever listens."""
        self.refresh()
        self.post_message(self.Changed(self))

    def action_fold(self) -> None:
        """Fold what is under the cursor, or go to what it stands below."""
        assert self.selection is not None
        if not self._rows:
            return
        entry_id = self._rows[self.cursor]
        if self.selection.children(entry_id) and entry_id not in self._folded:
            self._set_folded(entry_id, True)
        elif (parent := self.selection.entries[entry_id].parent_id) is not None:
            self.cursor = self._rows.index(parent)

    def action_unfold(self) -> None:
        """Unfold what is under the cursor, or go to the first below it."""
        assert self.selection is not None
        if not self._rows:
            return
        entry_id = self._rows[self.cursor]
        if entry_id in self._folded:
            self._set_folded(entry_id, False)
        elif self.selection.children(entry_id):
            self.cursor += 1

    def search(self, query: str) -> int:
        """Mark the names that contain a text and go to the first from the cursor on; return how many there are."""
        assert self.selection is not None
        self._matches = self.selection.matches(query)
        if self._matches:
            here = list(self.selection.entries).index(self._rows[self.cursor]) if self._rows else 0
            order = {entry_id: place for place, entry_id in enumerate(self.selection.entries)}
            self._go_to(next((found for found in self._matches if order[found] >= here), self._matches[0]))
        self.refresh()
        return len(self._matches)

    def step_match(self, step: int) -> int:
        """Go to another match; return its number from 1, 0 when there is none."""
        if not self._matches or self.selection is None:
            return 0
        current = self._rows[self.cursor]
        if current in self._matches:
            place = (self._matches.index(current) + step) % len(self._matches)
        else:
            place = 0 if step > 0 else len(self._matches) - 1
        self._go_to(self._matches[place])
        return place + 1

    def go_to(self, entry_id: int) -> None:
        """Put the cursor on an entry, unfolding what hides it."""
        self._go_to(entry_id)

    def _go_to(self, entry_id: int) -> None:
        assert self.selection is not None
        hiding = self._folded & set(self.selection.ancestors(entry_id))
        if hiding:
            self._folded -= hiding
            self._rebuild()
        self.cursor = self._rows.index(entry_id)

    def _set_folded(self, entry_id: int, is_folded: bool) -> None:
        if is_folded:
            self._folded.add(entry_id)
        else:
            self._folded.discard(entry_id)
        self._rebuild()
        self.cursor = self._rows.index(entry_id)

    def _rebuild(self) -> None:
        assert self.selection is not None
        rows: list[int] = []
        pending = list(reversed(self.selection.children(None)))
        while pending:
            entry_id = pending.pop()
            rows.append(entry_id)
            if entry_id not in self._folded:
                pending += reversed(self.selection.children(entry_id))
        self._rows = rows
        self.rows_changed()

    def _arrow(self, entry: Entry) -> Text:
        assert self.selection is not None
        if not self.selection.children(entry.id):
            return Text("  ")
        glyph = "▸" if entry.id in self._folded else "▾"
        return Text(f"{glyph} ", style=self.tone(Tone.MUTED) + Style.from_meta({"hit": "arrow"}))

    def _box(self, entry: Entry) -> Text:
        assert self.selection is not None
        if not self.selection.has_box(entry.id):
            return Text(NO_BOX, style=self.tone(Tone.MUTED) + Style.from_meta({"hit": "none"}))
        mark = self.selection.mark(entry.id)
        return Text(BOXES[mark], style=self.tone(BOX_TONES[mark]) + Style.from_meta({"hit": "box"}))

    def _name_style(self, entry: Entry) -> Style:
        if entry.id in self._matches:
            return self.tone(Tone.ACCENT) + Style(bold=True, underline=True)
        if entry.cannot_read:
            return self.tone(Tone.MUTED)
        return Style(bold=entry.kind is ChannelKind.CATEGORY)

    def _remarks(self, entry: Entry) -> list[str]:
        if entry.cannot_read:
            return [f"stays behind: {entry.cannot_read}"]
        return ["private"] * entry.is_private + ["archived"] * entry.is_archived

    def _right(self, entry: Entry, width: int) -> Text:
        assert self.selection is not None
        count, is_exact = self.selection.estimate(entry.id)
        figure = "" if entry.cannot_read else estimated(count, is_exact)
        right = Text(style=self.tone(Tone.MUTED))
        if width >= KIND_FROM_WIDTH:
            right.append(f"{KIND_SIGNS[entry.kind].word:<{KIND_WIDTH}}")
        if self.selection.has_sizes and width >= SIZE_FROM_WIDTH:
            size = self.selection.size(entry.id)
            copied = f"{byte_size(size)} copied" if size else ""
            right.append(f"{copied:>{SIZE_WIDTH}}")
        return right.append(f"{figure:>{ESTIMATE_WIDTH}} ")
