"""The follower: carries over, as it comes, what was written and changed behind histories that are done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from reaper_tui.engine.amend import Amender
from reaper_tui.engine.control import RunControl, StopRequested
from reaper_tui.engine.lane import Lane
from reaper_tui.engine.progress import Phase, Progress
from reaper_tui.journal import changes, live, queries
from reaper_tui.journal.journal import Journal


class Follower:
    """Runs a lane or amends a container whenever something waits there; each is done by one at a time."""

    def __init__(self, journal: Journal, control: RunControl, progress: Progress, amender: Amender) -> None:
        self._journal = journal
        self._control = control
        self._progress = progress
        self._amender = amender
        self._lanes: dict[int, Lane] = {}
        self._changed: set[int] = set()
        self._asked: set[int] = set()
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    def add(self, lane: Lane) -> None:
        """Follow a lane whose history is done."""
        if not lane.is_broken:
            self._lanes[lane.id] = lane
            self.wake(lane.container_ids)

    def wake(self, changed: Iterable[int] = ()) -> None:
        """Look what waits; `changed` are containers with changes to messages."""
        self._changed.update(changed)
        self._woken.set()

    def run_again(self, lane_id: int) -> None:
        """Run a lane even though nothing waits to be sent there."""
        if lane_id in self._lanes:
            self._asked.add(lane_id)
            self._woken.set()

    async def amend_all(self) -> None:
        """Carry over whatever changes wait, wherever they do."""
        self.wake(await self._journal.read(changes.waiting_containers))

    async def run(self) -> None:
        """Follow until the control stops it, which raises StopRequested once nothing is in flight any more."""
        stopping: asyncio.Task[Any] = asyncio.ensure_future(self._control.stopping())
        try:
            while True:
                await self._count()
                if not self._control.is_stopping:
                    await self._start()
                # A stop may have come while the journal was read, and nothing else would wake who waits below.
                if self._control.is_stopping and not self._tasks:
                    raise StopRequested(self._control.stop_reason)
                woken: asyncio.Task[Any] = asyncio.ensure_future(self._woken.wait())
                pending: set[asyncio.Task[Any]] = {woken, *self._tasks.values()}
                if not stopping.done():
                    pending.add(stopping)
                try:
                    await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    woken.cancel()
                self._woken.clear()
                self._reap()
        finally:
            stopping.cancel()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _start(self) -> None:
        waiting = {*await self._journal.read(queries.lanes_with_waiting), *self._asked} & self._lanes.keys()
        # A thread goes behind the message it hangs on.
        ahead = waiting | {key for kind, key in self._tasks if kind == "lane"}
        for lane_id in sorted(waiting):
            lane = self._lanes[lane_id]
            if ("lane", lane_id) not in self._tasks and lane.parent_id not in ahead:
                self._asked.discard(lane_id)
                self._tasks["lane", lane_id] = asyncio.create_task(self._follow(lane))
        for container_id in sorted(self._changed):
            if ("changes", container_id) not in self._tasks:
                self._changed.discard(container_id)
                task = asyncio.create_task(self._amender.container(container_id))
                self._tasks["changes", container_id] = task

    def _reap(self) -> None:
        for key, task in list(self._tasks.items()):
            if not task.done():
                continue
            del self._tasks[key]
            error = task.exception()
            if error is not None and not isinstance(error, StopRequested):
                raise error

    async def _follow(self, lane: Lane) -> None:
        await lane.follow()
        if lane.is_broken:
            del self._lanes[lane.id]
        # What changed while a message was on its way could not be carried over before it stood.
        self._changed.update(lane.container_ids)

    async def _count(self) -> None:
        if self._progress.live is not None and self._progress.phase is Phase.LIVE:
            self._progress.live.waiting = await self._journal.read(live.waiting_count)
