"""Tones as styles that can be laid over any background; the app holds them, so that no widget is styled with them."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.widget import Widget

from reaper_tui.tui.glyphs import Tone

TONE_CLASSES: Final = frozenset(f"tone--{tone.value}" for tone in Tone)


def foreground_style(widget: Widget, component: str) -> Style:
    """Return a component's colour and weight without its background, mixed for the widget it stands in."""
    return _foreground(widget.get_component_rich_style(component))


def tone_style(widget: Widget, tone: Tone) -> Style:
    """Return the style of a tone in the present theme."""
    if tone is Tone.PLAIN:
        return Style()
    return _foreground(widget.app.get_component_styles(f"tone--{tone.value}").rich_style)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual


def _foreground(full: Style) -> Style:
    return Style(color=full.color, bold=full.bold, italic=full.italic, underline=full.underline, reverse=full.reverse)
