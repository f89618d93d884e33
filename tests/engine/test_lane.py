"""Who stands behind a lane begins when what was brought before is on record."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from reaper_tui.engine.departures import News
from reaper_tui.engine.lane import Lane
from reaper_tui.engine.places import ChannelPlace
from reaper_tui.journal.records import Container
from reaper_tui.model.errors import JournalError


class BrokenLane(Lane):
    """Ends while what became of its last post is still queued."""

    async def _deliver_all(self) -> None:
        self._unconfirmed = self._shared.on_record  # type: ignore[attr-defined]


class Ahead:
    """Files fetched ahead, of which it is known whether they were given up."""

    is_dropped = False

    async def drop(self, keys: list[int]) -> None:
        self.is_dropped = True


@pytest.mark.parametrize("error", [None, JournalError("The disk is full")])
async def test_a_lane_that_ends_lets_those_behind_it_begin_only_with_its_last_post_on_record(
    error: JournalError | None,
) -> None:
    on_record: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ahead = Ahead()
    shared: Any = SimpleNamespace(
        slots=asyncio.Semaphore(1),
        capture=SimpleNamespace(news=News()),
        on_record=on_record,
        courier=SimpleNamespace(ahead=ahead),
        journal=SimpleNamespace(hurry=lambda: None),
    )
    pool: Any = SimpleNamespace(serves=list[object]().append)
    container = Container(7, "c", "text", "", 7, 0, 1, True, 1, 1, 0)
    lane = BrokenLane(shared, 7, ChannelPlace(70), [container], pool)
    running = asyncio.create_task(lane.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not running.done()
    assert not lane.has_caught_up and not shared.capture.news.taken()
    if error is None:
        on_record.set_result(None)
        await running
    else:
        on_record.set_exception(error)
        with pytest.raises(JournalError):
            await running
    assert lane.has_caught_up and shared.capture.news.taken() == {7}
    assert ahead.is_dropped
