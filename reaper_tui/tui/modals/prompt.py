"""A question answered by typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static


class PromptScreen(ModalScreen[str | None]):
    """Asks for a text; `refuse` returns why one cannot be taken, empty when it can. Esc changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    field = getters.query_one(Input)

    def __init__(
        self,
        title: str,
        body: str,
        *,
        value: str = "",
        placeholder: str = "",
        yes: str = "Keep",
        is_danger: bool = False,
        refuse: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._value = value
        self._placeholder = placeholder
        self._yes = yes
        self._is_danger = is_danger
        self._refuse = refuse

    def compose(self) -> ComposeResult:
        """Yield question, field and answers."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="dialog-title", markup=False)
            yield Static(self._body, markup=False)
            yield Input(self._value, placeholder=self._placeholder, compact=True, classes="dialog-field")
            yield Static(classes="problem", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel (esc)", id="no")
                yield Button(f"{self._yes} (⏎)", id="yes", variant="error" if self._is_danger else "primary")

    def on_mount(self) -> None:
        """Stand in the field."""
        self.field.focus()

    @on(Input.Changed)
    def clear_problem(self) -> None:
        """A new text is not yet a wrong one."""
        self.query_one(".problem", Static).update("")

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def answer(self) -> None:
        """Take the text, or say why not."""
        text = self.field.value.strip()
        if problem := self._refuse(text):
            self.query_one(".problem", Static).update(f"✖ {problem}")
            self.field.focus()
        else:
            self.dismiss(text)

    @on(Button.Pressed, "#no")
    def cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
