"""Preferences act at once, are remembered, and never keep the app from starting."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reaper_tui.model.summary import MessageCount
from reaper_tui.profile.preferences import Preferences, load_preferences, save_preferences
from reaper_tui.tui.bindings import clash, sound_keymap
from reaper_tui.tui.command_table import COMMANDS
from reaper_tui.tui.ending import hook_arguments, run_hook
from reaper_tui.tui.modals.key_capture import KeyCaptureScreen
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.settings import SettingsScreen
from reaper_tui.tui.widgets.settings_list import SettingsList
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import click, opened, press, settle, shown, to_transfer

BY_ID = {command.id: command for command in COMMANDS}


def stand_on(screen: SettingsScreen, key: str) -> None:
    rows = screen.query_one(SettingsList)
    rows.cursor = next(place for place, row in enumerate(rows._rows) if row.key == key)


async def test_a_theme_is_chosen_seen_and_remembered(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "f2")
        assert isinstance(app.screen, SettingsScreen)
        await press(pilot, "enter")
        assert app.theme == "textual-light"
        await press(pilot, "enter", "enter", "enter")
        assert app.has_no_color
        assert "no colour" in shown(app)
    assert load_preferences(backend.preferences_file).theme == "plain"
    async with opened(FakeBackend(backend.home)) as (app, _):
        assert app.has_no_color


async def test_themes_changed_faster_than_they_are_drawn_end_at_the_last(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "f2")
        for theme in ("light", "ansi", "dark", "nord", "light"):
            app.keep(theme=theme)
        await settle(pilot)
        await settle(pilot)
        assert (app.theme, app.preferences.theme) == ("textual-light", "light")
        app.theme = "nord"
        await settle(pilot)
        assert app.preferences.theme == "nord"


async def test_a_key_is_changed_shown_and_works(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "f2")
        assert isinstance(app.screen, SettingsScreen)
        stand_on(app.screen, "key:channels.toggle_all")
        await press(pilot, "enter")
        assert isinstance(app.screen, KeyCaptureScreen)
        await press(pilot, "slash")
        assert "means “Search” (Channels) already" in shown(app)
        await press(pilot, "z")
        assert isinstance(app.screen, SettingsScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, ChannelsScreen)
        assert " z All" in shown(app)
        await press(pilot, "z")
        assert "0/8 channels" in shown(app)
        await press(pilot, "question_mark")
        assert "z  Check everything" in shown(app)
    assert load_preferences(backend.preferences_file).keys == {"channels.toggle_all": "z"}


async def test_a_changed_key_can_be_given_back(backend: FakeBackend) -> None:
    save_preferences(backend.preferences_file, Preferences(keys={"home.new_profile": "z"}))
    async with opened(backend) as (app, pilot):
        await press(pilot, "f2")
        assert isinstance(app.screen, SettingsScreen)
        stand_on(app.screen, "key:home.new_profile")
        await press(pilot, "delete")
    assert load_preferences(backend.preferences_file).keys == {}


@pytest.mark.parametrize("text", ["theme = 'no such theme'", "nonsense = 1", "theme = ", "[keys]\n'home.none' = 'z'"])
async def test_preferences_that_cannot_be_used_are_told_and_do_no_harm(backend: FakeBackend, text: str) -> None:
    backend.preferences_file.parent.mkdir(parents=True)
    backend.preferences_file.write_text(text)
    async with opened(backend) as (app, _):
        assert app.theme == "textual-dark"
        assert "Settings" in shown(app)
        assert "cyclists" in shown(app)


def test_keys_that_mean_something_already_are_refused() -> None:
    command = BY_ID["channels.invert"]
    for key in ("a", "f1", "up", "j", "ctrl+m", "ctrl+q", "tab"):
        assert clash(command, key, {}), key
    assert not clash(command, "z", {})
    assert clash(command, "z", {"channels.search": "z"})
    assert not clash(command, "slash", {"channels.search": "z"})
    kept, problems = sound_keymap({"channels.invert": "a", "channels.search": "z", "nothing.here": "q"})
    assert kept == {"channels.search": "z"}
    assert len(problems) == 2


def test_no_default_key_clashes() -> None:
    for command in BY_ID.values():
        if not command.is_fixed:
            for key in command.keys.split(","):
                assert not clash(command, key, {}), command.id


async def test_speed_without_a_profile_is_for_new_ones(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "f2")
        assert isinstance(app.screen, SettingsScreen)
        assert "Speed of new profiles" in shown(app)
        stand_on(app.screen, "speed:max_messages_per_minute")
        await press(pilot, "enter", *"soon", "enter")
        assert "write a number" in shown(app)
        await press(pilot, *["backspace"] * 4, *"90", "enter")
    assert load_preferences(backend.preferences_file).speed.max_messages_per_minute == 90


async def test_speed_of_an_open_profile_is_written_into_it(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "f2")
        assert isinstance(app.screen, SettingsScreen)
        assert "Speed of cyclists" in shown(app)
        stand_on(app.screen, "speed:webhooks_per_channel")
        await press(pilot, "enter", *["backspace"] * 4, "4", "enter")
    assert backend.choices[-1].speed.webhooks_per_channel == 4


async def test_settings_by_mouse(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "f2")
        await click(pilot, "#settings", (5, 1))
        assert app.theme == "textual-light"
        await click(pilot, "#back")
        assert app.screen.query("#profiles")


async def test_a_command_of_the_users_is_called_at_the_end(backend: FakeBackend, tmp_path: Path) -> None:
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))"
    told = tmp_path / "told"
    preferences = Preferences()
    preferences.notifications.command = [sys.executable, "-c", script, str(told), "{profile}", "{state}", "; rm -rf /"]
    save_preferences(backend.preferences_file, preferences)
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        await backend.workspace.step(3000)
        await settle(pilot)
        while any(worker.group == "hook" and not worker.is_finished for worker in app.workers):
            await pilot.pause(0.02)
    assert told.read_text() == "cyclists done ; rm -rf /"


def test_a_command_that_cannot_be_run_is_told() -> None:
    assert "cannot be run" in run_hook(["/no/such/program"])
    assert "ended with code 3" in run_hook([sys.executable, "-c", "raise SystemExit(3)"])
    assert run_hook([sys.executable, "-c", ""]) == ""
    assert hook_arguments(["a {failed}", "{sent}"], "p", "done", None) == ["a 0", "0"]
    assert MessageCount().balances
