"""Everything known of one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from reaper_tui.tui.widgets.sheet import Sheet


class DetailsScreen(ModalScreen[None]):
    """Shows (word, value) lines, already sanitised; y copies them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, title: str, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Yield the lines and the buttons."""
        with Vertical(classes="dialog dialog-wide"):
            yield Static(self._title, classes="dialog-title", markup=False)
            with VerticalScroll():
                yield Sheet()
            with Horizontal(classes="dialog-buttons"):
                yield Button("Copy (y)", id="copy", compact=True)
                yield Button("Close (esc)", id="close", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Fill the page."""
        self.query_one(Sheet).show(self._draw)
        self.query_one(VerticalScroll).focus()

    @on(Button.Pressed, "#close")
    def close(self) -> None:
        """Go back."""
        self.dismiss()

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Hand the lines to the clipboard."""
        text = "\n".join(f"{word}: {value}" for word, value in self._lines)
        self.app.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
        self.notify("Copied", markup=False)

    def _draw(self, sheet: Sheet) -> RenderableType:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for word, value in self._lines:
            table.add_row(sheet.muted(word), Text(value))
        return table
