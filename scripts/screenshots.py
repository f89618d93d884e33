"""Draws every screen at both sizes into screenshots/*.svg, the same picture each time."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(TZ="UTC", COLORTERM="truecolor")
for name in ("NO_COLOR", "TEXTUAL_THEME"):
    os.environ.pop(name, None)
time.tzset()

from textual.pilot import Pilot  # noqa: E402 - the environment above has to be set first

from reaper_tui.engine.progress import ChannelState  # noqa: E402
from reaper_tui.tui.app import ReaperApp  # noqa: E402
from tests.tui.fakes import REFUSED, FakeBackend  # noqa: E402

SIZES = ((80, 24), (120, 40))
Scene = Callable[[Pilot[None], FakeBackend], Awaitable[None]]


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(4):
        await pilot.pause()


async def home(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.press("escape")


async def welcome(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.pause()


async def wizard(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.press("escape", "n")
    await settle(pilot)
    pilot.app.screen.query_one("#discord .token").value = "x" * 60  # type: ignore[attr-defined]
    await pilot.press("enter")


async def channels(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.press("down", "down", "down", "down", "space")


async def review(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.press("enter")


async def transfer(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.press("enter")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)
    backend.workspace.lost = 2
    await backend.workspace.step(420, 0.12)
    for tally in backend.workspace.progress.channels.values():
        if tally.name == "photos":
            tally.state = ChannelState.LIMITED
    backend.workspace.limit(12)
    pilot.app.screen.pulse()  # type: ignore[attr-defined]


async def messages(pilot: Pilot[None], backend: FakeBackend) -> None:
    await transfer(pilot, backend)
    await pilot.press("3")


async def report(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.press("enter")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)
    await backend.workspace.step(3000, 0.12)


async def stopped(pilot: Pilot[None], backend: FakeBackend) -> None:
    await transfer(pilot, backend)
    await pilot.press("x")


async def refused(pilot: Pilot[None], backend: FakeBackend) -> None:
    await pilot.pause()


SCENES: dict[str, Scene] = {
    "home": home,
    "welcome": welcome,
    "wizard": wizard,
    "channels": channels,
    "review": review,
    "transfer": transfer,
    "messages": messages,
    "report": report,
    "stopped": stopped,
    "refused": refused,
}


async def draw(name: str, scene: Scene, size: tuple[int, int], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="shot") as place:
        backend = FakeBackend(Path(place), has_profiles=name != "welcome")
        backend.log_file = Path("~/.local/state/reaper-tui/log/reaper-tui.log")
        backend.workspace.workdir = Path("~/.local/share/reaper-tui/cyclists")
        if name == "refused":
            backend.workspace.survey_error = REFUSED
        path = Path("~/.config/reaper-tui/cyclists.toml") if name != "welcome" else None
        app = ReaperApp(backend, profile=path)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await scene(pilot, backend)
            await settle(pilot)
            picture = app.export_screenshot(title="reaper-tui", simplify=True)
    picture = re.sub(r"terminal-\d+", "terminal", picture)
    (folder / f"{name}-{size[0]}x{size[1]}.svg").write_text(picture, encoding="utf-8")


async def main(wanted: list[str]) -> None:
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    for name, scene in SCENES.items():
        for size in SIZES:
            if not wanted or name in wanted:
                await draw(name, scene, size, folder)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
