"""The publisher: copies the feed to a place beyond this machine, from where that copy ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from reaper_tui.journal.feed import FeedRow
from reaper_tui.model.errors import CloneError, ConfigurationError
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.source import Place, Standing

BATCH = 500
LOOK_SECONDS = 1.0
NAMES_EVERY = 30
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
log = logging.getLogger("reaper_tui.stream.publisher")


class Copy(Protocol):
    """A copy of the feed that knows itself how far it has come: that is the publisher's cursor."""

    async def cursor(self, standing: Standing) -> int:
        """Return up to where the copy has come."""
        ...

    async def append(self, epoch: str, cursor: int, rows: Sequence[FeedRow]) -> int:
        """Add what comes behind a cursor and return up to where the copy has come; twice the same changes nothing."""
        ...

    async def name(self, guild_id: str, places: Sequence[Place]) -> None:
        """Make these the names of a guild's channels."""
        ...


class Publisher:
    """Copies what a hub has sent; an outage of the copy costs nothing but time."""

    def __init__(self, name: str, hub: Hub, copy: Copy) -> None:
        self.name = name
        self.cursor = 0
        self.trouble = ""
        self._hub = hub
        self._copy = copy
        self._looks = 0

    async def run(self) -> None:
        """Publish until cancelled; raise ConfigurationError when the copy can never be used."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._publish()
                if self.trouble:
                    log.info("publishing again", extra={"to": self.name, "cursor": self.cursor})
                pause, self.trouble = FIRST_PAUSE, ""
            except ConfigurationError:
                raise
            except CloneError as error:
                if not self.trouble:
                    log.warning("publishing waits: %s", error.line(), extra={"to": self.name, "cursor": self.cursor})
                self.trouble = error.line()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def health(self) -> dict[str, dict[str, Any]]:
        """Return whether the copy is up to date."""
        behind = max(0, self._hub.flushed - self.cursor)
        state: dict[str, Any] = {"status": "degraded" if self.trouble else "ok", "behind": behind}
        return {self.name: state | ({"note": self.trouble} if self.trouble else {})}

    async def _publish(self) -> None:
        """Bring the copy up to date, then wait for something new or for the time to look whether it is still there."""
        hub, standing = self._hub, self._hub.standing
        if standing is None:
            await asyncio.sleep(LOOK_SECONDS)
            return
        self.cursor = await self._copy.cursor(standing)
        if self._looks % NAMES_EVERY == 0:
            await self._copy.name(standing.guild_id, await hub.source.places())
        self._looks += 1
        while hub.standing is not None and hub.standing.epoch == standing.epoch:
            rows = await hub.source.after(self.cursor, BATCH, hub.flushed)
            if rows:
                self.cursor = await self._copy.append(standing.epoch, self.cursor, rows)
                if self.cursor != rows[-1].seq:
                    return
            elif not await hub.reached(self.cursor + 1, LOOK_SECONDS):
                return
