"""A stop ends what follows, whenever it comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reaper_tui.engine.control import RunControl, RunState, StopRequested
from reaper_tui.engine.follower import Follower
from reaper_tui.engine.progress import Progress


class StoppedWhileRead:
    """A journal with nothing in it; somebody stops the run while it is read."""

    def __init__(self, control: RunControl) -> None:
        self._control = control

    async def read(self, query: object) -> tuple[int, ...]:
        self._control.stop("enough")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return ()


async def test_a_stop_while_the_journal_is_read_ends_it() -> None:
    control = RunControl()
    control.move(RunState.PREPARING)
    journal: Any = StoppedWhileRead(control)
    amender: Any = None
    follower = Follower(journal, control, Progress(lambda: 0.0), amender)
    with pytest.raises(StopRequested, match="enough"):
        await asyncio.wait_for(follower.run(), 5)
