"""An unexpected error inside the app: one line, no traceback, no token."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reaper_tui.tui.app import NO_TERMINAL, ReaperApp, run_app
from tests.tui.fakes import CANARY, FakeBackend

ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import asyncio, sys, tempfile
from pathlib import Path
from reaper_tui.tui.app import ReaperApp
from tests.tui.fakes import FakeBackend

class Broken(ReaperApp):
    def on_mount(self):
        token = "{CANARY}"
        raise RuntimeError("broken with " + token)

async def main():
    backend = FakeBackend(Path(tempfile.gettempdir()))
    app = Broken(backend)
    await app.run_async(headless=True, size=(80, 24))
    return app.return_code

sys.exit(asyncio.run(main()))
"""


def test_a_crash_prints_one_line_without_tokens() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    printed = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "reaper-tui ended on an unexpected error (RuntimeError)" in printed
    assert f'token = "{CANARY}"' not in ended.stdout
    assert "locals" not in printed


def test_without_a_terminal_it_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run_app(FakeBackend(tmp_path)) == NO_TERMINAL
    assert "needs a terminal" in capsys.readouterr().err


def test_the_app_keeps_its_hands_off_other_rooms() -> None:
    code = "import sys, reaper_tui.tui.app; print(*[m for m in sys.modules if m.startswith('reaper_tui.')])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for room in ("reader", "writer", "sandbox", "journal", "media"):
        assert f"reaper_tui.{room}" not in loaded
    assert ReaperApp.__module__ in loaded
