"""Pressing the key a command is to have."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from reaper_tui.tui.bindings import clash, key_text
from reaper_tui.tui.command_table import Command


class KeyCaptureScreen(ModalScreen[str | None]):
    """Takes the next key that can be given to a command; esc changes nothing."""

    def __init__(self, command: Command, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._command = command
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Yield what is asked."""
        with Vertical(classes="dialog"):
            yield Static(f"Key for “{self._command.label}”", classes="dialog-title", markup=False)
            yield Static(
                f"{self._command.meaning}.\n\nIt has {key_text(self._command, self._keymap)} now. Press the new key; "
                "esc changes nothing.",
                markup=False,
            )
            yield Static(classes="problem", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel (esc)", id="no")

    def on_mount(self) -> None:
        """Let keys come here and nowhere else."""
        self.set_focus(None)

    def on_key(self, event: events.Key) -> None:
        """Take a key, or say why not."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
            return
        if reason := clash(self._command, event.key, self._keymap):
            self.query_one(".problem", Static).update(f"✖ {reason}: press another")
            return
        self.dismiss(event.key)

    @on(Button.Pressed)
    def cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
