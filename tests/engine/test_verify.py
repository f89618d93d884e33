"""Reading back: the largest channel first, a page ahead, and nothing left running however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from reaper_tui.engine.control import RunControl, RunState, StopRequested
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.fingerprint import fingerprint
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.progress import Progress
from reaper_tui.engine.verify import PAGE, Verifier
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import MessageState, PartRecord
from reaper_tui.journal.settling import Settlement
from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.outgoing import TargetMessage
from reaper_tui.model.plan import Placement, Route
from reaper_tui.model.summary import Verification

CHANNELS = {1: 30, 2: 250, 3: 100, 4: 0, 5: 101}
NAMES = {channel_id: f"c{channel_id}" for channel_id in CHANNELS}
Ask = tuple[int, int | None]


def posts_of(channel_id: int) -> list[TargetMessage]:
    return [
        TargetMessage(1000 * channel_id + number, channel_id, 7, "Ada", f"text {number}")
        for number in range(1, CHANNELS[channel_id] + 1)
    ]


class Target:
    """Hands out pages; `closed` are asks that wait for `opened`, `broken` those that fail."""

    def __init__(self) -> None:
        self.posts = {channel_id: posts_of(channel_id) for channel_id in CHANNELS}
        self.asked: list[Ask] = []
        self.answered: list[Ask] = []
        self.closed: set[Ask] = set()
        self.opened = asyncio.Event()
        self.broken: dict[Ask, Exception] = {}

    async def history(self, channel_id: int, before: int | None, limit: int) -> Sequence[TargetMessage]:
        ask = (channel_id, before)
        self.asked.append(ask)
        if ask in self.closed:
            await self.opened.wait()
        if ask in self.broken:
            raise self.broken[ask]
        self.answered.append(ask)
        rows = [post for post in reversed(self.posts[channel_id]) if before is None or post.id < before]
        return rows[:limit]


class Bench:
    """A verifier over a journal that knows every post of a target."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.target = Target()
        self.control = RunControl()
        self.control.move(RunState.PREPARING)
        self.control.move(RunState.RUNNING)

    async def verify(self) -> Verification:
        progress, log = Progress(lambda: 0.0), EventLog(lambda: 0.0)
        outage = Outage(self.control, progress, log, now=lambda: 0.0)
        writer = cast("Any", self.target)
        verifier = Verifier(writer, self.journal, self.control, progress, log, outage, edits_posts=True)
        return await verifier.run(NAMES)


@asynccontextmanager
async def bench(path: Path) -> AsyncIterator[Bench]:
    journal = await Journal.open(path / "journal.db")
    try:
        await journal.select_routes([Route(c, f"c{c}", "text", c, Placement.OWN, 0) for c in CHANNELS], 0)
        for channel_id in CHANNELS:
            posts = posts_of(channel_id)
            page = [(post.id, b"{}") for post in posts]
            await journal.capture_page(channel_id, page, cursor=1 << 40, attachments={}, is_end=True)
            for post in posts:
                part = PartRecord(post.id, 0, channel_id, channel_id, 7, f"{post.id}", True, 0.0, None, "")
                await journal.intend(part)
                on_record = journal.confirm(
                    part,
                    post.id,
                    fingerprint(post),
                    container_id=channel_id,
                    settlement=Settlement(MessageState.SENT),
                )
                journal.hurry()
                await on_record
        yield Bench(journal)
    finally:
        await journal.close()


def others() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()} - {"journal writer"}


async def test_the_largest_channels_are_read_first_and_nothing_twice(tmp_path: Path) -> None:
    async with bench(tmp_path) as work:
        result = await work.verify()
        assert result.is_clean
        assert result.checked == sum(CHANNELS.values())
        asked = work.target.asked
        assert [channel_id for channel_id, before in asked if before is None] == [2, 5, 3, 1]
        assert len(asked) == len(set(asked)) == 3 + 2 + 2 + 1


async def test_the_next_page_is_on_its_way_while_one_is_compared(tmp_path: Path) -> None:
    async with bench(tmp_path) as work:
        newest = posts_of(2)[-1]
        second: Ask = (2, newest.id - PAGE + 1)
        work.target.closed = {second}
        work.target.posts[2][-1] = TargetMessage(newest.id, 2, 7, "Ada", "changed by hand")
        verifying = asyncio.create_task(work.verify())
        while second not in work.target.asked:
            await asyncio.sleep(0)
        work.target.opened.set()
        result = await verifying
        assert (result.changed, result.checked) == (1, sum(CHANNELS.values()))


async def test_a_channel_that_closes_in_its_middle_is_unreadable_and_the_others_are_read(tmp_path: Path) -> None:
    async with bench(tmp_path) as work:
        before = posts_of(2)[-1].id - PAGE + 1
        work.target.broken = {(2, before): AccessDenied("the bot may not read this", ends_run=False)}
        result = await work.verify()
        assert result.unreadable == 1
        assert result.checked == sum(CHANNELS.values()) - CHANNELS[2] + PAGE
        assert others() == set()


@pytest.mark.parametrize("way", ["stop", "cancel"])
async def test_an_end_in_mid_page_leaves_nothing_running(tmp_path: Path, way: str) -> None:
    async with bench(tmp_path) as work:
        before = posts_of(2)[-1].id - PAGE + 1
        work.target.closed = {(2, before)}
        verifying = asyncio.create_task(work.verify())
        while (2, before) not in work.target.asked:
            await asyncio.sleep(0)
        if way == "stop":
            work.control.stop("enough")
            work.target.opened.set()
            with pytest.raises(StopRequested):
                await verifying
        else:
            verifying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await verifying
            assert (2, before) not in work.target.answered
        assert others() == set()
