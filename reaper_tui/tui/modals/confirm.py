"""A question whose safe answer is the default."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from reaper_tui.tui.bindings import bindings_of


class ConfirmScreen(ModalScreen[bool]):
    """Asks; focus stands on the answer that changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("confirm")

    def __init__(self, title: str, body: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """Yield question and answers."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="dialog-title", markup=False)
            yield Static(self._body, markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(f"{self._no} (esc)", id="no", variant="primary")
                yield Button(f"{self._yes} (y)", id="yes", variant="error")

    def on_mount(self) -> None:
        """Stand on the safe answer."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def answer_pressed(self, event: Button.Pressed) -> None:
        """Give the answer of the button."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, is_yes: bool) -> None:
        """Give an answer."""
        self.dismiss(is_yes)

    def action_swap(self) -> None:
        """Go to the other answer."""
        self.focus_next()


def cut_off_question() -> ConfirmScreen:
    """Return the question whether to drop what is in flight."""
    return ConfirmScreen(
        "Cut off now?",
        "Requests in flight are dropped. Nothing is lost or doubled: the next run looks at the target for what "
        "was in doubt. Waiting a moment is cleaner.",
        yes="Cut off",
        no="Keep waiting",
    )
