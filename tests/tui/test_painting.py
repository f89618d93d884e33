"""What a key costs: only what it concerns is drawn, and what is kept follows the theme."""

from __future__ import annotations

from collections.abc import Coroutine

import pytest
from textual import screen
from textual._compositor import Compositor

from reaper_tui.engine.events import Level
from reaper_tui.tui import app as app_module
from reaper_tui.tui.compat import FRAMES_PER_SECOND
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.widgets.log_pane import LogPane
from reaper_tui.tui.widgets.tail_view import TailView
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import LARGE, drawn, opened, press, settle, to_transfer


@pytest.fixture
def full_paints(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    paints: list[object] = []
    original = Compositor.render_full_update

    def render(self: Compositor, *arguments: object, **options: object) -> object:
        paints.append(self)
        return original(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Compositor, "render_full_update", render)
    return paints


async def test_moving_between_panes_draws_less_than_the_screen(backend: FakeBackend, full_paints: list[object]) -> None:
    async with opened(backend, profile=backend.entries[0].path, size=LARGE) as (app, pilot):
        await to_transfer(pilot)
        await backend.workspace.step(30)
        app.screen.pulse()  # type: ignore[attr-defined]
        # What still waits to be drawn is drawn whole, once: a new scroll bar, or the screen below.
        for _ in range(5):
            full_paints.clear()
            await press(pilot, "3", "2", "1", "tab")
            if not full_paints:
                return
        pytest.fail("every move draws the whole screen")


async def test_a_snapshot_that_says_the_same_draws_no_headline(
    backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        assert isinstance(app.screen, TransferScreen)
        app.screen.pulse()
        await settle(pilot)
        asked: list[object] = []
        monkeypatch.setattr(app.screen.headline, "refresh", lambda *args, **options: asked.append(args))
        app.screen.pulse()
        assert asked == []
        backend.clock.advance(90)
        app.screen.pulse()
        assert len(asked) == 1


async def test_rows_kept_from_before_take_the_colours_of_another_theme(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path, size=LARGE) as (app, pilot):
        await to_transfer(pilot)
        backend.workspace.log.write(Level.WARNING, "a line in the tone of warnings")
        app.screen.pulse()  # type: ignore[attr-defined]
        await settle(pilot)

        def warning_colour() -> object:
            pane = app.screen.query_one(LogPane)
            [segment] = [
                part
                for row in drawn(app)[pane.region.y : pane.region.bottom]
                for part in row
                if "tone of warnings" in part.text
            ]
            assert segment.style is not None
            return segment.style.color

        before = warning_colour()
        app.theme = "textual-light"
        await settle(pilot)
        assert warning_colour() != before


@pytest.mark.parametrize(("wish", "frames"), [(None, FRAMES_PER_SECOND), ("30", 30)])
async def test_a_screen_is_painted_promptly_unless_the_user_wants_fewer_frames(
    backend: FakeBackend, monkeypatch: pytest.MonkeyPatch, wish: str | None, frames: int
) -> None:
    monkeypatch.setattr(screen, "UPDATE_PERIOD", 1 / 30)
    monkeypatch.delenv("TEXTUAL_FPS", raising=False)
    if wish is not None:
        monkeypatch.setenv("TEXTUAL_FPS", wish)
    begun: list[Coroutine[object, object, object]] = []
    monkeypatch.setattr(app_module, "has_terminal", lambda: True)
    monkeypatch.setattr(app_module, "run_fast", begun.append)
    app_module.run_app(backend)
    begun[0].close()
    async with opened(backend) as (app, _):
        assert app.screen._update_timer._interval == pytest.approx(1 / frames)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["log", "messages"])
async def test_rows_that_came_while_a_pane_was_hidden_are_whole_in_its_first_frame(
    backend: FakeBackend, name: str
) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        pane = app.screen.query_one(f"#{name}", TailView)
        await press(pilot, "3" if name == "messages" else "2")
        await backend.workspace.step(30)
        backend.workspace.log.write(Level.WARNING, "a line that is far too long to be cut after its tenth column")
        app.screen.pulse()  # type: ignore[attr-defined]
        await settle(pilot)
        before = [pane.render_row(index, pane.row_width).plain for index in range(pane.row_count())]
        await press(pilot, "2" if name == "messages" else "3")
        await pilot.resize_terminal(79, 24)
        await settle(pilot)
        backend.workspace.log.write(Level.WARNING, "one more")
        await backend.workspace.step(1)
        app.screen.pulse()  # type: ignore[attr-defined]
        assert pane.row_width == 0
        assert [pane.render_row(index, 40).plain for index in range(pane.row_count())] == before
