"""A check box that shows by its glyph, not its colour, whether it is on."""

from __future__ import annotations

from typing import Any

from textual.widgets import Checkbox


class Tick(Checkbox):
    """A check box with ✔ inside when it is on and nothing when it is off."""

    def __init__(self, label: str, value: bool, **options: Any) -> None:
        super().__init__(label, value, **options)
        self._show_inside(value)

    def watch_value(self) -> None:
        """Draw the glyph of the new value."""
        self._show_inside(self.value)
        super().watch_value()

    def _show_inside(self, value: bool) -> None:
        self.BUTTON_INNER = "✔" if value else " "
