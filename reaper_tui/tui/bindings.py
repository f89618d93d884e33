"""From the table of commands: bindings for a screen, keys as they are printed, and what remapped keys may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from textual.binding import Binding

from reaper_tui.tui.command_table import COMMANDS, ROOM_TITLES, Command

KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "enter": "⏎",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "delete": "Del",
    "backspace": "⌫",
}
MODIFIERS = {"ctrl": "^", "shift": "⇧", "alt": "⌥"}
# Terminals send these as backspace, tab, newline, enter and escape.
ALIASED = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+left_square_bracket"})
RESERVED = frozenset({"tab", "shift+tab", "ctrl+c", "ctrl+q"})


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
            priority=command.is_priority,
            tooltip=command.meaning,
            id=None if command.is_fixed else command.id,
        )
        for command in commands_of(*rooms)
    ]


def key_name(key: str) -> str:
    """Return a key as it stands on the keyboard: “^q”, “F8”, “⇧↑”."""
    *modifiers, plain = key.split("+") if key != "+" else [key]
    name = KEY_NAMES.get(plain, plain.upper() if re.fullmatch(r"f\d+", plain) else plain)
    return "".join(MODIFIERS.get(modifier, f"{modifier}+") for modifier in modifiers) + name


def keys_of(command: Command, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys a command has, remapped or not."""
    return tuple(keymap.get(command.id, command.keys).split(","))


def key_text(command: Command, keymap: Mapping[str, str] | None = None) -> str:
    """Return a command's keys as they stand on the keyboard."""
    return " ".join(key_name(key) for key in keys_of(command, keymap or {}))


def remappable() -> Iterable[Command]:
    """Yield every command whose keys can be changed."""
    return (command for command in COMMANDS if not command.is_fixed)


def clash(command: Command, key: str, keymap: Mapping[str, str]) -> str:
    """Return why a key cannot be given to a command, empty when it can."""
    if key in ALIASED:
        return f"{key_name(key)} is sent as another key by many terminals"
    if key in RESERVED and key not in command.keys.split(","):
        return f"{key_name(key)} is kept for the app"
    rooms = {command.room, "app"} if command.room != "app" else {other.room for other in COMMANDS}
    if command.room in ("channels", "stream", "failures", "settings", "log", "transfer"):
        rooms.add("list")
    for other in COMMANDS:
        same = other.id == command.id
        if not same and other.room in rooms and other.action != command.action and key in keys_of(other, keymap):
            return f"{key_name(key)} means “{other.label}” ({ROOM_TITLES.get(other.room, other.room)}) already"
    return ""


def sound_keymap(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what of a stored keymap can be used, and a line for each entry that cannot."""
    known = {command.id: command for command in remappable()}
    kept: dict[str, str] = {}
    problems: list[str] = []
    for name, keys in keymap.items():
        command = known.get(name)
        if command is None or not keys.strip():
            problems.append(f"there is no command “{name}”" if command is None else f"“{name}” has no key")
            continue
        reasons = [reason for key in keys.split(",") if (reason := clash(command, key.strip(), kept))]
        if reasons:
            problems.append(f"{name}: {reasons[0]}")
        else:
            kept[name] = ",".join(key.strip() for key in keys.split(","))
    return kept, tuple(problems)


def key_table() -> str:
    """Return every command with its keys as a Markdown table, room by room."""
    lines = ["| Where | Keys | |", "|---|---|---|"]
    for room, title in ROOM_TITLES.items():
        name = title
        for command in commands_of(room, *(("tree",) if room == "list" else ())):
            keys = " ".join(f"`{key_name(key)}`" for key in command.keys.split(","))
            lines.append(f"| {name} | {keys} | {command.meaning} |")
            name = ""
    return "\n".join(lines)
