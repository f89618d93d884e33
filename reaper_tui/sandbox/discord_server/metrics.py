"""Counts requests by route and status, and bytes."""

from collections import Counter
from typing import Any

from reaper_tui.sandbox.traffic import Traffic


class Metrics:
    """What a server has been asked so far."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._bytes_out = 0
        self.traffic = Traffic()

    def count(self, route: str, status: int, size: int) -> None:
        """Count one answered request and the bytes of its body."""
        self._requests[route, status] += 1
        self._bytes_out += size

    def snapshot(self) -> dict[str, Any]:
        """Return the counts as JSON-able data."""
        by_status: Counter[str] = Counter()
        routes: dict[str, dict[str, int]] = {}
        for (route, status), count in sorted(self._requests.items()):
            by_status[str(status)] += count
            routes.setdefault(route, {})[str(status)] = count
        return {
            "requests": sum(self._requests.values()),
            "by_status": dict(by_status),
            "by_route": routes,
            "bytes_out": self._bytes_out,
            **self.traffic.snapshot(),
        }
