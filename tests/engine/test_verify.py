"""Reading back: the largest channels first, each page once, and what was read counts when a channel closes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from reaper_tui.engine.control import RunControl, RunState
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
    """Hands out pages; `broken` are asks that fail."""

    def __init__(self) -> None:
        self.posts = {channel_id: posts_of(channel_id) for channel_id in CHANNELS}
        self.asked: list[Ask] = []
        self.broken: dict[Ask, Exception] = {}

    async def history(self, channel_id: int, before: int | None, limit: int) -> Sequence[TargetMessage]:
        ask = (channel_id, before)
        self.asked.append(ask)
        if ask in self.broken:
            raise self.broken[ask]
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


async def test_the_largest_channels_are_read_first_and_nothing_twice(tmp_path: Path) -> None:
    async with bench(tmp_path) as work:
        result = await work.verify()
        assert result.is_clean
        assert result.checked == sum(CHANNELS.values())
        asked = work.target.asked
        assert [channel_id for channel_id, before in asked if before is None] == [2, 5, 3, 1]
        assert len(asked) == len(set(asked)) == 3 + 2 + 2 + 1


async def test_a_channel_that_closes_in_its_middle_is_unreadable_and_the_others_are_read(tmp_path: Path) -> None:
    async with bench(tmp_path) as work:
        before = posts_of(2)[-1].id - PAGE + 1
        work.target.broken = {(2, before): AccessDenied("the bot may not read this", ends_run=False)}
        result = await work.verify()
        assert result.unreadable == 1
        assert result.checked == sum(CHANNELS.values()) - CHANNELS[2] + PAGE
