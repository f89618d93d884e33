"""Counts what a server is asked, by channel: how much was read, how much written."""

from collections import Counter

_READS = ("GET", "HEAD")


class Traffic:
    """Reads and writes, of all and of each channel."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, method: str, channel_id: str = "") -> None:
        """Count one request; one that concerns no channel only counts among all."""
        self._counts[channel_id, "reads" if method in _READS else "writes"] += 1

    def snapshot(self) -> dict[str, object]:
        """Return the sums, and those of each channel."""
        channels = sorted({channel_id for channel_id, _ in self._counts if channel_id})
        return {
            "reads": sum(count for (_, kind), count in self._counts.items() if kind == "reads"),
            "writes": sum(count for (_, kind), count in self._counts.items() if kind == "writes"),
            "by_channel": {
                channel_id: {kind: self._counts[channel_id, kind] for kind in ("reads", "writes")}
                for channel_id in channels
            },
        }
