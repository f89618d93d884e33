"""What live events did while something of the source was being read: a page may be older than what is known by now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping

from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.feed import FeedEvent

Renewed = Mapping[int, tuple[bytes, frozenset[ChangeKind]]]
REMEMBERED = 20_000


class Vigil:
    """Shared by those who read the source and those who listen to it; without anybody listening it says nothing."""

    def __init__(self) -> None:
        self._time = 0
        self._touched: OrderedDict[int, int] = OrderedDict()
        self.is_live = False
        self.gap_count = 0
        self.on_stored: Callable[[int], Awaitable[None]] | None = None
        self.teller: Callable[[int, Renewed, Iterable[int]], list[FeedEvent]] | None = None

    def now(self) -> int:
        """Return a mark to ask about later, taken before a page is asked for."""
        return self._time

    def touch(self, message_ids: Iterable[int]) -> None:
        """Note that events told about messages."""
        self._time += 1
        for message_id in message_ids:
            self._touched[message_id] = self._time
            self._touched.move_to_end(message_id)
        while len(self._touched) > REMEMBERED:
            self._touched.popitem(last=False)

    def was_touched(self, message_id: int, since: int) -> bool:
        """Return whether an event told about a message after a mark was taken."""
        return self._touched.get(message_id, 0) > since

    def gap(self) -> None:
        """Note that events may be missing: no page asked for before shows where the source ends."""
        self.gap_count += 1

    async def stored(self, container_id: int) -> None:
        """Tell that a page was put into the journal."""
        if self.on_stored is not None:
            await self.on_stored(container_id)

    def told(self, container_id: int, renewed: Renewed, gone: Iterable[int]) -> list[FeedEvent]:
        """Return what a feed is to be told of changes that nobody told about when they happened."""
        return [] if self.teller is None else self.teller(container_id, renewed, gone)
