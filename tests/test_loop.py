"""The loop a program's work runs on."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reaper_tui.loop import run_fast


async def where() -> str:
    return type(asyncio.get_running_loop()).__module__


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")
def test_work_runs_on_the_fast_loop() -> None:
    assert run_fast(where()).startswith("uvloop")


def test_without_the_fast_loop_work_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run_fast(where()).startswith("asyncio")
