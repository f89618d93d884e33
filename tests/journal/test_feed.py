"""The feed numbers each event once and never uses a number again."""

from __future__ import annotations

from pathlib import Path

from reaper_tui.journal import feed
from reaper_tui.journal.feed import FeedEvent
from reaper_tui.journal.journal import Journal


def event(message_id: int, kind: str = "create", version: str | None = "") -> FeedEvent:
    return FeedEvent(kind, 5, message_id, b"{}", version)


async def test_the_same_event_is_kept_once(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db")
    await journal.write(lambda raw: feed.append(raw, [event(1), event(1), event(1, "update", "later")], 0.0))
    rows = await journal.read(lambda raw: feed.after(raw, 0, 10))
    assert [(row.message_id, row.kind) for row in rows] == [(1, "create"), (1, "update")]
    await journal.close()


async def test_reactions_are_never_the_same(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db")
    await journal.write(lambda raw: feed.append(raw, [event(1, "reactions", None)] * 2, 0.0))
    assert len(await journal.read(lambda raw: feed.after(raw, 0, 10))) == 2
    await journal.close()


async def test_a_number_is_not_used_again_after_pruning_and_reopening(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db")
    head = await journal.write(lambda raw: feed.append(raw, [event(1), event(2)], 0.0))
    epoch = await journal.write(feed.epoch)
    assert await journal.write(lambda raw: feed.prune(raw, head + 1)) == 2
    await journal.close()
    journal = await Journal.open(tmp_path / "journal.db")
    assert await journal.read(feed.epoch) == epoch
    assert await journal.read(feed.head) == head
    assert await journal.write(lambda raw: feed.append(raw, [event(3)], 0.0)) == head + 1
    await journal.close()
