"""Removing asks for the community's name, can be stopped, and tells what stays."""

from __future__ import annotations

from reaper_tui.engine.control import RunState
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.danger import DangerScreen
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import click, opened, press, settle, shown, to_transfer


async def test_nothing_is_removed_before_the_name_is_typed(backend: FakeBackend) -> None:
    workspace = backend.workspace
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        await workspace.step(3000)
        await settle(pilot)
        await press(pilot, "X")
        assert isinstance(app.screen, DangerScreen)
        assert "2 channels, 1 emoji, 1 role" in shown(app)
        await press(pilot, "ctrl+r")
        assert isinstance(app.screen, PromptScreen)
        await press(pilot, "enter")
        assert "that is not its name" in shown(app)
        await press(pilot, *"Cyclists", "enter")
        assert isinstance(app.screen, PromptScreen)
        assert len(workspace.made) == 4
        app.screen.field.value = "Cyclists on Fluxer"
        await press(pilot, "enter")
        await workspace.step(1)
        app.screen.pulse()  # type: ignore[attr-defined]
        await settle(pilot)
        assert "1 of 4" in shown(app)
        await press(pilot, "f8")
        assert len(workspace.made) == 3
        assert workspace.control.state is RunState.STOPPED
        assert "Stopped. What is listed still stands" in shown(app)
        await click(pilot, "#remove")
        app.screen.field.value = "Cyclists on Fluxer"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        await workspace.step(3)
        await settle(pilot)
        assert "Removed 3 things" in shown(app)
        assert not app.screen.query_one("#remove").display


async def test_esc_in_the_question_changes_nothing(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "X")
        await settle(pilot)
        await press(pilot, "ctrl+r", "escape")
        assert isinstance(app.screen, DangerScreen)
        assert len(backend.workspace.made) == 4


async def test_with_nothing_made_there_is_nothing_to_remove(backend: FakeBackend) -> None:
    backend.workspace.made = ()
    async with opened(backend) as (app, pilot):
        await press(pilot, "X")
        await settle(pilot)
        assert "There is nothing to remove" in shown(app)
        assert not app.screen.query_one("#remove").display
