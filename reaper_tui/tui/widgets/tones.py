"""Tones as styles that can be laid over any background."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.widget import Widget

from reaper_tui.tui.glyphs import Tone

TONE_CLASSES: Final = frozenset(f"row--{tone.value}" for tone in Tone)


def foreground_style(widget: Widget, component: str) -> Style:
    """Return a component's colour and weight without its background, mixed for the widget it stands in."""
    full = widget.get_component_rich_style(component)
    return Style(color=full.color, bold=full.bold, italic=full.italic, underline=full.underline, reverse=full.reverse)


def tone_style(widget: Widget, tone: Tone) -> Style:
    """Return the style of a tone in the present theme."""
    return Style() if tone is Tone.PLAIN else foreground_style(widget, f"row--{tone.value}")
