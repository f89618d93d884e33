"""How the service is, by component."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from reaper_tui.stream.hub import Hub

KEPT_SECONDS = 1.0
Component = Callable[[], Awaitable[Mapping[str, Mapping[str, Any]]]]


class Health:
    """Asks every component, at most once a second."""

    def __init__(self, hub: Hub, components: Sequence[Component], clock: Callable[[], float]) -> None:
        self._hub = hub
        self._components = components
        self._clock = clock
        self._known: tuple[float, dict[str, Any]] | None = None

    async def report(self) -> dict[str, Any]:
        """Return `status` (ok, degraded, down) and each component's own."""
        now = self._clock()
        if self._known is not None and now - self._known[0] < KEPT_SECONDS:
            return self._known[1]
        components: dict[str, Any] = {}
        for component in self._components:
            components.update(await component())
        feed: dict[str, Any] = {"status": "ok", "epoch": self._hub.epoch, "head": self._hub.flushed}
        if self._hub.standing is None or self._hub.trouble:
            feed |= {"status": "down", "note": self._hub.trouble or "there is no feed yet"}
        components["feed"] = feed | {"lag_seconds": round(self._hub.tally.lag_seconds, 3)}
        # The feed stands on the other components: one of several may be down without harm.
        states = {name: component["status"] for name, component in components.items()}
        status = "down" if states["feed"] == "down" else "ok"
        if status == "ok" and any(state != "ok" for state in states.values()):
            status = "degraded"
        report = {"status": status, "listeners": len(self._hub.sessions), "components": components}
        self._known = (now, report)
        return report
