"""A line of pane names to click."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from reaper_tui.tui.widgets.tones import foreground_style


class PaneBar(Widget):
    """Shows panes as “1 Plan  2 Routes”; a click calls the screen's `show(name)`, a remark stands at the right."""

    DEFAULT_CSS = "PaneBar { height: 1; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pane-bar--here", "pane-bar--pane", "pane-bar--remark"}
    ALLOW_SELECT = False

    shown: reactive[str] = reactive("")
    remark: reactive[str] = reactive("")

    def __init__(self, panes: tuple[tuple[str, str, str], ...], shown: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._panes = panes
        self.set_reactive(PaneBar.shown, shown)
        self.set_reactive(Widget.auto_links, False)

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        for key, name, title in self._panes:
            is_here = name == self.shown
            style = foreground_style(self, "pane-bar--here" if is_here else "pane-bar--pane")
            click = Style.from_meta({"@click": f"screen.show('{name}')"})
            text.append(f" {key} {title}{' ◂' if is_here else '  '}", style=style + click)
        room = self.size.width - text.cell_len - 1
        if self.remark and room > 3:
            remark = Text(self.remark, style=foreground_style(self, "pane-bar--remark"))
            remark.truncate(room, overflow="ellipsis")
            text.append(" " * (room - remark.cell_len))
            text.append_text(remark)
        return text
