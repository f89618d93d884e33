"""Messages as they arrive on the target."""

from __future__ import annotations

from rich.text import Text

from reaper_tui.engine.progress import MirroredMessage
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import clock_time, counted
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.widgets.tail_view import TailView


class MessagePane(TailView[MirroredMessage]):
    """One line a message: when, where, who, what."""

    def lay_out(self, item: MirroredMessage, width: int) -> list[Text]:
        text = Text.assemble(
            (f" {clock_time(item.at)} ", self.tone(Tone.MUTED)),
            (f"#{sanitise_line(item.channel_name, 24)} ", self.tone(Tone.ACCENT)),
            (f"{sanitise_line(item.author, 24)}: ", "bold"),
            sanitise_line(item.text, 300),
        )
        if item.files:
            text.append(f" [{counted(item.files, 'file')}]", style=self.tone(Tone.MUTED))
        text.truncate(width, overflow="ellipsis")
        return [text]
