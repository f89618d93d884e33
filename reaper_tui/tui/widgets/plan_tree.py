"""What becomes of every role, channel, emoji and sticker, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import BindingType

from reaper_tui.model.plan import Action, ItemKind, Plan, PlanItem
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.glyphs import ACTION_SIGNS, Tone
from reaper_tui.tui.widgets.plan_sheets import KIND_WORDS, item_name
from reaper_tui.tui.widgets.row_view import RowView

ACTION_WIDTH = 10
UNFOLDED_UP_TO = 30


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A heading over items of a kind, or an item; `key` is what it is folded by."""

    key: str
    depth: int
    title: str
    remark: str = ""
    action: Action | None = None
    is_folder: bool = False


class PlanTree(RowView):
    """Kinds, below them items, channels below their categories; a click or ← → folds."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tree")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plan: Plan | None = None
        self._folded: set[str] = set()
        self._rows: list[PlanRow] = []

    def show_plan(self, plan: Plan) -> None:
        """Show the items of this plan; what was folded stays so."""
        if self._plan is None:
            kinds = (ItemKind.ROLE, ItemKind.EMOJI, ItemKind.STICKER)
            self._folded = {kind.value for kind in kinds if _count(plan, kind) > UNFOLDED_UP_TO}
        self._plan = plan
        self._rebuild()

    def row_count(self) -> int:
        return len(self._rows)

    def render_row(self, index: int, width: int) -> Text:
        row = self._rows[index]
        text = Text.assemble(("❯ " if index == self.cursor and self.has_focus else "  ", self.tone(Tone.ACCENT)))
        if row.action is None:
            text.append(" " * (ACTION_WIDTH + 1))
        else:
            text.append_text(self.sign(ACTION_SIGNS[row.action], ACTION_WIDTH)).append(" ")
        arrow = ("▸ " if row.key in self._folded else "▾ ") if row.is_folder else "  "
        text.append("  " * row.depth).append(arrow, style=self.tone(Tone.MUTED))
        text.append(row.title, style="bold" if row.is_folder else "")
        if row.remark:
            tone = Tone.WARNING if row.action is Action.CANNOT else Tone.MUTED
            text.append(f"  {row.remark}", style=self.tone(tone))
        return text

    def row_clicked(self, index: int, meta: dict[str, Any], chain: int) -> None:
        row = self._rows[index]
        if row.is_folder:
            self._set_folded(row.key, row.key not in self._folded)

    def action_fold(self) -> None:
        """Fold what is under the cursor, or go to what it stands below."""
        if not self._rows:
            return
        row = self._rows[self.cursor]
        if row.is_folder and row.key not in self._folded:
            self._set_folded(row.key, True)
            return
        above = [place for place in range(self.cursor) if self._rows[place].depth < row.depth]
        self.cursor = above[-1] if above else self.cursor

    def action_unfold(self) -> None:
        """Unfold what is under the cursor."""
        if self._rows and self._rows[self.cursor].is_folder:
            self._set_folded(self._rows[self.cursor].key, False)

    def _set_folded(self, key: str, is_folded: bool) -> None:
        self._folded = self._folded | {key} if is_folded else self._folded - {key}
        self._rebuild()
        self.cursor = next(place for place, row in enumerate(self._rows) if row.key == key)

    def _rebuild(self) -> None:
        assert self._plan is not None
        plan = self._plan
        rows: list[PlanRow] = []
        for kind in (ItemKind.IDENTITY, ItemKind.ROLE, ItemKind.CATEGORY, ItemKind.EMOJI, ItemKind.STICKER):
            kinds = (ItemKind.CATEGORY, ItemKind.CHANNEL) if kind is ItemKind.CATEGORY else (kind,)
            items = [item for item in plan.items if item.kind in kinds]
            if not items:
                continue
            title = "categories and channels" if kind is ItemKind.CATEGORY else KIND_WORDS[kind]
            rows.append(PlanRow(kind.value, 0, title, f"{len(items):,}", is_folder=True))
            if kind.value in self._folded:
                continue
            rows += self._nested(items) if kind is ItemKind.CATEGORY else [_row(item, 1) for item in items]
        self._rows = rows
        self.rows_changed()

    def _nested(self, items: list[PlanItem]) -> list[PlanRow]:
        folders = {item.source_id for item in items if item.kind is ItemKind.CATEGORY}
        below: dict[int | None, list[PlanItem]] = {}
        for item in items:
            is_inside = item.kind is ItemKind.CHANNEL and item.parent_id in folders
            below.setdefault(item.parent_id if is_inside else None, []).append(item)
        rows: list[PlanRow] = []
        for item in below.get(None, []):
            children = below.get(item.source_id, []) if item.source_id in folders else []
            rows.append(_row(item, 1, is_folder=bool(children)))
            if rows[-1].key not in self._folded:
                rows += [_row(child, 2) for child in children]
        return rows


def _row(item: PlanItem, depth: int, *, is_folder: bool = False) -> PlanRow:
    key = f"{item.kind.value} {item.source_id}"
    return PlanRow(key, depth, item_name(item), sanitise_line(item.reason, 200), item.action, is_folder)


def _count(plan: Plan, kind: ItemKind) -> int:
    return sum(item.kind is kind for item in plan.items)
