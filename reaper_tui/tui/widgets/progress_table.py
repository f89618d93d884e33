"""A row a channel while a run goes on."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from reaper_tui.engine.progress import ChannelProgress, ChannelState
from reaper_tui.tui.figures import estimated, percent, text_bar
from reaper_tui.tui.glyphs import CHANNEL_SIGNS, Tone, kind_sign
from reaper_tui.tui.widgets.row_view import RowView

STATE_WIDTH = 10
LEAST_COUNT_WIDTH = 7
BUSY = (
    ChannelState.FAILED,
    ChannelState.HOLDING,
    ChannelState.LIMITED,
    ChannelState.SENDING,
    ChannelState.READING,
    ChannelState.INCOMPLETE,
    ChannelState.STOPPED,
    ChannelState.WAITING,
    ChannelState.DONE,
)
TOLD = frozenset({ChannelState.FAILED, ChannelState.HOLDING, ChannelState.INCOMPLETE})


class ProgressTable(RowView):
    """Shows every channel with state, bar and counts; only changed rows are drawn again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[ChannelProgress, ...] = ()
        self._count_width = LEAST_COUNT_WIDTH
        self.is_busy_first = False

    @property
    def row_at_cursor(self) -> ChannelProgress | None:
        """Return the channel under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show_channels(self, channels: tuple[ChannelProgress, ...]) -> None:
        """Show these rows, drawing only what differs."""
        if self.is_busy_first:
            channels = tuple(sorted(channels, key=lambda row: BUSY.index(row.state)))
        before, self._rows = self._rows, channels
        count_width = max([LEAST_COUNT_WIDTH, *(len(_counts(row)) for row in channels)])
        if count_width != self._count_width:
            self._count_width = count_width
            self.refresh()
        if len(before) != len(channels):
            self.rows_changed()
            return
        for index, (old, new) in enumerate(zip(before, channels, strict=True)):
            if old != new:
                self.row_changed(index)

    def row_count(self) -> int:
        return len(self._rows)

    def row_key(self, index: int) -> Hashable | None:
        return self._rows[index], index == self.cursor and self.has_focus, self._count_width

    def render_row(self, index: int, width: int) -> Text:
        row = self._rows[index]
        sign = CHANNEL_SIGNS[row.state]
        rest = max(10, width - STATE_WIDTH - self._count_width - 12)
        bar_width = max(4, min(30, rest // 3))
        is_cursor = index == self.cursor and self.has_focus
        text = Text.assemble(("❯ " if is_cursor else "  ", self.tone(Tone.ACCENT)), self.sign(sign, STATE_WIDTH), " ")
        name = Text.assemble((f"{kind_sign(row.kind).glyph} ", self.tone(Tone.MUTED)), row.name)
        if row.parent_name and row.kind == "thread":
            name.append(f" in {row.parent_name}", style=self.tone(Tone.MUTED))
        if row.state in TOLD and row.note:
            name.truncate(rest // 2, overflow="ellipsis", pad=True)
            note = Text(row.note, style=self.tone(sign.tone))
            note.truncate(rest - rest // 2, overflow="ellipsis", pad=True)
            text = Text.assemble(text, name, " ", note, "     ")
        else:
            lost = f" ✖{row.failed + row.uncertain:,}" if row.failed + row.uncertain else ""
            name.truncate(rest - bar_width - len(lost), overflow="ellipsis", pad=True)
            name.append(lost, style=self.tone(Tone.ERROR))
            tone = Tone.SUCCESS if row.state is ChannelState.DONE else Tone.ACCENT
            bar = text_bar(row.settled, row.expected, bar_width, self.tone(tone), self.tone(Tone.MUTED))
            is_done = row.state is ChannelState.DONE
            share = 100 if is_done and not row.expected else percent(row.settled, row.expected)
            text = Text.assemble(text, name, " ", bar, f"{share:>4}%")
        return Text.assemble(text, f"  {_counts(row):>{self._count_width}} ")


def _counts(row: ChannelProgress) -> str:
    return f"{row.settled:,}/{estimated(row.expected, row.is_captured)}"
