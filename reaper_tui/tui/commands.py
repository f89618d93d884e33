"""The command palette: what the present screen offers, and every channel by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from reaper_tui.tui.bindings import commands_of, key_text
from reaper_tui.tui.command_table import Command
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.room import Room

if TYPE_CHECKING:
    from reaper_tui.tui.app import ReaperApp


class RoomCommands(Provider):
    """Offers the actions of the screen the palette was opened on."""

    async def discover(self) -> Hits:
        """Yield everything on offer."""
        for command in self._offered():
            yield DiscoveryHit(command.label, partial(self._do, command.action), help=self._help(command))

    async def search(self, query: str) -> Hits:
        """Yield what matches."""
        matcher = self.matcher(query)
        for command in self._offered():
            if (score := matcher.match(f"{command.label}: {command.meaning}")) > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.label),
                    partial(self._do, command.action),
                    help=self._help(command),
                )
        async for hit in self._channels(query):
            yield hit

    def _offered(self) -> Iterator[Command]:
        screen = self.screen
        if not isinstance(screen, Room):
            return
        seen: set[str] = set()
        for command in commands_of(screen.room, "app"):
            action = command.action.replace("app.", "")
            owner = self.app if command.action.startswith("app.") else screen
            name, parameters = parsed(action)
            if action not in seen and action != "command_palette" and owner.check_action(name, parameters):
                seen.add(action)
                yield command

    async def _channels(self, query: str) -> AsyncIterator[Hit]:
        screen = self.screen
        if not isinstance(screen, ChannelsScreen) or screen.channel_tree.selection is None:
            return
        matcher = self.matcher(query)
        for entry in screen.channel_tree.selection.entries.values():
            if (score := matcher.match(entry.name)) > 0:
                title = Text(f"Go to {entry.name}")
                yield Hit(
                    score * 0.9,
                    title,
                    partial(screen.channel_tree.go_to, entry.id),
                    text=entry.name,
                    help=entry.kind.value,
                )

    def _help(self, command: Command) -> str:
        keymap = cast("ReaperApp", self.app).keymap
        return f"{command.meaning} ({key_text(command, keymap)})"

    async def _do(self, action: str) -> None:
        app = cast("ReaperApp", self.app)
        await app.run_action(action, self.screen)


def parsed(action: str) -> tuple[str, tuple[object, ...]]:
    """Return an action's name and parameters."""
    name, _, rest = action.partition("(")
    inner = rest.rstrip(")")
    return name, (inner.strip("'"),) if inner else ()
