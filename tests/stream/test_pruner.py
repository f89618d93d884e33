"""Old events are forgotten when that was asked for, and never one that somebody still needs."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

from reaper_tui.stream.pruner import AT_ONCE, DAY, Pruner
from tests.stream.feeds import frames_until, message, numbers, served


async def test_what_is_older_than_asked_for_is_forgotten_and_told_as_pruned(tmp_path: Path) -> None:
    many = AT_ONCE + 500
    async with served(tmp_path) as service:
        await service.write(message(number) for number in range(1, many + 1))
        later = time.time() + 3 * DAY
        young = Pruner(service.journal, service.hub, (), 7, now=lambda: later)
        assert await young.prune() == 0
        old = Pruner(service.journal, service.hub, (), 2, now=lambda: later)
        # The newest stays: it says where the feed is.
        assert await old.prune() == many - 1
        await service.hub.look()
        async with service.connect(f"after={service.hub.epoch}:5") as ws:
            frames = await frames_until(ws, "live")
        assert [(frame["reason"], frame["from"]) for frame in frames if frame["op"] == "gap"] == [("pruned", many - 1)]
        assert numbers(frames) == [many]
        assert await service.write([message(many + 1)]) == many + 1


async def test_a_copy_and_a_listener_that_are_behind_keep_what_they_need(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write(message(number) for number in range(1, 101))
        later = time.time() + 3 * DAY
        copy, behind = SimpleNamespace(cursor=40), SimpleNamespace(is_live=False, cursor=60)
        hub = SimpleNamespace(sessions={}, flushed=100)
        pruner = Pruner(service.journal, hub, [copy], 1, now=lambda: later)
        assert await pruner.prune() == 40
        copy.cursor, hub.sessions = 100, [behind]
        assert await pruner.prune() == 20
        # A copy that was never reached has not said what it needs.
        copy.cursor, hub.sessions = 0, []
        assert await pruner.prune() == 0
