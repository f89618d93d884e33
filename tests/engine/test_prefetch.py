"""Files fetched ahead are handed out once, within their bound, and none is left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reaper_tui.engine.prefetch import Prefetch
from reaper_tui.model.errors import FileUnavailable, ServiceDown
from reaper_tui.model.message import Attachment, Author, Message
from reaper_tui.model.outgoing import FileSlot, SpooledFile


class Shelf:
    """A spool that hands out files when it is told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.released: list[int] = []
        self.gate = asyncio.Event()
        self.failures: dict[int, Exception] = {}

    async def fetch(self, slot: FileSlot, limit: int) -> SpooledFile:
        self.asked.append(slot.key)
        await self.gate.wait()
        if slot.key in self.failures:
            raise self.failures[slot.key]
        return SpooledFile(slot.key, Path("x"), slot.filename, slot.size or 0)

    def release(self, file: SpooledFile) -> None:
        self.released.append(file.key)

    async def image(self, url: str, limit: int) -> bytes:
        raise NotImplementedError


def message(*sizes: int, first: int = 1) -> Message:
    files = tuple(
        Attachment(first + n, f"{first + n}.bin", "https://x.invalid/f", size) for n, size in enumerate(sizes)
    )
    return Message(id=first, channel_id=2, kind=0, author=Author(3, "Ada"), attachments=files)


async def test_a_file_is_fetched_once_and_named_as_it_is_sent() -> None:
    shelf = Shelf()
    ahead = Prefetch(shelf, 1000)
    ahead.begin(message(10))
    ahead.begin(message(10))
    shelf.gate.set()
    slot = FileSlot(1, "other", "renamed.bin", 10, "words", is_spoiler=True, duration_seconds=7.0, waveform="AAA=")
    file = await ahead.take(slot)
    assert file is not None
    shared = set(FileSlot.__struct_fields__) & set(SpooledFile.__struct_fields__)
    assert shared >= {"filename", "description", "is_spoiler", "duration_seconds", "waveform"}
    assert {name: getattr(file, name) for name in shared} == {name: getattr(slot, name) for name in shared}
    assert shelf.asked == [1]
    assert await ahead.take(FileSlot(1, "other", "renamed.bin", 10)) is None
    await ahead.drop()
    assert shelf.released == []


async def test_what_would_not_fit_waits_for_its_turn() -> None:
    shelf = Shelf()
    ahead = Prefetch(shelf, 1000, budget=100)
    ahead.begin(message(80, 30, 20, 2000))
    await asyncio.sleep(0)
    assert shelf.asked == [1, 3]
    shelf.gate.set()
    await ahead.drop([1])
    ahead.begin(message(30, first=2))
    await asyncio.sleep(0)
    assert shelf.asked == [1, 3, 2]
    await ahead.drop()


async def test_what_nobody_took_is_released() -> None:
    shelf = Shelf()
    ahead = Prefetch(shelf, 1000)
    ahead.begin(message(10, 10))
    shelf.gate.set()
    await asyncio.sleep(0.01)
    await ahead.drop()
    assert sorted(shelf.released) == [1, 2]


def failing(error: Exception) -> Prefetch:
    """A prefetch that has begun with file 1 and cannot have it."""
    shelf = Shelf()
    shelf.failures = {1: error}
    shelf.gate.set()
    ahead = Prefetch(shelf, 1000)
    ahead.begin(message(10))
    return ahead


async def test_an_outage_ahead_is_left_to_who_takes_the_file() -> None:
    ahead = failing(ServiceDown("down"))
    assert await ahead.take(FileSlot(1, "u", "n", 10)) is None


async def test_what_cannot_be_had_ahead_is_not_tried_again() -> None:
    ahead = failing(FileUnavailable("gone"))
    with pytest.raises(FileUnavailable, match="gone"):
        await ahead.take(FileSlot(1, "u", "n", 10))
    assert await ahead.take(FileSlot(1, "u", "n", 10)) is None


async def test_a_taker_that_is_cancelled_leaves_nothing_behind() -> None:
    shelf = Shelf()
    ahead = Prefetch(shelf, 1000)
    ahead.begin(message(10))
    taker = asyncio.create_task(ahead.take(FileSlot(1, "u", "n", 10)))
    await asyncio.sleep(0)
    taker.cancel()
    await asyncio.gather(taker, return_exceptions=True)
    shelf.gate.set()
    await asyncio.sleep(0.01)
    await ahead.drop()
    assert shelf.released == [1]
