"""Whoever catches up leaves the loop to those who are live."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from reaper_tui.stream.hub import WORKERS
from reaper_tui.stream.pace import REST, SLICE_SECONDS, Pace
from tests.stream.feeds import frames_until, message, served


async def test_after_a_slice_of_writing_everybody_else_has_the_loop() -> None:
    now = [0.0]
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await asyncio.sleep(0)

    pace = Pace(lambda: now[0], rest)
    most = running = 0

    async def write() -> None:
        nonlocal most, running
        for _ in range(4):
            async with pace.turn():
                running += 1
                most = max(most, running)
                now[0] += SLICE_SECONDS / 2
                await asyncio.sleep(0)
                running -= 1

    await asyncio.gather(*(write() for _ in range(3)))
    assert most == 1
    assert sum(rests) >= REST * (now[0] - SLICE_SECONDS)
    assert max(rests) < 2 * REST * SLICE_SECONDS


async def test_those_who_leave_are_no_work_for_the_garbage_collector(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write([message(1)])
        gc.collect()
        gc.disable()
        try:
            for _ in range(15):
                async with service.connect("after=earliest") as ws:
                    await frames_until(ws, "live")
            async with asyncio.timeout(10):
                while service.hub.sessions:
                    await asyncio.sleep(0.01)
            kept = [each for each in gc.get_objects() if type(each).__name__ in ("Session", "StreamWebSocket")]
            # Each worker remembers the last one it served.
            assert len(kept) <= 2 * WORKERS + 2
        finally:
            gc.enable()
