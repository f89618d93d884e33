"""The keys at the foot of a screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Footer

ShownKey = tuple[str, str, str, bool, str]


class KeyLine(Footer):
    """A footer that is built anew only when it would say something else, not whenever the focus moves."""

    _drawn: tuple[ShownKey, ...] | None = None

    def compose(self) -> ComposeResult:
        """Yield the keys, and remember them."""
        self._drawn = self._keys_of(self.screen)
        yield from super().compose()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show the keys that count now; a screen that is being taken down needs none."""
        try:
            says_the_same = self._bindings_ready and self._drawn == self._keys_of(screen)
        except NoMatches:
            return
        if not says_the_same:
            super().bindings_changed(screen)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual

    def _keys_of(self, screen: Screen[object]) -> tuple[ShownKey, ...]:
        palette = self.app.COMMAND_PALETTE_BINDING  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
        return tuple(
            (
                self.app.get_key_display(active.binding),  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
                active.binding.description,
                active.binding.action,
                active.enabled,
                active.tooltip,
            )
            for key, active in screen.active_bindings.items()
            if active.binding.show or key == palette
        )
