"""Messages as they arrive on the target."""

from __future__ import annotations

import re

from rich.text import Text

from reaper_tui.engine.progress import MirroredMessage
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import clock_time, counted
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.tail_view import TailView

EMOJI = re.compile(r"<a?:(\w+):\d+>")
SENT_AT = re.compile(r"-# <t:\d+(?::\w)?>\s*")


def readable(text: str) -> str:
    """Return a message's text with emojis by name, and without the line that tells its original time."""
    return EMOJI.sub(r":\1:", SENT_AT.sub("", text))


class MessagePane(TailView[MirroredMessage]):
    """One line a message: when, where, who, what."""

    def line_count(self, item: MirroredMessage, width: int) -> int:
        return 1

    def lay_out(self, item: MirroredMessage, width: int) -> list[Text]:
        text = Text.assemble(
            (f" {clock_time(item.at)} ", self.tone(Tone.MUTED)),
            (f"#{sanitise_line(item.channel_name, 24)} ", self.tone(Tone.ACCENT)),
            (f"{sanitise_line(item.author, 24)}: ", "bold"),
            readable(sanitise_line(item.text, 300)),
        )
        if item.files:
            text.append(f" [{counted(item.files, 'file')}]", style=self.tone(Tone.MUTED))
        text.truncate(width, overflow="ellipsis")
        return [text]
