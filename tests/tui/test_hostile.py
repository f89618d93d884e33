"""Names and texts made to break a terminal or an app."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console, Group
from textual.app import App, ComposeResult

from reaper_tui.backend import Identity, LastRun, Mirrored, ProfileEntry
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.progress import ChannelTally, Phase, Progress
from reaper_tui.model.community import ChannelKind
from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.plan import Action, Exclusion, ItemKind, Plan, PlanItem
from reaper_tui.model.removal import Removable
from reaper_tui.model.summary import (
    AttachmentCount,
    Failure,
    HttpCount,
    MessageCount,
    Party,
    StructureCount,
    Summary,
    Verification,
)
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.failure_groups import grouped
from reaper_tui.tui.selection import Selection
from reaper_tui.tui.widgets.channel_tree import ChannelTree
from reaper_tui.tui.widgets.failure_tree import FailureTree
from reaper_tui.tui.widgets.log_pane import LogPane
from reaper_tui.tui.widgets.message_pane import MessagePane
from reaper_tui.tui.widgets.plan_sheets import plan_page
from reaper_tui.tui.widgets.plan_tree import PlanTree
from reaper_tui.tui.widgets.profile_list import ProfileList
from reaper_tui.tui.widgets.progress_table import ProgressTable
from reaper_tui.tui.widgets.removal_list import RemovalList
from reaper_tui.tui.widgets.report_sheet import report_page
from reaper_tui.tui.widgets.row_view import RowView
from reaper_tui.tui.widgets.settings_list import SettingRow, SettingsList
from reaper_tui.tui.widgets.sheet import Sheet
from reaper_tui.tui.widgets.stream_view import StreamView
from reaper_tui.tui.widgets.tones import TONE_CLASSES
from reaper_tui.tui.widgets.verify_sheet import ready_page
from tests.tui.fakes import START, FakeBackend, FakeClock, fake_guild, fake_survey
from tests.tui.pilots import opened, press, settle, shown

HOSTILE = (
    "chat [/x]",
    "[bold red]red[/]",
    "[@click=app.quit]quit[/]",
    "\x1b]0;owned\x07title",
    "\x1b[2J\x1b[31mred",
    "\x9b31mcsi",
    "rtl \u202e evil \u2066x",
    "zero\u200bwidth\ufeff",
    "a" + "\u0301" * 400,
    "x" * 10_000,
    "two\nlines\r\tand tab",
    "lone \ud800 surrogate",
    "絵文字 👩‍👩‍👧‍👦 family",
    "",
    "   ",
    "$primary {braces} %s",
)
STEERING = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(code) != "\n"]
TEXTS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("[]/\\@=\x1b\x9b\u202e")), max_size=60)


def rows(name: str) -> tuple[tuple[int, ChannelKind, str, int | None, int, bool, str], ...]:
    return (
        (1, ChannelKind.CATEGORY, name, None, 0, True, ""),
        (2, ChannelKind.TEXT, name, 1, 30, False, ""),
        (3, ChannelKind.THREAD, name, 2, 5, True, ""),
        (4, ChannelKind.TEXT, name, 1, 0, True, name or "no"),
    )


@pytest.mark.parametrize("name", HOSTILE)
async def test_the_whole_way_with_hostile_names(tmp_path: Path, name: str) -> None:
    backend = FakeBackend(tmp_path)
    backend.entries = (ProfileEntry(name, tmp_path / "p.toml", name, name, LastRun(name, START, runs_elsewhere=name)),)
    survey = fake_survey(rows(name))
    import msgspec

    backend.workspace.surveyed = type(survey)(
        msgspec.structs.replace(survey.guild, name=name, notes=(name,)),
        msgspec.structs.replace(survey.community, name=name, notes=(name,)),
        survey.estimates,
    )
    backend.workspace.lost = 1
    texts: list[str] = []
    async with opened(backend) as (app, pilot):
        texts.append(shown(app))
        await press(pilot, "enter")
        texts.append(shown(app))
        await press(pilot, "enter", "2", "1", "s")
        backend.workspace.limit(5, name)
        backend.workspace.progress.hold = name
        backend.workspace.progress.arrived(name, name, name, 1)
        backend.workspace.log.write(Level.ERROR, name)
        app.screen.pulse()  # type: ignore[attr-defined]
        await press(pilot, "3")
        texts.append(shown(app))
        await backend.workspace.step(100)
        await settle(pilot)
        texts.append(shown(app))
    for text in texts:
        assert not any(mark in text for mark in STEERING)


@pytest.mark.parametrize("name", HOSTILE)
async def test_errors_and_accounts_with_hostile_words(tmp_path: Path, name: str) -> None:
    backend = FakeBackend(tmp_path)
    backend.discord = Identity(name, (("1", name), ("2", name)), (name,), bot_id=name)
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        app.screen.query_one("#discord .token").value = "x"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        text = shown(app)
        await press(pilot, "enter")
        text += shown(app)
        backend.fluxer = AccessDenied(name, name)
        app.screen.query_one("#fluxer .token").value = "x"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        text += shown(app)
    assert not any(mark in text for mark in STEERING)


class Gallery(App[None]):
    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONE_CLASSES}

    def compose(self) -> ComposeResult:
        yield ChannelTree()
        yield LogPane()
        yield MessagePane()
        yield ProfileList()
        yield FailureTree()
        yield StreamView()
        yield PlanTree()
        yield RemovalList()
        yield SettingsList()
        yield ProgressTable()
        yield Sheet(id="pages")


def fill(app: App[None], names: list[str]) -> None:
    """Give every widget these names for everything that comes from outside."""
    entries = tuple(
        ProfileEntry(name, Path("p"), name, name, LastRun(name, START, runs_elsewhere=name * (place % 2)))
        for place, name in enumerate(names)
    )
    app.query_one(ProfileList).show_entries(entries, "")
    failed = [Failure(name, name, name, name, name) for name in names]
    app.query_one(FailureTree).show_groups(grouped(failed))
    safe = [sanitise_line(name) for name in names]
    app.query_one(StreamView).show(tuple(Mirrored(1.0, 1, name, name, name, 1) for name in safe))
    items = tuple(
        PlanItem(ItemKind.CHANNEL, place, name, Action.CANNOT, reason=name) for place, name in enumerate(names)
    )
    plan = Plan(names[0], names[0], items, (), (Exclusion(names[0], names[0]),), (names[0],), 1, 1.0)
    app.query_one(PlanTree).show_plan(plan)
    app.query_one(RemovalList).show_items([Removable(name, 1, 1, name) for name in names])
    rows = [SettingRow(f"theme:{place}", name, name, name) for place, name in enumerate(safe)]
    app.query_one(SettingsList).show_rows((SettingRow("", "Look", is_heading=True), *rows))
    tallies = [ChannelTally(place, name, name, name, note=name) for place, name in enumerate(names)]
    app.query_one(ProgressTable).show_channels(tuple(tally.snapshot() for tally in tallies))
    summary = Summary(
        1,
        "done",
        Party("1", names[0]),
        Party("2", names[0]),
        {names[0]: StructureCount(1)},
        MessageCount(skipped={names[0]: 1}),
        AttachmentCount(),
        HttpCount(),
        failures=failed,
        exclusions=names,
        verify=Verification(missing=1, details=names),
        note=names[0],
    )
    page = app.query_one("#pages", Sheet)
    page.show(
        lambda sheet: Group(
            report_page(summary, None, (("journal", Path("x")),), sheet),
            ready_page(summary, sheet),
            plan_page(plan, sheet),
        )
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_rows_of_any_text_are_exactly_as_wide_as_the_widget(names: list[str]) -> None:
    async def draw() -> None:
        app = Gallery()
        async with app.run_test(size=(60, 44)) as pilot:
            table = tuple((place, ChannelKind.TEXT, name, None, place, True, "") for place, name in enumerate(names, 1))
            app.query_one(ChannelTree).show_selection(Selection(fake_guild(table), {}))
            clock = FakeClock()
            log, progress = EventLog(clock), Progress(clock)
            for name in names:
                log.write(Level.WARNING, name)
                progress.arrived(name, name, name, 2)
            await pilot.pause()
            app.query_one(LogPane).extend(log.since(0))
            app.query_one(MessagePane).extend(progress.stream_since(0))
            fill(app, names)
            await pilot.pause()
            page = app.query_one("#pages", Sheet)
            lines = app.console.render_lines(page.render(), app.console.options.update_width(58))
            assert not any(mark in segment.text for line in lines for segment in line for mark in STEERING)
            for view in app.query(RowView):
                for line in range(view.size.height):
                    strip = view.render_line(line)
                    assert strip.cell_length == view.row_width
                    assert not any(mark in strip.text for mark in [*STEERING, "\n"])

    asyncio.run(draw())


def test_what_reaches_a_terminal_is_free_of_escapes() -> None:
    progress = Progress(FakeClock(), phase=Phase.MESSAGES, source_name=HOSTILE[3], target_name=HOSTILE[4])
    progress.hold = HOSTILE[5]
    from reaper_tui.engine.control import RunState

    snapshot = progress.snapshot(RunState.RUNNING)
    console = Console(force_terminal=True, width=80)
    with console.capture() as captured:
        console.print(snapshot.source_name, snapshot.target_name, snapshot.hold, markup=False, highlight=False)
    assert "\x1b" not in captured.get()
