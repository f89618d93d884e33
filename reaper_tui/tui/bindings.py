"""Every action of the app in one table: keys, footer, help and palette are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.binding import Binding

KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "enter": "⏎",
    "space": "space",
    "ctrl+q": "^q",
    "ctrl+p": "^p",
    "f1": "F1",
    "f8": "F8",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do in a room; `label` stands in the footer, `meaning` in help and palette."""

    room: str
    action: str
    keys: str
    label: str
    meaning: str
    is_shown: bool = True
    is_priority: bool = False

    @property
    def id(self) -> str:
        """Return the name a keymap knows it by."""
        return f"{self.room}.{self.action.replace('app.', '')}".replace("('", "-").replace("')", "")

    def key_text(self) -> str:
        """Return its keys as they stand on the keyboard."""
        return " ".join(KEY_NAMES.get(key, key) for key in self.keys.split(","))


COMMANDS: tuple[Command, ...] = (
    Command("home", "open_profile", "o,enter", "Open", "Open the profile under the cursor"),
    Command("home", "new_profile", "n", "New profile", "Set up a profile: two bots, a source and a target"),
    Command("wizard", "back", "escape", "Back", "Go back one step"),
    Command("channels", "check", "space", "Check", "Check or uncheck what is under the cursor, with all below it"),
    Command("channels", "toggle_all", "a", "All", "Check everything, or nothing"),
    Command("channels", "invert", "i", "Invert", "Swap checked and unchecked"),
    Command("channels", "search", "slash", "Search", "Find a channel by name"),
    Command("channels", "next_match", "n", "Next match", "Go to the next match", is_shown=False),
    Command("channels", "previous_match", "N", "Previous match", "Go to the match before", is_shown=False),
    Command("channels", "survey", "r", "Read again", "Read the channels again", is_shown=False),
    Command("channels", "review", "enter,c", "Continue", "Go on: review what would happen"),
    Command("channels", "back", "escape", "Back", "Go back to the profiles"),
    Command("review", "start", "s", "Start", "Start the transfer"),
    Command("review", "show('plan')", "1", "Plan", "Show what will be created", is_shown=False),
    Command("review", "show('routes')", "2", "Routes", "Show where each channel's messages go", is_shown=False),
    Command("review", "show('options')", "3", "Options", "Choose how things are copied"),
    Command("review", "back", "escape", "Back", "Go back to the channels"),
    Command("transfer", "toggle_pause", "p", "Pause", "Pause, or go on"),
    Command("transfer", "app.stop", "x", "Stop", "Stop after the messages in flight; again: cut off now"),
    Command("transfer", "toggle_follow", "f", "Follow", "Keep the newest line in view, or stay"),
    Command("transfer", "cycle_level", "l", "Level", "Show fewer or more log lines"),
    Command("transfer", "cycle_order", "o", "Order", "Sort channels: as on Discord, busy ones first", is_shown=False),
    Command("transfer", "show('channels')", "1", "Channels", "Go to the channels", is_shown=False),
    Command("transfer", "show('log')", "2", "Log", "Show the log"),
    Command("transfer", "show('messages')", "3", "Messages", "Show messages as they arrive on Fluxer"),
    Command("report", "again", "c", "Channels", "Go back to the channels, to run again or go on"),
    Command("report", "export", "e", "Export", "Write this report to a Markdown file"),
    Command("report", "app.quit", "q", "Quit", "Leave"),
    Command("report", "again", "escape", "Back", "Go back to the channels", is_shown=False),
    Command("app", "app.help", "question_mark,f1", "Help", "Show the keys of this screen", is_priority=False),
    Command(
        "app", "app.stop", "f8", "Stop", "Stop a running transfer, from anywhere", is_shown=False, is_priority=True
    ),
    Command("app", "app.quit", "ctrl+q", "Quit", "Leave; a running transfer finishes what is in flight", True, True),
)


def commands_of(*rooms: str) -> tuple[Command, ...]:
    """Return the commands of some rooms, in their order."""
    return tuple(command for room in rooms for command in COMMANDS if command.room == room)


def bindings_of(*rooms: str) -> list[Any]:
    """Return the key bindings of some rooms."""
    return [
        Binding(
            command.keys,
            command.action,
            command.label,
            show=command.is_shown,
            key_display=command.key_text().split(" ")[0],
            priority=command.is_priority,
            tooltip=command.meaning,
            id=command.id,
        )
        for command in commands_of(*rooms)
    ]
