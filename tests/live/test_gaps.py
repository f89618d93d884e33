"""A gap may be told at any moment of a reading: the end of a history counts only when none was."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

from reaper_tui.engine.capture import Capture
from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.progress import ChannelTally, Progress
from reaper_tui.engine.renewals import Renewals
from reaper_tui.engine.rescan import Rescan
from reaper_tui.engine.vigil import Vigil
from reaper_tui.journal import live, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.model.plan import Placement, Route
from tests.engine.world import World
from tests.live.mirror import mirror, people, posts_in, text_channel

PLACE = 7


class EmptySource:
    """A channel nobody writes in."""

    def __init__(self) -> None:
        self.pages = 0

    async def page(self, channel_id: int, after: int) -> list[Any]:
        self.pages += 1
        return []


async def test_a_gap_told_as_the_end_is_reached_is_read_behind(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db")
    await journal.select_routes([Route(PLACE, "general", "text", PLACE, Placement.OWN, 0)], 0)
    source, vigil, control, progress = EmptySource(), Vigil(), RunControl(), Progress(time.time)
    progress.channels[PLACE] = ChannelTally(PLACE, "general", "text")
    log = EventLog(time.time)
    outage = Outage(control, progress, log, now=time.time)
    reader = cast("Any", source)
    rescan = Rescan(
        reader,
        journal,
        control,
        outage,
        log,
        Renewals(),
        vigil,
        now=time.time,
        depth="auto",
        follows_a_whole_run=False,
    )

    async def gap_once(container_id: int) -> None:
        vigil.on_stored = None
        vigil.gap()
        await journal.write(live.open_gaps)
        assert await journal.read(live.gaps) == [container_id]

    vigil.on_stored = gap_once
    capture = _capture(reader, journal, control, progress, log, outage, rescan, vigil)
    await capture.run(await journal.read(queries.containers))
    assert source.pages == 2
    assert await journal.read(live.gaps) == []
    await journal.close()


async def test_a_mirror_that_was_cut_off_early_finds_what_was_changed_meanwhile(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=20, channels=2) as crowd:
        channel = text_channel(crowd.world)

        def stands(what: str) -> bool:
            return what in posts_in(crowd.world, channel.name)

        async with mirror(crowd.world) as run:
            await run.is_live()
            doomed, changed = await crowd.write(channel.id, "doomed"), await crowd.write(channel.id, "as it was")
            await run.until(lambda: stands("as it was"), "the posts")
            await run.stop()
        await forget_the_mirror(crowd.world)
        await crowd.delete(channel.id, doomed)
        # Nothing that was known is on the newest page any more.
        for number in range(120):
            await crowd.write(channel.id, f"line {number}")
        async with mirror(crowd.world) as run:
            await run.until(lambda: stands("line 119") and not stands("doomed"), "the deletion")
            await run.stop()
        await forget_the_mirror(crowd.world)
        await crowd.edit(channel.id, changed, "as it is")
        async with mirror(crowd.world) as run:
            await run.until(lambda: stands("as it is"), "the edit")
            await run.stop()


async def forget_the_mirror(world: World) -> None:
    """Leave the journal as if no mirror had carried every history over yet."""
    async with world.workspace() as workspace:
        await workspace.clone.journal.write(
            lambda raw: raw.execute("DELETE FROM fact WHERE name = ?", (live.FOLLOWED,)).rowcount
        )


def _capture(*parts: Any) -> Capture:
    *first, rescan, vigil = parts
    return Capture(*first, rescan, lambda message: (), vigil)
