"""Names and texts made to break a terminal or an app."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from textual.app import App, ComposeResult

from reaper_tui.backend import Identity, LastRun, ProfileEntry
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.progress import Phase, Progress
from reaper_tui.model.community import ChannelKind
from reaper_tui.model.errors import AccessDenied
from reaper_tui.tui.selection import Selection
from reaper_tui.tui.widgets.channel_tree import ChannelTree
from reaper_tui.tui.widgets.log_pane import LogPane
from reaper_tui.tui.widgets.message_pane import MessagePane
from reaper_tui.tui.widgets.row_view import RowView
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
    def compose(self) -> ComposeResult:
        yield ChannelTree()
        yield LogPane()
        yield MessagePane()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_rows_of_any_text_are_exactly_as_wide_as_the_widget(names: list[str]) -> None:
    async def draw() -> None:
        app = Gallery()
        async with app.run_test(size=(60, 18)) as pilot:
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
            await pilot.pause()
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
