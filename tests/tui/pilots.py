"""What tests of the app share: starting it on a fake, waiting for it, reading what it shows."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.segment import Segment
from textual.pilot import Pilot

from reaper_tui.tui.app import ReaperApp
from tests.tui.fakes import FakeBackend

SMALL = (80, 24)
LARGE = (120, 40)


@contextlib.asynccontextmanager
async def opened(
    backend: FakeBackend, *, profile: Path | None = None, size: tuple[int, int] = SMALL, **options: Any
) -> AsyncIterator[tuple[ReaperApp, Pilot[None]]]:
    """Run the app without a terminal."""
    app = ReaperApp(backend, profile=profile, **options)
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield app, pilot


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until every message sent so far is handled, also those that the handling sends."""
    for _ in range(2):
        await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, one after the other is handled."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def click(pilot: Pilot[Any], selector: str, offset: tuple[int, int] = (0, 0)) -> None:
    """Click on a widget of the present screen, once it has stopped glowing from an earlier click."""
    widget = pilot.app.screen.query_one(selector)
    while widget.has_class("-active"):
        await pilot.pause(0.02)
    assert await pilot.click(widget, offset=offset), f"{selector} is covered"
    await settle(pilot)


def shown(app: ReaperApp) -> str:
    """Return all text on the screen, one line a row."""
    return "\n".join("".join(segment.text for segment in row) for row in drawn(app))


def drawn(app: ReaperApp) -> list[list[Segment]]:
    """Return what the terminal would show, row by row."""
    width, height = app.size
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)  # type: ignore[attr-defined]
    lines = list(Segment.split_lines(console.render(update)))
    return [[segment for segment in line if not segment.control] for line in lines][:height]


async def to_transfer(pilot: Pilot[Any]) -> None:
    """Go from the channels to a running transfer."""
    await press(pilot, "enter", "enter")
