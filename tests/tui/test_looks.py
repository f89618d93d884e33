"""What every screen owes its user: keys in view, nothing by colour alone, a notice when there is no room."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from reaper_tui.engine.control import RunState
from reaper_tui.engine.events import Level
from reaper_tui.engine.progress import ChannelState
from reaper_tui.tui.app import ReaperApp
from reaper_tui.tui.bindings import bindings_of, commands_of
from reaper_tui.tui.command_table import COMMANDS
from reaper_tui.tui.commands import parsed
from reaper_tui.tui.glyphs import CHANNEL_SIGNS, LEVEL_SIGNS, RUN_SIGNS, Sign
from reaper_tui.tui.screens.room import Room
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import LARGE, SMALL, opened, press, settle, shown

UNSTYLED = "#c5c8c6"
Way = Callable[[Pilot[None], FakeBackend], Awaitable[None]]


async def home(pilot: Pilot[None], backend: FakeBackend) -> None:
    await settle(pilot)


async def wizard(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "n")


async def channels(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter")


async def review(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "enter")


async def transfer(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "enter", "s")
    await backend.workspace.step(20)
    pilot.app.screen.pulse()  # type: ignore[attr-defined]


async def report(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "enter", "s", "x")


WAYS: dict[str, Way] = {
    "home": home,
    "wizard": wizard,
    "channels": channels,
    "review": review,
    "transfer": transfer,
    "report": report,
}


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("room", WAYS)
async def test_keys_and_buttons_are_all_in_view(backend: FakeBackend, room: str, size: tuple[int, int]) -> None:
    async with opened(backend, size=size) as (app, pilot):
        await WAYS[room](pilot, backend)
        await settle(pilot)
        assert isinstance(app.screen, Room)
        assert app.screen.room == room
        for key in app.screen.query("FooterKey"):
            assert key.region.right <= size[0], f"the footer hides {key!r}"
        last = shown(app).splitlines()[-1]
        for command in commands_of(room, "app"):
            name, parameters = parsed(command.action.replace("app.", ""))
            owner = app if command.action.startswith("app.") else app.screen
            if command.is_shown and owner.check_action(name, parameters) is not False:
                assert command.label in last
        for button in app.screen.query(Button):
            if button.is_on_screen and all(
                parent.display for parent in button.ancestors_with_self if parent is not app
            ):  # type: ignore[attr-defined]
                assert app.screen.region.contains_region(button.region)


@pytest.mark.parametrize("room", WAYS)
async def test_without_colour_every_screen_still_says_all(
    backend: FakeBackend, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(backend) as (app, pilot):
        await WAYS[room](pilot, backend)
        await settle(pilot)
        coloured = shown(app)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = FakeBackend(backend.home)
    async with opened(plain) as (app, pilot):
        assert app.no_color
        await WAYS[room](pilot, plain)
        await settle(pilot)
        assert re.sub(r"\s+", "", shown(app)) == re.sub(r"\s+", "", coloured)
        colours = set(re.findall(r"-r\d+ { fill: (#[0-9a-f]{6})", app.export_screenshot(simplify=True)))
        colours -= {UNSTYLED}
        assert colours
        assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in colours)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light", "nord"])
async def test_other_themes_draw_every_screen(backend: FakeBackend, theme: str) -> None:
    async with opened(backend) as (app, pilot):
        app.theme = theme
        await report(pilot, backend)
        assert "Stopped on request" in shown(app)


async def test_a_terminal_too_small_says_so_and_the_run_goes_on(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await transfer(pilot, backend)
        await pilot.resize_terminal(50, 12)
        await settle(pilot)
        text = shown(app)
        assert "This terminal is 50×12." in text
        assert "60×16" in text
        assert "running" not in text
        await backend.workspace.step(5)
        await pilot.resize_terminal(60, 16)
        await settle(pilot)
        assert "running" in shown(app)
        assert backend.workspace.control.state is RunState.RUNNING


def test_every_state_has_a_glyph_and_a_word_of_its_own() -> None:
    for signs, states in ((RUN_SIGNS, RunState), (CHANNEL_SIGNS, ChannelState), (LEVEL_SIGNS, Level)):
        assert set(signs) == set(states)
        words = [sign.word for sign in signs.values()]  # type: ignore[attr-defined]
        assert len(set(words)) == len(words)
        assert all(isinstance(sign, Sign) and sign.glyph and sign.word for sign in signs.values())  # type: ignore[attr-defined]


def test_the_table_of_commands_is_sound() -> None:
    assert len({command.id for command in COMMANDS}) == len({(c.room, c.action) for c in COMMANDS})
    for room in {command.room for command in COMMANDS}:
        keys = [key for command in commands_of(room) for key in command.keys.split(",")]
        assert len(set(keys)) == len(keys), f"a key stands twice in {room}"
        assert all(binding.tooltip for binding in bindings_of(room))
    is_range = {"channels.mark--1", "channels.mark-1"}
    assert not any("shift" in command.keys for command in COMMANDS if command.id not in is_range)


@pytest.mark.parametrize("room", WAYS)
async def test_every_command_of_a_screen_has_its_action(backend: FakeBackend, room: str) -> None:
    async with opened(backend) as (app, pilot):
        await WAYS[room](pilot, backend)
        await settle(pilot)
        for command in commands_of(room, "app"):
            owner = app if command.action.startswith("app.") else app.screen
            name = command.action.replace("app.", "").partition("(")[0]
            assert callable(getattr(owner, f"action_{name}", None)), command.action


async def test_the_first_paint_does_not_wait_for_the_network(backend: FakeBackend) -> None:
    backend.workspace.survey_gate.clear()
    app = ReaperApp(backend, profile=backend.entries[0].path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "Reading channels" in shown(app)
