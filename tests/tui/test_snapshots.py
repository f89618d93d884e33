"""Each screen at two sizes, in colour and without: what it shows and how, compared with what is on record.

`REAPER_SNAPSHOTS=write` puts the present look on record.
"""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style

from reaper_tui.tui.app import ReaperApp
from tests.tui.pilots import drawn, opened, settle
from tests.tui.scenes import PROFILE, SCENES, prepared

RECORD = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (120, 36))
LEFT_OUT = {"messages", "options", "stopped", "naming", "offline"}


@pytest.fixture(autouse=True)
def one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", [name for name in SCENES if name not in LEFT_OUT])
async def test_the_look_is_the_one_on_record(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    backend = prepared(tmp_path, name)
    looks: list[str] = []
    async with opened(backend, profile=None if name == "welcome" else PROFILE) as (app, pilot):
        await SCENES[name](pilot, backend)
        app.clear_notifications()
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for theme in ("dark", "plain"):
                app.keep(theme=theme)
                await settle(pilot)
                looks.append(look_of(app, f"{size[0]}x{size[1]} {theme}"))
    present = "\n".join(looks)
    path = RECORD / f"{name}.txt"
    if os.environ.get("REAPER_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(present, encoding="utf-8")
        return
    recorded = path.read_text(encoding="utf-8")
    difference = difflib.unified_diff(recorded.splitlines(), present.splitlines(), "on record", "now", lineterm="", n=1)
    assert recorded == present, "\n".join(difference)


def look_of(app: ReaperApp, title: str) -> str:
    """Return each row's text, then its styles as letters with a count, then what the letters stand for."""
    letters: dict[str, str] = {}
    texts: list[str] = []
    styles: list[str] = []
    for row in drawn(app):
        texts.append("".join(segment.text for segment in row).rstrip())
        styles.append(" ".join(f"{letter}{length}" for letter, length in runs(row, letters)))
    legend = [f"{letter} = {style}" for style, letter in letters.items()]
    return "\n".join([f"=== {title}", *texts, "--- styles", *styles, "--- legend", *legend, ""])


def runs(row: list[Segment], letters: dict[str, str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for segment in row:
        style = described(segment.style)
        letter = letters.setdefault(style, chr(ord("a") + len(letters)) if len(letters) < 26 else f"z{len(letters)}-")
        if found and found[-1][0] == letter:
            found[-1] = (letter, found[-1][1] + segment.cell_length)
        elif segment.cell_length:
            found.append((letter, segment.cell_length))
    return found


def described(style: Style | None) -> str:
    """Return a style in words, links and other meta aside."""
    if style is None:
        return "plain"
    words = [word for word in ("bold", "dim", "italic", "underline", "reverse") if getattr(style, word)]
    words += [style.color.name] if style.color else []
    words += [f"on {style.bgcolor.name}"] if style.bgcolor else []
    return " ".join(words) or "plain"
