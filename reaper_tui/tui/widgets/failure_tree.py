"""Failures below their causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from reaper_tui.model.summary import Failure
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.failure_groups import FailureGroup
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.row_view import RowView

UNFOLDED_UP_TO = 8


class FailureTree(RowView):
    """Groups that fold; a click on a group folds it, on a failure asks for its details."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tree")

    @dataclass
    class Opened(Message):
        """The details of a failure are asked for."""

        failure: Failure

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._groups: tuple[FailureGroup, ...] = ()
        self._folded: set[str] = set()
        self._rows: list[tuple[FailureGroup, Failure | None]] = []

    @property
    def here(self) -> tuple[FailureGroup, Failure | None] | None:
        """Return the group and the failure under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show_groups(self, groups: tuple[FailureGroup, ...]) -> None:
        """Show these; large groups begin folded."""
        self._groups = groups
        self._folded = {group.key for group in groups if len(group.failures) > UNFOLDED_UP_TO}
        self._rebuild()

    def row_count(self) -> int:
        return len(self._rows)

    def render_row(self, index: int, width: int) -> Text:
        group, failure = self._rows[index]
        mark = ("❯ " if index == self.cursor and self.has_focus else "  ", self.tone(Tone.ACCENT))
        if failure is None:
            count = f" {len(group.failures):,} "
            arrow = "▸ " if group.key in self._folded else "▾ "
            text = Text.assemble(
                mark, (arrow, self.tone(Tone.MUTED)), ("✖ ", self.tone(Tone.ERROR)), (group.cause, "bold")
            )
            text.append(f"  {group.what}", style=self.tone(Tone.MUTED))
            text.truncate(max(0, width - len(count)), overflow="ellipsis", pad=True)
            return text.append(count)
        name = sanitise_line(failure.name, 120) or sanitise_line(failure.message_id, 30) or "(no name)"
        number = f"  {sanitise_line(failure.message_id, 30)}" if failure.message_id else ""
        return Text.assemble(mark, f"      {name}", (number, self.tone(Tone.MUTED)))

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        self.open_here()

    def open_here(self) -> None:
        """Fold or unfold the group under the cursor, or ask for the failure's details."""
        if self.here is None:
            return
        group, failure = self.here
        if failure is not None:
            self.post_message(self.Opened(failure))
        else:
            self._set_folded(group, group.key not in self._folded)

    def action_fold(self) -> None:
        """Fold the group the cursor is in."""
        if self.here is not None:
            self._set_folded(self.here[0], True)

    def action_unfold(self) -> None:
        """Unfold the group under the cursor."""
        if self.here is not None:
            self._set_folded(self.here[0], False)

    def _set_folded(self, group: FailureGroup, is_folded: bool) -> None:
        self._folded = self._folded | {group.key} if is_folded else self._folded - {group.key}
        self._rebuild()
        self.cursor = self._rows.index((group, None))

    def _rebuild(self) -> None:
        self._rows = [
            (group, failure)
            for group in self._groups
            for failure in (None, *(() if group.key in self._folded else group.failures))
        ]
        self.rows_changed()
