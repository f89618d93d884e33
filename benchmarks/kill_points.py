"""Moments at which a run is killed: by the clock, or while the server has a certain request in its hands."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from programs import Control, Run

EXECUTE = "POST /webhooks/:id/:token*"
STRUCTURE = "[PD]* /guilds/*|[PD]* /channels/*"
HELD_S = 60.0
RANDOM = "random"
Faults = Sequence[str | dict[str, Any]]


@dataclass(frozen=True)
class Point:
    """A fault that holds one request while the run is killed, `latest` requests after its start at most."""

    fault: str
    only: str
    latest: int
    delay: float = HELD_S
    before: tuple[str, str] = ("", "")

    def faults(self, after: int) -> list[dict[str, Any]]:
        """What to ask the control server for."""
        held = {"name": self.fault, "only": self.only, "every": 1, "count": 1, "delay": self.delay}
        if not self.before[0]:
            return [{**held, "after": after}]
        first = {"name": self.before[0], "only": self.before[1], "every": 1, "count": 1, "after": after}
        return [first, held]


# In the order of a message's life.
POINTS = {
    "mid-structure": Point("stall-after-store", STRUCTURE, 25),
    "mid-capture": Point("discord-stall", "GET /channels/:id/messages", 8),
    "mid-upload": Point("stall-upload", "POST * +files", 2),
    "before-send": Point("fluxer-stall", EXECUTE, 12),
    "after-store": Point("stall-after-store", EXECUTE, 12),
    "store-after-kill": Point("reset-then-store", "POST /webhooks/:id/:token", 12, delay=0.2),
    "before-commit": Point("fluxer-slow-reply", EXECUTE, 12, delay=0.1),
    "mid-read-back": Point(
        "fluxer-stall", "GET /channels/:id/messages", 0, before=("reset-after-store", "POST /webhooks/:id/:token")
    ),
}
_REPLY_SPREAD_S = 0.012
_PATIENCE_S = 4.0


def strike(run: Run, name: str, control: Control | None, base: Faults, chance: random.Random, longest: float) -> str:
    """Wait for the moment and kill; return the point at which it struck a run at work, empty if there was none."""
    if name == RANDOM or control is None:
        return RANDOM if run.wait(chance.uniform(0.3, longest)) and run.kill() else _gone(run)
    point = POINTS[name]
    control.set([*base, *point.faults(chance.randint(0, point.latest))])
    deadline = time.monotonic() + _PATIENCE_S
    reached = False
    while run.is_running and not reached and time.monotonic() < deadline:
        reached = control.holds(point.fault)
    if reached and name == "before-commit":
        run.wait(max(0.0, point.delay + chance.uniform(-_REPLY_SPREAD_S / 3, _REPLY_SPREAD_S)))
    was_running = run.kill()
    control.set(base)
    if not was_running:
        return ""
    return name if reached else RANDOM


def _gone(run: Run) -> str:
    run.kill()
    return ""
