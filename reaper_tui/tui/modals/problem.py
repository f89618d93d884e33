"""A problem that needs to be read before going on."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from reaper_tui.tui.bridge import Problem


class ProblemScreen(ModalScreen[None]):
    """Shows cause and mend."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "dismiss", "Close")]

    def __init__(self, title: str, problem: Problem) -> None:
        super().__init__()
        self._title = title
        self._problem = problem

    def compose(self) -> ComposeResult:
        """Yield the text and the button."""
        with Vertical(classes="dialog"):
            yield Static(f"✖ {self._title}", classes="dialog-title -error", markup=False)
            yield Static(self._problem.cause, markup=False)
            if self._problem.mend:
                yield Static(f"→ {self._problem.mend}", classes="dialog-mend", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Close (esc)", variant="primary")

    @on(Button.Pressed)
    def close(self) -> None:
        """Go back."""
        self.dismiss()
