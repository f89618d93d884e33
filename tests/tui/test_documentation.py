"""What the app can do and what the README says it can are the same."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from reaper_tui.cli import cli
from reaper_tui.profile.preferences import Preferences
from reaper_tui.tui.bindings import key_table
from reaper_tui.tui.command_table import COMMANDS, ROOM_TITLES
from reaper_tui.tui.modals.help import PURPOSES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_every_key() -> None:
    assert key_table() in README, "run scripts/key_table.py"


def test_every_room_has_a_title_and_says_what_it_is_for() -> None:
    rooms = {command.room for command in COMMANDS} - {"tree"}
    assert rooms == set(ROOM_TITLES)
    assert rooms - {"app", "confirm", "list"} <= set(PURPOSES)


def test_every_command_of_the_shell_is_in_the_readme() -> None:
    for name, command in cli.commands.items():
        if not command.hidden:
            assert f"reaper-tui {name}" in README, name
        assert command.help


def test_every_preference_is_in_the_readme() -> None:
    shown: dict[str, object] = msgspec.to_builtins(Preferences())
    for name in set(shown) - {"last_profile"}:
        assert re.search(rf"\b{name}\b", README), name
    for name in msgspec.to_builtins(Preferences().notifications):
        assert re.search(rf"\b{name}\b", README), name
