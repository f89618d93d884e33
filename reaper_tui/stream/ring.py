"""The newest events in memory, bounded by number and bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice

from reaper_tui.stream.events import Event


class Ring:
    """Events in order; `floor` is the newest one that is no longer here."""

    def __init__(self, floor: int, *, most_events: int = 4096, most_bytes: int = 16 << 20) -> None:
        self.floor = floor
        self.size = 0
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._events: deque[Event] = deque()

    def __len__(self) -> int:
        return len(self._events)

    def extend(self, events: Iterable[Event]) -> None:
        """Add newer events and let the oldest go."""
        for event in events:
            self._events.append(event)
            self.size += len(event.frame)
        while len(self._events) > self._most_events or (self.size > self._most_bytes and len(self._events) > 1):
            oldest = self._events.popleft()
            self.size -= len(oldest.frame)
            self.floor = oldest.seq

    def after(self, seq: int, until: int, limit: int) -> list[Event] | None:
        """Return up to `limit` events behind `seq` and up to `until`; None when some of them are gone."""
        if seq < self.floor:
            return None
        low, high = 0, len(self._events)
        while low < high:
            middle = (low + high) // 2
            if self._events[middle].seq > seq:
                high = middle
            else:
                low = middle + 1
        found = list(islice(self._events, low, low + limit))
        while found and found[-1].seq > until:
            found.pop()
        return found
