"""Listening without a target: the feed tells what happens, once, over restarts and cuts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from reaper_tui.engine.listening import Listening
from reaper_tui.journal import feed, live
from reaper_tui.sandbox.faults import Wish
from reaper_tui.wiring import open_capture
from tests.engine.world import World
from tests.live.mirror import People, people, text_channel


@contextlib.asynccontextmanager
async def listening(world: World, **options: Any) -> AsyncGenerator[Listening]:
    async with open_capture(world.settings, world.home, **options) as found:
        task = asyncio.create_task(found.run())
        while not found.progress.live.is_connected or await found.journal.read(live.gaps):
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        try:
            yield found
        finally:
            found.control.stop()
            await asyncio.wait_for(task, 10)


async def told(found: Listening, count: int) -> list[tuple[str, int]]:
    """What the feed holds, once it holds so much."""
    for _ in range(1000):
        rows = await found.journal.read(lambda raw: feed.after(raw, 0, 1000))
        if len(rows) >= count:
            break
        await asyncio.sleep(0.01)
    return [(row.kind, row.message_id) for row in rows]


async def test_the_feed_tells_each_thing_once_over_a_restart(tmp_path: Path) -> None:
    async with people(tmp_path / "profile") as crowd:
        channel = text_channel(crowd.world).id
        woken: list[None] = []
        async with listening(crowd.world, on_feed=lambda: woken.append(None)) as found:
            one = await crowd.write(channel, "one")
            two = await crowd.write(channel, "two")
            await crowd.edit(channel, one, "one, edited")
            assert await told(found, 3) == [("create", one), ("create", two), ("update", one)]
            assert woken
        three = await crowd.write(channel, "three")
        await crowd.edit(channel, two, "two, edited while nobody listened")
        await crowd.delete(channel, one)
        async with listening(crowd.world) as found:
            four = await crowd.write(channel, "four")
            rows = await told(found, 7)
        assert sorted(rows[3:]) == sorted([("create", three), ("update", two), ("delete", one), ("create", four)])
        assert rows.index(("create", three)) < rows.index(("create", four))


async def test_a_new_thread_and_only_channels_asked_for_are_told(tmp_path: Path) -> None:
    async with people(tmp_path / "profile") as crowd:
        asked, other = text_channel(crowd.world, 0).id, text_channel(crowd.world, 1).id
        async with listening(crowd.world, channel_ids=[asked]) as found:
            unheard = await crowd.write(other, "unheard")
            thread = await _thread(crowd, asked)
            inside = await crowd.write(thread, "in the thread")
            outside = await crowd.write(asked, "in the channel")
            rows = await told(found, 3)
        # Opening a thread leaves a notice in its channel.
        assert {("create", inside), ("create", outside)} <= set(rows)
        assert len(rows) == 3
        assert ("create", unheard) not in rows


async def _thread(crowd: People, channel: int) -> int:
    return int((await crowd.do("thread_create", channel, name="a new thread"))["id"])


async def test_whatever_was_written_in_a_gap_is_found_however_much_it_is(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=20, channels=2) as crowd:
        channel = text_channel(crowd.world).id
        sandbox = crowd.world.sandbox
        async with listening(crowd.world) as found:
            first = await crowd.write(channel, "heard")
            assert await told(found, 1) == [("create", first)]
            await sandbox.change_faults([Wish("gateway-swallow", every=1)])
            # More than the newest pages that are looked at again for what was edited.
            unheard = [await crowd.write(channel, f"line {number}") for number in range(650)]
            await sandbox.change_faults([])
            await sandbox.discord.gateway.cut(forget=True)
            last = await crowd.write(channel, "heard again")
            rows = await told(found, 652)
        assert rows == [("create", each) for each in (first, *unheard, last)]
