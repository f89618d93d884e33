"""Rates of the last minute, from samples taken each second."""

from __future__ import annotations

from collections import deque

from reaper_tui.stream.tally import Tally

KEPT_SECONDS = 60


class Rates:
    """Remembers counts of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, int, int]] = deque(maxlen=KEPT_SECONDS + 1)

    def sample(self, now: float, tally: Tally) -> None:
        """Remember the counts of this moment."""
        self._samples.append((now, tally.events, tally.deliveries + tally.replayed, tally.bytes))

    def per_second(self) -> dict[str, float]:
        """Return events, deliveries and bytes a second over the last minute or what there is of it."""
        if len(self._samples) < 2:
            return {"events": 0.0, "deliveries": 0.0, "bytes": 0.0}
        first, last = self._samples[0], self._samples[-1]
        seconds = max(last[0] - first[0], 0.001)
        return {
            name: round((last[index] - first[index]) / seconds, 2)
            for index, name in ((1, "events"), (2, "deliveries"), (3, "bytes"))
        }
