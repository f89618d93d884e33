"""Older events by pages of fixed place, so that everybody who catches up reads each page once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from reaper_tui.stream.events import Event, events_of
from reaper_tui.stream.source import Source

PAGE = 128


class History:
    """Pages of the feed, the newest used ones kept; a page that may still grow is not."""

    def __init__(self, source: Source, guild_id: str, *, most_bytes: int = 16 << 20) -> None:
        self.reads = 0
        self._source = source
        self._guild_id = guild_id
        self._most_bytes = most_bytes
        self._size = 0
        self._pages: OrderedDict[int, tuple[list[Event], int]] = OrderedDict()
        self._reading: dict[tuple[int, int], asyncio.Task[list[Event]]] = {}

    async def after(self, seq: int, until: int) -> tuple[list[Event], int]:
        """Return the events behind `seq` of its page and the number up to which they are all there are."""
        number = seq // PAGE
        end = min((number + 1) * PAGE, until)
        kept = self._pages.get(number)
        if kept is not None:
            self._pages.move_to_end(number)
            events = kept[0]
        else:
            events = await self._read(number, until)
        if not events or (events[0].seq > seq and events[-1].seq <= end):
            return events, end
        return [event for event in events if seq < event.seq <= end], end

    async def _read(self, number: int, until: int) -> list[Event]:
        # A read that others wait for goes on when the one who asked first is gone.
        last = min((number + 1) * PAGE, until)
        reading = self._reading.get((number, last))
        if reading is None:
            reading = asyncio.create_task(self._load(number, last), name="history page")
            self._reading[number, last] = reading
            reading.add_done_callback(lambda done: self._forget(number, last, done))
        return await asyncio.shield(reading)

    def _forget(self, number: int, last: int, reading: asyncio.Task[list[Event]]) -> None:
        del self._reading[number, last]
        if not reading.cancelled():
            reading.exception()

    async def _load(self, number: int, last: int) -> list[Event]:
        self.reads += 1
        events = events_of(await self._source.after(number * PAGE, PAGE, last), self._guild_id)
        if last == (number + 1) * PAGE:
            size = sum(len(event.frame) for event in events)
            self._pages[number] = (events, size)
            self._size += size
            while self._size > self._most_bytes and len(self._pages) > 1:
                _, (_, freed) = self._pages.popitem(last=False)
                self._size -= freed
        return events
