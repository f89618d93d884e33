"""A post in doubt: the channel is read back, newest first, down to the last post that is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Writer
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import PartRecord
from reaper_tui.model.errors import AccessDenied, CloneError, NotFound, Refused
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.outgoing import TargetMessage

SIDE = "Fluxer’s history"
PAGE = 100
CLOCK_SKEW_SECONDS = 3600.0


class Unreadable(CloneError):
    """The channel cannot be read back, so nobody can tell whether a post is there."""


class Reconciler:
    """Finds out what became of a post whose reply was lost.

    A server may still be busy with a request whose client is gone: a post is held to be absent only when it is not
    there `settle_seconds` after the first look either.
    """

    def __init__(
        self,
        writer: Writer,
        journal: Journal,
        outage: Outage,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        settle_seconds: float,
    ) -> None:
        self._writer = writer
        self._journal = journal
        self._outage = outage
        self._sleep = sleep
        self._settle_seconds = settle_seconds

    async def find(self, part: PartRecord) -> TargetMessage | None:
        """Return the post on the target, None when it is not there; raise Unreadable when that cannot be known."""
        found = await self.look(part)
        if found is None:
            await self._sleep(self._settle_seconds)
            found = await self.look(part)
        return found

    async def look(self, part: PartRecord) -> TargetMessage | None:
        """Return the post if it is on the target at this moment; raise Unreadable when that cannot be known."""
        newest = await self._journal.read(lambda raw: queries.newest_target_id(raw, part.channel_id)) or 0
        ours = await self._journal.read(lambda raw: queries.webhook_ids(raw, part.channel_id))
        found: TargetMessage | None = None
        before: int | None = None
        has_seen_any = False
        while True:
            try:
                page = await self._outage.through(
                    SIDE, lambda before=before: self._writer.history(part.channel_id, before, PAGE)
                )
            except (AccessDenied, NotFound, Refused) as error:
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                raise Unreadable(f"the channel cannot be read back: {error}") from None
            has_seen_any = has_seen_any or bool(page)
            for message in page:
                if message.id <= newest or unix_seconds(message.id) < part.intended_at - CLOCK_SKEW_SECONDS:
                    return found
                if message.webhook_id in ours:
                    found = message
            if len(page) < PAGE:
                break
            before = page[-1].id
        if newest and not has_seen_any:
            raise Unreadable("the channel reads as empty although posts were confirmed there")
        return found
