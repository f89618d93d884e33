"""Draws every screen at both sizes into screenshots/*.svg, the same picture each time."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(TZ="UTC", COLORTERM="truecolor")
for name in ("NO_COLOR", "TEXTUAL_THEME"):
    os.environ.pop(name, None)
time.tzset()

from reaper_tui.tui.app import ReaperApp  # noqa: E402 - the environment above has to be set first
from tests.tui.pilots import settle  # noqa: E402
from tests.tui.scenes import PROFILE, SCENES, prepared  # noqa: E402

SIZES = ((80, 24), (120, 40))


async def draw(name: str, size: tuple[int, int], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="shot") as place:
        os.chdir(place)
        backend = prepared(Path(place), name)
        app = ReaperApp(backend, profile=None if name == "welcome" else PROFILE)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await SCENES[name](pilot, backend)
            await settle(pilot)
            picture = app.export_screenshot(title="reaper-tui", simplify=True)
        os.chdir(ROOT)
    picture = re.sub(r"terminal-\d+", "terminal", picture)
    (folder / f"{name}-{size[0]}x{size[1]}.svg").write_text(picture, encoding="utf-8")


async def main(wanted: list[str]) -> None:
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    for name in SCENES:
        for size in SIZES:
            if not wanted or name in wanted:
                await draw(name, size, folder)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
