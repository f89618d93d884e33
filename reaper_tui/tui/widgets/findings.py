"""What was looked at so far, a line each, with the mend below what is amiss."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reaper_tui.backend import Finding
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import counted
from reaper_tui.tui.glyphs import FINDING_SIGNS, Sign, Tone
from reaper_tui.tui.widgets.sheet import Sheet

NAME_WIDTH = 16
MATTERS = ("fault", "note")


class Findings(Sheet):
    """Shows each finding as it comes; in the end what matters stands first."""

    def __init__(self, *, id: str | None = None, waiting: str) -> None:
        super().__init__(id=id)
        self._waiting = waiting
        self._findings: list[Finding] = []
        self.is_looking = False

    def on_mount(self) -> None:
        """Show an empty page."""
        self.show(self._page)

    async def take(self, findings: AsyncIterator[Finding]) -> None:
        """Show these in place of those from before, one after the other."""
        self._findings = []
        self.is_looking = True
        try:
            self.refresh(layout=True)
            async for finding in findings:
                self._findings.append(finding)
                self.refresh(layout=True)
        finally:
            self.is_looking = False
            self._findings.sort(key=lambda row: MATTERS.index(row.state) if row.state in MATTERS else len(MATTERS))
            self.refresh(layout=True)

    @property
    def faults(self) -> int:
        """Return how many things would stop a run."""
        return sum(row.state == "fault" for row in self._findings)

    @property
    def verdict(self) -> str:
        """Return all of it in a few words."""
        notes = sum(row.state == "note" for row in self._findings)
        if self.faults:
            return f"✖ {counted(self.faults, 'fault')}"
        return f"▲ {counted(notes, 'note')}" if notes else "✔ all is well"

    def lines(self) -> Sequence[str]:
        """Return the findings as plain text."""
        return [f"{_sign(row)} {row.name}: {row.line} {row.mend}".strip() for row in self._findings]

    def _page(self, sheet: Sheet) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True, width=9)
        table.add_column(no_wrap=True, width=NAME_WIDTH, overflow="ellipsis")
        table.add_column(ratio=1, overflow="fold")
        for row in self._findings:
            sign = _sign(row)
            name = Text(sanitise_line(row.name, 60), "bold")
            table.add_row(Text(str(sign), sheet.tone(sign.tone)), name, Text(sanitise_line(row.line, 300)))
            if row.mend:
                table.add_row("", "", Text(f"→ {sanitise_line(row.mend, 300)}", sheet.tone(Tone.ACCENT)))
        return Group(table, sheet.muted(f"◌ {self._waiting}")) if self.is_looking else table


def _sign(row: Finding) -> Sign:
    return FINDING_SIGNS.get(row.state, FINDING_SIGNS["note"])
