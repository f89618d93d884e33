"""The stream follows, stands still, goes back without end, and shows only what is wanted."""

from __future__ import annotations

import pytest

from reaper_tui.engine.progress import MirroredMessage
from reaper_tui.model.text import SafeText
from reaper_tui.tui.modals.details import DetailsScreen
from reaper_tui.tui.screens.stream import StreamScreen
from reaper_tui.tui.stream_source import Wanted, parse_filter
from reaper_tui.tui.widgets.stream_view import KEPT
from tests.tui.fakes import START, FakeBackend
from tests.tui.pilots import click, opened, press, settle, shown, to_transfer


def earlier(count: int) -> tuple[MirroredMessage, ...]:
    return tuple(
        MirroredMessage(
            number - count,
            START - count + number,
            SafeText("general" if number % 2 else "photos"),
            SafeText("Eve" if number % 5 == 0 else "Ann"),
            SafeText(f"message {number}"),
        )
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("#Gen @EVE a  b", Wanted("gen", "eve", "a b")),
        ("# @", Wanted(text="# @")),
    ],
)
def test_filters_are_read(text: str, wanted: Wanted) -> None:
    assert parse_filter(text) == wanted


async def test_an_empty_stream_says_what_comes_next(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "f4")
        await settle(pilot)
        assert isinstance(app.screen, StreamScreen)
        assert "Nothing was mirrored yet" in shown(app)


async def test_during_a_run_it_follows_until_paused(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        await backend.workspace.step(3)
        await press(pilot, "f4")
        await settle(pilot)
        assert isinstance(app.screen, StreamScreen)
        assert "3 messages" in shown(app)
        await backend.workspace.step(2)
        app.screen.look()
        await settle(pilot)
        assert "▶ following · 5 messages" in shown(app)
        await press(pilot, "p")
        await backend.workspace.step(2)
        app.screen.look()
        await settle(pilot)
        assert "‖ paused" in shown(app)
        assert "5 messages" in shown(app)
        await press(pilot, "p")
        app.screen.look()
        await settle(pilot)
        assert "7 messages" in shown(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, DetailsScreen)
        assert "channel 77, message 99" in shown(app)


async def test_details_of_a_long_message_are_closed_by_the_mouse(backend: FakeBackend) -> None:
    long = MirroredMessage(1, START, SafeText("general"), SafeText("Eve"), SafeText("long " * 900))
    backend.workspace.earlier = (long,)
    async with opened(backend) as (app, pilot):
        await press(pilot, "f4")
        await settle(pilot)
        await click(pilot, "#open")
        assert isinstance(app.screen, DetailsScreen)
        assert app.screen.region.contains_region(app.screen.query_one("#copy").region)
        await click(pilot, "#close")
        assert isinstance(app.screen, StreamScreen)


async def test_the_mouse_alone_filters_by_a_channel_and_clears_that(backend: FakeBackend) -> None:
    backend.workspace.earlier = earlier(20)
    async with opened(backend) as (app, pilot):
        await press(pilot, "f4")
        await settle(pilot)
        await click(pilot, "#stream", (5, 2))
        await click(pilot, "#filter")
        await click(pilot, "#yes")
        assert isinstance(app.screen, StreamScreen)
        assert "10 messages" in shown(app)
        assert "only #photos" in shown(app)
        await click(pilot, "#filter")
        await click(pilot, "#no")
        await click(pilot, "#back")
        assert isinstance(app.screen, StreamScreen)
        assert "20 messages" in shown(app)


async def test_scrolling_back_reaches_the_first_message_of_many(backend: FakeBackend) -> None:
    backend.workspace.earlier = earlier(KEPT + 900)
    async with opened(backend) as (app, pilot):
        await press(pilot, "f4")
        await settle(pilot)
        assert isinstance(app.screen, StreamScreen)
        view = app.screen.view
        assert "message 4899" in shown(app)
        for _ in range(40):
            await press(pilot, "home")
            if app.screen._has_first:
                break
        await press(pilot, "home")
        assert "message 0" in shown(app)
        assert len(view.items) <= KEPT
        assert not view.follows
        await press(pilot, "f")
        await settle(pilot)
        assert "message 4899" in shown(app)


async def test_a_filter_looks_back_as_far_as_it_takes_and_esc_clears_it(backend: FakeBackend) -> None:
    backend.workspace.earlier = earlier(1000)
    async with opened(backend) as (app, pilot):
        await press(pilot, "f4")
        await settle(pilot)
        await press(pilot, "slash")
        app.screen.field.value = "#photos @eve message 10"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        await settle(pilot)
        text = shown(app)
        assert "message 10" in text
        assert "message 100" in text
        assert "2 messages" in text
        await press(pilot, "escape")
        await settle(pilot)
        assert isinstance(app.screen, StreamScreen)
        assert "message 999" in shown(app)
