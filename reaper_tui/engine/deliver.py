"""Delivery: one ordered sender per target channel, many channels at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reaper_tui.engine.avatars import Avatars
from reaper_tui.engine.capture import Capture
from reaper_tui.engine.control import RunControl
from reaper_tui.engine.departures import Sender, departures
from reaper_tui.engine.directory import TargetMap
from reaper_tui.engine.estimate import LANES_AT_ONCE
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.files import FileCourier
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.pace import Pace
from reaper_tui.engine.ports import Composer, Reader, Writer
from reaper_tui.engine.progress import Progress
from reaper_tui.engine.reconcile import Reconciler
from reaper_tui.engine.renewals import Renewals
from reaper_tui.engine.together import begun_in_turn
from reaper_tui.engine.vigil import Vigil
from reaper_tui.journal.journal import Journal
from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.message import Message


@dataclass
class Delivery:
    """What all lanes share."""

    reader: Reader
    writer: Writer
    composer: Composer
    journal: Journal
    courier: FileCourier
    capture: Capture
    control: RunControl
    progress: Progress
    log: EventLog
    outage: Outage
    reconciler: Reconciler
    pace: Pace
    target: TargetMap
    now: Callable[[], float]
    author_key: Callable[[Message], str]
    avatars: Avatars
    renewals: Renewals
    vigil: Vigil
    capabilities: TargetCapabilities
    limits_scale: float = 1.0
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LANES_AT_ONCE))

    async def run(self, lanes: Iterable[Sender]) -> None:
        """Deliver every lane, the largest first; a lane that fails does not stop the others."""
        await begun_in_turn(departures(lanes, self.slots, self.capture.news))
