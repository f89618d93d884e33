"""Live events go on record behind the history of their container, and the feed tells each thing once and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reaper_tui.journal import changes, feed, live, queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.feed import FeedEvent
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.live import Arrival, Changed, Taken
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.model.plan import Placement, Route

PLACE = 7


class PlainReading:
    """Every event's payload is what the message says from then on."""

    def arrival(self, event: LiveEvent) -> Arrival:
        return Arrival(files=1)

    def changed(self, payload: bytes, event: LiveEvent) -> Changed:
        told = FeedEvent("update", event.channel_id, event.message_id, event.payload, event.payload.decode())
        return Changed(event.payload, frozenset((ChangeKind.EDIT,)), told)


def written(message_id: int, place: int = PLACE) -> LiveEvent:
    return LiveEvent(LiveKind.MESSAGE, 0.0, place, (message_id,), b"new")


def edited(message_id: int, payload: bytes = b"edited") -> LiveEvent:
    return LiveEvent(LiveKind.EDIT, 0.0, PLACE, (message_id,), payload)


def deleted(*message_ids: int) -> LiveEvent:
    return LiveEvent(LiveKind.DELETE, 0.0, PLACE, message_ids)


async def take(journal: Journal, *events: LiveEvent) -> Taken:
    return await journal.write(lambda raw: live.take(raw, events, PlainReading(), 0.0))


async def read_page(journal: Journal, *message_ids: int, is_end: bool) -> int:
    page = [(message_id, b"read") for message_id in message_ids]
    cursor = max(message_ids, default=0)
    return await journal.capture_page(PLACE, page, cursor=cursor, attachments={}, is_end=is_end, feeds=True)


async def sendable(journal: Journal) -> list[int]:
    return [row.id for row in await journal.read(lambda raw: queries.waiting_in_lane(raw, PLACE, 100))]


async def told(journal: Journal) -> list[tuple[str, int]]:
    return [(row.kind, row.message_id) for row in await journal.read(lambda raw: feed.after(raw, 0, 100))]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    made = await Journal.open(tmp_path / "journal.db")
    await made.select_routes([Route(PLACE, "general", "text", PLACE, Placement.OWN, 0)], 0)
    yield made
    await made.close()


async def test_a_new_message_waits_until_the_history_before_it_is_there(journal: Journal) -> None:
    await read_page(journal, 1, 2, is_end=False)
    taken = await take(journal, written(50))
    assert taken.added == {PLACE: 1}
    assert await sendable(journal) == [1, 2]
    assert await read_page(journal, 3, 4, is_end=False) == 2
    assert await sendable(journal) == [1, 2, 3, 4]
    assert await read_page(journal, 5, 50, is_end=True) == 1
    assert await sendable(journal) == [1, 2, 3, 4, 5, 50]
    count = await journal.read(queries.message_count)
    assert (count.source, count.pending) == (6, 6)
    # History is no news: only what was written meanwhile is told.
    assert await told(journal) == [("create", 50)]


async def test_behind_a_gap_everything_waits_for_what_was_missed(journal: Journal) -> None:
    await read_page(journal, 1, is_end=True)
    await take(journal, written(2))
    await journal.write(live.open_gaps)
    assert await journal.read(live.gaps) == [PLACE]
    await take(journal, written(9), edited(9), deleted(2))
    assert await sendable(journal) == [1, 2]
    assert await told(journal) == [("create", 2), ("delete", 2)]
    await read_page(journal, 5, 6, 9, is_end=True)
    assert await sendable(journal) == [1, 2, 5, 6, 9]
    assert await told(journal) == [("create", 2), ("delete", 2), ("create", 5), ("create", 6), ("create", 9)]
    newest = (await journal.read(lambda raw: feed.after(raw, 0, 100)))[-1]
    assert newest.body == b"edited"


async def test_what_comes_too_early_is_handed_back(journal: Journal) -> None:
    await read_page(journal, 1, is_end=False)
    taken = await take(journal, edited(30), deleted(1, 31), written(4, place=99))
    assert [(event.kind, event.message_ids) for event in taken.early] == [
        (LiveKind.EDIT, (30,)),
        (LiveKind.DELETE, (31,)),
        (LiveKind.MESSAGE, (4,)),
    ]
    assert taken.unknown == {99}
    await read_page(journal, 30, 31, is_end=True)
    again = await take(journal, *taken.early[:2])
    assert again.early == []
    assert await journal.read(lambda raw: raw.execute("SELECT is_gone FROM message WHERE id = 31").fetchone()[0]) == 1


async def test_a_message_told_twice_counts_once(journal: Journal) -> None:
    await read_page(journal, is_end=True)
    await take(journal, written(2), written(2))
    await take(journal, written(2))
    count = await journal.read(queries.message_count)
    files = await journal.read(queries.attachment_count)
    assert (count.source, files.source) == (1, 1)
    assert await told(journal) == [("create", 2)]


async def test_one_that_is_older_than_what_was_sent_is_sent_still(journal: Journal) -> None:
    """Ids are made by many machines: the next message may carry a lower one."""
    await read_page(journal, is_end=True)
    await take(journal, written(20), written(19))
    assert await sendable(journal) == [19, 20]


async def test_new_containers_join_a_run_and_the_old_ones_keep_their_place(journal: Journal) -> None:
    await read_page(journal, 1, is_end=True)
    routes = [
        Route(PLACE, "renamed", "text", PLACE, Placement.OWN, 0),
        Route(8, "a thread", "thread", PLACE, Placement.INLINE, 0),
    ]
    assert await journal.write(lambda raw: live.add_routes(raw, routes)) == [8]
    rows = {row.id: row for row in await journal.read(queries.containers)}
    assert (rows[PLACE].name, rows[PLACE].is_captured) == ("renamed", True)
    assert (rows[8].lane_id, rows[8].is_captured) == (PLACE, False)


async def test_deleting_twice_is_one_deletion(journal: Journal) -> None:
    await read_page(journal, 1, is_end=True)
    await take(journal, deleted(1))
    await take(journal, deleted(1))
    assert await told(journal) == [("delete", 1)]
    assert (await journal.read(changes.change_counts))["deletes"].pending == 1
