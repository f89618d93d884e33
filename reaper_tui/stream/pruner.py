"""Forgetting: events of the feed that are older than they have to be, unless somebody still needs them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import takewhile

from reaper_tui.journal import feed
from reaper_tui.journal.journal import Journal
from reaper_tui.model.errors import CloneError
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.publisher import Publisher

DAY = 86_400.0
EVERY_SECONDS = 600.0
# A transaction forgets so many: what is captured meanwhile does not wait.
AT_ONCE = 2000
log = logging.getLogger("reaper_tui.stream.pruner")


class Pruner:
    """Keeps `days` of the feed, and whatever a copy or a connected listener has not got yet."""

    def __init__(
        self,
        journal: Journal,
        hub: Hub,
        publishers: Sequence[Publisher],
        days: float,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._hub = hub
        self._publishers = publishers
        self._seconds = days * DAY
        self._now = now

    async def run(self) -> None:
        """Prune now and then until cancelled."""
        while True:
            try:
                if forgotten := await self.prune():
                    log.info("forgot old events", extra={"events": forgotten})
            except CloneError as error:
                log.warning("old events could not be forgotten: %s", error.line())
            await asyncio.sleep(EVERY_SECONDS)

    async def prune(self) -> int:
        """Forget what nobody needs; return how many events that were."""
        forgotten = 0
        while True:
            before = self._now() - self._seconds
            needed = self.needed
            number = await self._journal.write(lambda raw, at=before, seq=needed: _forget(raw, at, seq))
            forgotten += number
            if number < AT_ONCE:
                return forgotten

    @property
    def needed(self) -> int:
        """Return the first event that a copy or a connected listener has not got yet."""
        cursors = [publisher.cursor for publisher in self._publishers]
        cursors += [session.cursor for session in self._hub.sessions if not session.is_live]
        return min(cursors, default=self._hub.flushed) + 1


def _forget(raw: sqlite3.Connection, at: float, needed: int) -> int:
    """Forget a bite of what was noted before a time, in order; the newest stays, so that cursors keep a meaning."""
    rows = raw.execute(
        "SELECT seq, noted_at FROM feed WHERE seq < min(?, (SELECT max(seq) FROM feed)) ORDER BY seq LIMIT ?",
        (needed, AT_ONCE),
    )
    old = [seq for seq, _ in takewhile(lambda row: row[1] < at, rows)]
    return feed.prune(raw, old[-1] + 1) if old else 0
