"""From nothing to a verified clone and its stream, as a new user goes: by keys alone, and by the mouse alone."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Button

from reaper_tui.tui.app import ReaperApp
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.review import ReviewScreen
from reaper_tui.tui.screens.stream import StreamScreen
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.screens.verify import VerifyScreen
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import click, opened, press, settle, shown


async def typed(pilot: Pilot[None], text: str) -> None:
    """Type where the focus is; a mouse user pastes the same."""
    await pilot.press(*text)
    await settle(pilot)


async def to_the_end(app: ReaperApp, pilot: Pilot[None], backend: FakeBackend) -> None:
    """Let the work go on until nothing is left of it."""
    assert app.session is not None
    while app.session.is_running:
        await backend.workspace.step(500, 0)
        await settle(pilot)
    await settle(pilot)


async def test_by_keys_alone(tmp_path: Path) -> None:
    backend = FakeBackend(tmp_path, has_profiles=False)
    async with opened(backend) as (app, pilot):
        await press(pilot, "enter")
        await typed(pilot, "one")
        await press(pilot, "enter", "down", "enter")
        await typed(pilot, "two")
        await press(pilot, "enter", "enter")
        await press(pilot, "end", *"-2")
        assert "✔ all is well" in shown(app)
        await press(pilot, "enter")
        assert backend.saved["test-server-2"].discord.guild_id == "12"
        assert isinstance(app.screen, ChannelsScreen)
        await press(pilot, "j", "space", "c")
        assert isinstance(app.screen, ReviewScreen)
        await press(pilot, "2", "3", "4", "1", "s")
        assert isinstance(app.screen, TransferScreen)
        await backend.workspace.step(40)
        await press(pilot, "3", "p", "p", "l", "f")
        await to_the_end(app, pilot, backend)
        assert "✔ every message of the source is accounted for" in shown(app)
        await press(pilot, "v")
        assert isinstance(app.screen, VerifyScreen)
        await press(pilot, "s")
        await to_the_end(app, pilot, backend)
        assert "412 messages compared" in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, ReportScreen)
        await press(pilot, "f4")
        assert isinstance(app.screen, StreamScreen)
        await press(pilot, "escape", "escape", "escape")
        assert isinstance(app.screen, HomeScreen)


async def test_by_the_mouse_alone(tmp_path: Path) -> None:
    backend = FakeBackend(tmp_path, has_profiles=False)
    async with opened(backend) as (app, pilot):
        await click(pilot, "#first-profile")
        await click(pilot, "#discord .token", (2, 0))
        await typed(pilot, "one")
        await click(pilot, "#discord .check")
        await click(pilot, "#discord .places", (3, 1))
        await click(pilot, "#fluxer .token", (2, 0))
        await typed(pilot, "two")
        await click(pilot, "#fluxer .check")
        await click(pilot, "#fluxer .places", (3, 0))
        await click(pilot, "#look-again")
        assert "✔ all is well" in shown(app)
        await click(pilot, "#save")
        assert isinstance(app.screen, ChannelsScreen)
        await click(pilot, "#tree", (7, 1))
        await click(pilot, "#continue")
        assert isinstance(app.screen, ReviewScreen)
        await click(pilot, "PaneBar", (12, 0))
        await click(pilot, "#start")
        assert isinstance(app.screen, TransferScreen)
        await backend.workspace.step(40)
        await click(pilot, "PaneBar", (24, 0))
        await click(pilot, "#pause")
        await click(pilot, "#pause")
        await to_the_end(app, pilot, backend)
        await click(pilot, "#verify")
        assert isinstance(app.screen, VerifyScreen)
        await click(pilot, "#start")
        await to_the_end(app, pilot, backend)
        assert "412 messages compared" in shown(app)
        await click(pilot, "#back")
        await click(pilot, "#stream")
        assert isinstance(app.screen, StreamScreen)
        await click(pilot, "#back")
        assert isinstance(app.screen, ReportScreen)


async def test_every_button_of_a_screen_is_wholly_in_view_at_the_smallest_size(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        for keys in ((), ("enter",), ("enter",), ("s",)):
            await press(pilot, *keys)
            for button in app.screen.query(Button):
                if button.display and button.region:
                    assert app.screen.region.contains_region(button.region), button
