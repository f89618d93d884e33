"""What a run is given from outside, and what it keeps count with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from reaper_tui.engine.avatars import Avatars
from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Composer, Reader, Spool, Writer
from reaper_tui.engine.progress import Progress
from reaper_tui.journal.journal import Journal
from reaper_tui.model.community import Community
from reaper_tui.model.message import Message
from reaper_tui.profile.settings import Settings


@dataclass
class Equipment:
    """Both sides, the journal and the clock of one profile."""

    reader: Reader
    writer: Writer
    spool: Spool
    journal: Journal
    make_composer: Callable[[Community, Settings], Composer]
    author_key: Callable[[Message], str]
    guild_id: int
    community_id: int
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    settle_seconds: float = 3.0
    limits_scale: float = 1.0
    peak_rss_mb: Callable[[], float] = lambda: 0.0
    control: RunControl = field(default_factory=RunControl)

    def __post_init__(self) -> None:
        self.progress = Progress(self.now)
        self.log = EventLog(self.now)
        self.outage = Outage(self.control, self.progress, self.log, now=self.now, scale=self.limits_scale)
        self.avatars = Avatars(
            self.spool, self.writer, self.journal, self.outage, self.log, self.community_id, self.now
        )
