"""Watching, pausing, stopping and leaving a run."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
from textual.pilot import Pilot

from reaper_tui.engine.control import RunState
from reaper_tui.engine.events import Level
from reaper_tui.engine.progress import ChannelState
from reaper_tui.exit_codes import ExitCode
from reaper_tui.model.errors import AccessDenied
from reaper_tui.tui.app import ReaperApp
from reaper_tui.tui.modals.confirm import ConfirmScreen
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.widgets.log_pane import LogPane
from reaper_tui.tui.widgets.message_pane import MessagePane, readable
from reaper_tui.tui.widgets.progress_table import ProgressTable
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import LARGE, SMALL, opened, press, settle, shown, to_transfer


@contextlib.asynccontextmanager
async def running(
    backend: FakeBackend, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[ReaperApp, Pilot[None], TransferScreen]]:
    async with opened(backend, profile=backend.entries[0].path, size=size) as (app, pilot):
        await to_transfer(pilot)
        assert isinstance(app.screen, TransferScreen)
        yield app, pilot, app.screen


async def look(pilot: Pilot[None], screen: TransferScreen) -> None:
    screen.pulse()
    await settle(pilot)


async def test_the_numbers_of_the_run_are_shown(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        await backend.workspace.step(50)
        await look(pilot, screen)
        text = shown(app)
        assert "▶ running" in text
        assert "50 of ~2,000 messages" in text
        assert "120/min" in text
        assert "left" in text
        assert "✔ done" in text


async def test_a_wait_for_a_limit_counts_down(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        backend.workspace.limit(12)
        await look(pilot, screen)
        assert "◔ waiting 12 s: webhook limit in #general" in shown(app)
        backend.clock.advance(5)
        await look(pilot, screen)
        assert "waiting 7 s" in shown(app)
        backend.clock.advance(8)
        await look(pilot, screen)
        assert "waiting 7 s" not in shown(app)
        assert "◔" not in shown(app)


async def test_an_outage_is_told_before_anything_else(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        backend.workspace.progress.hold = "Fluxer answers 503 since 15:02, next try in 40 s"
        backend.workspace.limit(12)
        await look(pilot, screen)
        assert "‖ holding: Fluxer answers 503" in shown(app)


async def test_pause_holds_the_run_and_go_on_lets_it(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        await press(pilot, "p")
        assert backend.workspace.control.state is RunState.PAUSED
        assert "‖ paused" in shown(app)
        await press(pilot, "p")
        assert backend.workspace.control.state is RunState.RUNNING
        await backend.workspace.step(1)
        await look(pilot, screen)
        assert "1 of" in shown(app)


@pytest.mark.parametrize("key", ["x", "f8"])
async def test_stop_ends_at_the_boundary_with_a_report(backend: FakeBackend, key: str) -> None:
    async with running(backend) as (app, pilot, _):
        await backend.workspace.step(5)
        await press(pilot, key)
        assert isinstance(app.screen, ReportScreen)
        text = shown(app)
        assert "■ Stopped on request" in text
        assert "still to be sent" in text
        assert "read so far" in text
        assert "accounted for" not in text
        await press(pilot, "ctrl+q")
    assert app.return_code == 10


async def test_f8_stops_from_within_a_dialog(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, _):
        await press(pilot, "question_mark", "f8")
        assert isinstance(app.screen, ReportScreen)


async def test_a_second_stop_asks_with_the_safe_answer_focused(backend: FakeBackend) -> None:
    backend.workspace.drains_at_once = False
    async with running(backend) as (app, pilot, _):
        await press(pilot, "x")
        assert isinstance(app.screen, TransferScreen)
        assert "stopping" in shown(app)
        assert "Cut off" in shown(app)
        await press(pilot, "x")
        assert isinstance(app.screen, ConfirmScreen)
        assert "Again (x or F8)" not in shown(app)
        assert app.screen.focused is not None
        assert app.screen.focused.id == "no"
        await press(pilot, "enter")
        assert backend.workspace.control.state is RunState.DRAINING
        await press(pilot, "x", "y")
        assert isinstance(app.screen, ReportScreen)
        assert backend.workspace.control.state is RunState.STOPPED


async def test_quit_drains_before_it_leaves(backend: FakeBackend) -> None:
    backend.workspace.drains_at_once = False
    async with running(backend) as (app, pilot, _):
        await backend.workspace.step(2)
        await press(pilot, "ctrl+q")
        assert app.is_running
        assert backend.workspace.control.state is RunState.DRAINING
        assert backend.closed == 0
        backend.workspace.drain()
        await app.workers.wait_for_complete()
    assert app.return_code == 10
    assert backend.closed == 1


async def test_a_second_quit_offers_to_cut_off(backend: FakeBackend) -> None:
    backend.workspace.drains_at_once = False
    async with running(backend) as (app, pilot, _):
        await press(pilot, "ctrl+q", "ctrl+q")
        assert isinstance(app.screen, ConfirmScreen)
        await press(pilot, "escape")
        assert app.is_running
        await press(pilot, "ctrl+q", "y")
        await app.workers.wait_for_complete()
    assert backend.closed == 1


async def test_a_signal_drains_and_leaves_with_its_code(backend: FakeBackend) -> None:
    async with running(backend) as (app, _, _):
        app.leave(ExitCode.TERMINATED)
        await app.workers.wait_for_complete()
    assert app.return_code == 143
    assert backend.workspace.last is not None
    assert backend.workspace.last.state == "stopped"


async def test_losses_never_end_green(backend: FakeBackend) -> None:
    backend.workspace.lost = 2
    async with running(backend) as (app, pilot, screen):
        await backend.workspace.step(40)
        await look(pilot, screen)
        assert "✖ 2 failed" in shown(app)
        await backend.workspace.step(3000)
        await settle(pilot)
        assert isinstance(app.screen, ReportScreen)
        assert not app.screen.has_class("-success")
        text = shown(app)
        assert "▲ Done, but 2 messages failed" in text
        await press(pilot, "end")
        assert backend.workspace.last is not None
        assert not backend.workspace.last.is_faithful


async def test_a_run_that_cannot_begin_says_the_mend(backend: FakeBackend) -> None:
    backend.workspace.run_error = AccessDenied("The bot may not make channels", "give it Administrator")
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        assert isinstance(app.screen, ReportScreen)
        assert app.screen.has_class("-error")
        assert "→ give it Administrator" in shown(app)
        await press(pilot, "ctrl+q")
    assert app.return_code == 3


async def test_the_log_can_be_narrowed_by_level(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        backend.workspace.log.write(Level.DEBUG, "a detail")
        await look(pilot, screen)
        log = screen.query_one(LogPane)
        assert log.row_count() == 3
        await press(pilot, "l")
        assert log.row_count() == 1
        assert "warn and up" in shown(app)
        await press(pilot, "l", "l")
        assert log.row_count() == 4
        assert "a detail" in shown(app)


async def test_following_stops_where_the_user_scrolls_and_starts_again(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        await press(pilot, "3")
        pane = screen.query_one(MessagePane)
        await backend.workspace.step(60)
        await look(pilot, screen)
        assert pane.scroll_offset.y == pane.max_scroll_y > 0
        await press(pilot, "pageup")
        assert not pane.follows
        here = pane.scroll_offset.y
        await backend.workspace.step(10)
        await look(pilot, screen)
        assert pane.scroll_offset.y == here
        assert "not following" in shown(app)
        await press(pilot, "f")
        assert pane.follows
        assert pane.scroll_offset.y == pane.max_scroll_y


async def test_long_lines_are_folded_to_the_width(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, screen):
        backend.workspace.log.write(Level.ERROR, "word " * 40 + "THE-END")
        await look(pilot, screen)
        assert screen.query_one(LogPane).row_count() > 4
        assert "THE-END" in shown(app)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert "THE-END" in shown(app)


async def test_busy_channels_can_come_first(backend: FakeBackend) -> None:
    async with running(backend) as (_, pilot, screen):
        await backend.workspace.step(1)
        list(backend.workspace.progress.channels.values())[-1].state = ChannelState.FAILED
        table = screen.query_one(ProgressTable)
        await press(pilot, "o")
        assert table.row_at_cursor is not None
        assert table.row_at_cursor.state is ChannelState.FAILED


async def test_only_changed_rows_are_drawn_again(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(backend) as (_, pilot, screen):
        await backend.workspace.step(8)
        await look(pilot, screen)
        drawn: list[int] = []
        monkeypatch.setattr(screen.query_one(ProgressTable), "row_changed", drawn.append)
        screen.pulse()
        assert drawn == []
        await backend.workspace.step(1)
        screen.pulse()
        assert len(drawn) == 1


def test_a_mirrored_line_reads_as_its_author_wrote_it() -> None:
    assert readable("-# <t:1765473728:f> ahoy <a:crabrave:1379444509900805024>") == "ahoy :crabrave:"
    assert readable("a < b: 3 <t:1765473728:f>") == "a < b: 3 <t:1765473728:f>"


async def test_the_remark_is_about_the_pane_one_stands_in(backend: FakeBackend) -> None:
    async with running(backend) as (app, pilot, _screen):
        await press(pilot, "2")
        assert "info and up" in shown(app)
        await press(pilot, "3")
        assert "info and up" not in shown(app)
        await press(pilot, "2")
        assert "info and up" in shown(app)


async def test_moving_between_panes_builds_no_key_of_the_footer_anew(backend: FakeBackend) -> None:
    async with running(backend, LARGE) as (app, pilot, screen):
        await look(pilot, screen)
        before = list(app.screen.query("FooterKey"))
        await press(pilot, "3", "2", "1")
        assert list(app.screen.query("FooterKey")) == before
        await press(pilot, "p")
        await press(pilot, "x")
        assert [key.has_class("-disabled") for key in before] != [
            key.has_class("-disabled") for key in app.screen.query("FooterKey")
        ]


async def test_messages_that_arrive_do_not_lay_the_screen_out_again(backend: FakeBackend) -> None:
    async with running(backend, LARGE) as (_app, pilot, screen):
        await backend.workspace.step(60)
        await look(pilot, screen)
        assert screen.message_pane.show_vertical_scrollbar
        layouts: list[object] = []
        screen.screen_layout_refresh_signal.subscribe(screen, layouts.append)
        await backend.workspace.step(5)
        await look(pilot, screen)
        assert screen.message_pane.virtual_size.height == screen.message_pane.row_count()
        assert screen.message_pane.vertical_scrollbar.position == screen.message_pane.max_scroll_y
        assert not layouts
