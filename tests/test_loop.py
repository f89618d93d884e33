"""The loop a program's work runs on."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reaper_tui.loop import run_fast


async def where() -> str:
    return type(asyncio.get_running_loop()).__module__


async def eager() -> str:
    # As Textual does, and in a task of its own.
    if sys.version_info >= (3, 12):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    return await asyncio.create_task(where(), name="eager")


HAS_FAST_LOOP = sys.platform != "win32" and not (3, 13, 0) <= sys.version_info[:3] < (3, 13, 3)


@pytest.mark.skipif(not HAS_FAST_LOOP, reason="uvloop is not made for Windows, nor the first releases of 3.13 for it")
def test_work_runs_on_the_fast_loop() -> None:
    assert run_fast(where()).startswith("uvloop")


def test_tasks_can_start_at_once_on_whatever_loop_there_is() -> None:
    assert run_fast(eager()).startswith(("uvloop", "asyncio"))


def test_without_the_fast_loop_work_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run_fast(where()).startswith("asyncio")
