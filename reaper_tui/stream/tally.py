"""What the service counts: plain numbers on the way of every event, read when somebody asks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Spread:
    """How often a duration fell below each bound."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self.total += seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self.counts[index] += 1
                return
        self.counts[-1] += 1


@dataclass(slots=True)
class Tally:
    """Counts since the start of the process."""

    events: int = 0
    deliveries: int = 0
    replayed: int = 0
    bytes: int = 0
    fell_behind: int = 0
    gaps: int = 0
    opened: int = 0
    requests: int = 0
    pending_bytes: int = 0
    lag_seconds: float = 0.0
    flush_seconds: Spread = field(default_factory=Spread)
    dismissed: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
