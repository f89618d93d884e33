"""Which lane begins when: thousands that only wait would cost memory, and stand before who idled a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, Protocol


class Sender(Protocol):
    """Delivers one target channel; `heeds` are the ids of what may let it begin."""

    @property
    def weight(self) -> int: ...
    @property
    def heeds(self) -> Sequence[int]: ...
    @property
    def may_begin(self) -> bool: ...
    async def run(self) -> None: ...


class News:
    """Tells whoever waits which containers grew and which lanes caught up."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._is_told = asyncio.Event()

    def tell(self, ids: Iterable[int]) -> None:
        """Let whoever heeds these be looked at again."""
        self._ids.update(ids)
        self._is_told.set()

    def taken(self) -> set[int]:
        """Return what was told since this was last asked."""
        ids, self._ids = self._ids, set()
        self._is_told.clear()
        return ids

    async def wait(self) -> None:
        """Wait until there is something."""
        await self._is_told.wait()


async def departures(
    lanes: Iterable[Sender], slots: asyncio.Semaphore, news: News
) -> AsyncIterator[Callable[[], Coroutine[Any, Any, None]]]:
    """Yield each lane's run as a slot comes free, the largest first of those that may begin."""
    waiting = dict(enumerate(sorted(lanes, key=lambda lane: lane.weight, reverse=True)))
    heeding: dict[int, list[int]] = {}
    for place, lane in waiting.items():
        for told in lane.heeds:
            heeding.setdefault(told, []).append(place)
    ready: list[tuple[int, Sender]] = []

    def look(places: Iterable[int]) -> None:
        for place in places:
            if place in waiting and waiting[place].may_begin:
                heappush(ready, (place, waiting.pop(place)))

    look(tuple(waiting))
    while waiting or ready:
        if not ready:
            await news.wait()
        async with slots:
            look({place for told in news.taken() for place in heeding.get(told, ())})
        if ready:
            yield heappop(ready)[1].run
