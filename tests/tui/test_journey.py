"""The way from profiles to report, once by keyboard alone and once by mouse alone, on the smallest usable screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.command import CommandPalette

from reaper_tui.engine.control import RunState
from reaper_tui.model.errors import AccessDenied, ConfigurationError, ProfileHeld
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.review import ReviewScreen
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.screens.wizard import WizardScreen
from reaper_tui.tui.widgets.channel_tree import ChannelTree
from tests.tui.fakes import GUILD_ID, REFUSED, FakeBackend
from tests.tui.pilots import LARGE, SMALL, click, opened, press, settle, shown


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_by_keyboard(backend: FakeBackend, size: tuple[int, int]) -> None:
    async with opened(backend, size=size) as (app, pilot):
        assert isinstance(app.screen, HomeScreen)
        assert "412 messages to go" in shown(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, ChannelsScreen)
        await press(pilot, "space")
        assert "7/8 channels" in shown(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, ReviewScreen)
        assert "Nothing is written before you start" in shown(app)
        await press(pilot, "3")
        assert "inside #general" in shown(app)
        await press(pilot, "s")
        assert isinstance(app.screen, TransferScreen)
        await backend.workspace.step(3000)
        await settle(pilot)
        assert isinstance(app.screen, ReportScreen)
        assert "Done: everything arrived" in shown(app)
        await press(pilot, "e", "enter")
        report = (backend.home / "cyclists-report.md").read_text()
        assert "Rainy Day Cyclists" in report
        await press(pilot, "c")
        assert isinstance(app.screen, ChannelsScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)
        await press(pilot, "ctrl+q")
    assert app.return_code == 0
    assert backend.choices[0].copy.channels != "all"
    assert (backend.opened, backend.closed) == (1, 1)


async def test_by_mouse(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await click(pilot, "#profiles", (5, 0))
        assert isinstance(app.screen, ChannelsScreen)
        await click(pilot, "#tree", (5, 0))
        assert "7/8 channels" in shown(app)
        await click(pilot, "#tree", (3, 1))
        assert "news" not in shown(app)
        await click(pilot, "#all")
        assert "8/8 channels" in shown(app)
        await click(pilot, "#continue")
        await click(pilot, "PaneBar", (22, 0))
        assert app.screen.query_one("#routes").display
        await click(pilot, "#start")
        assert isinstance(app.screen, TransferScreen)
        await click(pilot, "#pause")
        assert backend.workspace.control.state is RunState.PAUSED
        await click(pilot, "#pause")
        assert backend.workspace.control.state is RunState.RUNNING
        await click(pilot, "#stop")
        assert isinstance(app.screen, ReportScreen)
        assert "Stopped on request" in shown(app)
        await click(pilot, "#again")
        assert isinstance(app.screen, ChannelsScreen)


async def test_footer_keys_can_be_clicked(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        key = next(key for key in app.screen.query("FooterKey") if getattr(key, "action", "") == "toggle_all")
        assert await pilot.click(key)
        await settle(pilot)
        assert "0/8 channels" in shown(app)


async def test_no_profiles_yet_leads_to_the_wizard(tmp_path: object) -> None:
    backend = FakeBackend(tmp_path, has_profiles=False)  # type: ignore[arg-type]
    async with opened(backend) as (app, pilot):
        assert "There is no profile yet" in shown(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, WizardScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)
        await press(pilot, "n")
        assert isinstance(app.screen, WizardScreen)


async def test_a_profile_given_opens_at_once_and_a_demo_says_so(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path, demo=True) as (app, _):
        assert isinstance(app.screen, ChannelsScreen)
        assert " demo " in shown(app)


async def test_auto_start_goes_straight_to_the_transfer(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path, auto_start=True) as (app, _):
        assert isinstance(app.screen, TransferScreen)
        assert backend.workspace.runs == 1


async def test_loading_says_what_is_read_and_can_be_left(backend: FakeBackend) -> None:
    backend.workspace.survey_gate.clear()
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        assert "Reading channels, threads, roles and emojis" in shown(app)
        await press(pilot, "space", "a")
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)
        assert backend.closed == 1


async def test_a_survey_that_fails_says_why_and_can_be_tried_again(backend: FakeBackend) -> None:
    backend.workspace.survey_error = REFUSED
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        assert "Discord does not know this token" in shown(app)
        assert "copy it again from the Bot page" in shown(app)
        backend.workspace.survey_error = None
        await press(pilot, "enter")
        assert "8/8 channels" in shown(app)


async def test_a_profile_held_elsewhere_can_be_tried_again(backend: FakeBackend) -> None:
    backend.open_error = ProfileHeld("Process 12 works with this profile", "end it first")
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        assert "Process 12" in shown(app)
        backend.open_error = None
        await press(pilot, "enter")
        assert "8/8 channels" in shown(app)


async def test_a_plan_that_fails_says_why(backend: FakeBackend) -> None:
    backend.workspace.plan_error = AccessDenied("The bot may not make webhooks", "give it Manage Webhooks")
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "enter")
        assert "give it Manage Webhooks" in shown(app)
        await press(pilot, "s")
        assert isinstance(app.screen, ReviewScreen)


async def test_an_option_that_cannot_be_can_be_corrected(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "enter", "4")
        app.screen.query_one("#since").focus()
        backend.workspace.plan_error = ConfigurationError("since is no date: 2024-", "write 2024-01-31")
        await press(pilot, "2")
        assert "write 2024-01-31" in shown(app)
        assert app.screen.query_one("#start").disabled
        assert app.focused is app.screen.query_one("#since")
        backend.workspace.plan_error = None
        await press(pilot, "backspace")
        assert not app.screen.query_one("#start").disabled
        assert "write 2024-01-31" not in shown(app)


async def test_the_plan_scrolls_while_the_start_button_has_the_focus(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path, size=(80, 17)) as (app, pilot):
        await press(pilot, "enter")
        await press(pilot, "end")
        plan = app.screen.query_one("#plan")
        await pilot.wait_for_animation()
        assert plan.scroll_offset.y == plan.max_scroll_y > 0
        assert app.focused is app.screen.query_one("#start")


async def test_nothing_checked_is_not_taken_along(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "a", "enter")
        assert isinstance(app.screen, ChannelsScreen)
        assert "Check at least one channel" in shown(app)


async def test_search_finds_walks_and_clears(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        tree = app.screen.query_one(ChannelTree)
        await press(pilot, "slash", *"general")
        assert "2 matches" in shown(app)
        await press(pilot, "enter")
        first = tree.cursor
        await press(pilot, "n")
        assert tree.cursor > first
        assert "2 of 2 matches" in shown(app)
        await press(pilot, "N")
        assert tree.cursor == first
        await press(pilot, "escape")
        assert isinstance(app.screen, ChannelsScreen)
        assert "matches" not in shown(app)


async def test_search_unfolds_what_hides_a_match(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        tree = app.screen.query_one(ChannelTree)
        await press(pilot, "down", "left")
        before = tree.row_count()
        assert before < 17
        await press(pilot, "slash", *"lyon", "enter")
        assert tree.row_count() > before
        assert tree.selection is not None
        await press(pilot, "space")
        assert tree.selection.mark(GUILD_ID + 14).value == "off"


async def test_options_change_the_plan(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "enter", "4")
        assert app.screen.focused is not None
        assert app.screen.focused.id == "history"
        await press(pilot, "space", "1")
        assert "from 0 channels" in shown(app)
        await press(pilot, "4", "space", "1")
        assert "~2,000 messages" in shown(app)


async def test_the_menu_at_the_top_offers_every_command_to_the_mouse(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await click(pilot, "Masthead", (75, 0))
        assert isinstance(app.screen, CommandPalette)


async def test_help_lists_the_keys_of_the_screen_below(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "question_mark")
        assert "Help: Channels" in shown(app)
        assert "Check everything, or nothing" in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, ChannelsScreen)


async def test_the_palette_runs_what_the_screen_offers(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "ctrl+p", *"invert")
        await press(pilot, "down", "enter")
        await settle(pilot)
        assert "0/8 channels" in shown(app)


async def test_channels_say_how_many_bytes_were_copied_so_far(backend: FakeBackend) -> None:
    survey = backend.workspace.surveyed
    photos = next(row.id for row in survey.guild.channels if row.name == "photos")
    backend.workspace.surveyed = replace(survey, sizes={photos: 14_200_000})
    async with opened(backend, profile=backend.entries[0].path) as (app, _):
        [line] = [row for row in shown(app).splitlines() if " photos" in row]
        assert "14.2 MB copied" in line
