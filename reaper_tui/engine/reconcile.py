"""A post in doubt: the channel is read back, newest first, down to the last post that is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Writer
from reaper_tui.journal import mends, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.mends import Doubt
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

    async def find_left(self, doubt: Doubt) -> TargetMessage | None:
        """Return the post of an uncertain message that was not looked for at the time, None when it is not there.

        As sends are serial it stands between the post that was certain before it and the one confirmed next. Raises
        Unreadable when that cannot be known.
        """
        upper = await self._journal.read(lambda raw: mends.next_certain(raw, doubt.channel_id, doubt.newest_id))
        siblings = await self._journal.read(lambda raw: mends.doubts_beside(raw, doubt))
        ours = await self._journal.read(lambda raw: queries.webhook_ids(raw, doubt.channel_id)) | {doubt.webhook_id}
        retired = await self._journal.read(lambda raw: mends.leftovers_in(raw, doubt.channel_id))
        found: list[TargetMessage] = []
        before = upper
        is_end = False
        while not is_end:
            page = await self._page(doubt.channel_id, before)
            if before is None and not page and doubt.newest_id:
                raise Unreadable("the channel reads as empty although posts were confirmed there")
            newer = [message for message in page if message.id > doubt.newest_id]
            found += [message for message in newer if message.webhook_id in ours and message.id not in retired]
            is_end = len(page) < PAGE or len(newer) < len(page)
            before = page[-1].id if page else before
        if not found:
            return None
        if len(found) != len(siblings):
            raise Unreadable("several posts may be it, nobody can tell which")
        return found[::-1][siblings.index(doubt.message_id)]

    async def look(self, part: PartRecord) -> TargetMessage | None:
        """Return the post if it is on the target at this moment; raise Unreadable when that cannot be known."""
        newest = await self._journal.read(lambda raw: queries.newest_target_id(raw, part.channel_id)) or 0
        ours = await self._journal.read(lambda raw: queries.webhook_ids(raw, part.channel_id))
        found: TargetMessage | None = None
        before: int | None = None
        has_seen_any = False
        while True:
            page = await self._page(part.channel_id, before)
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

    async def stands(self, channel_id: int, target_id: int) -> bool:
        """Return whether a post is on the target; raise Unreadable when that cannot be known."""
        page = await self._page(channel_id, target_id + 1, 1)
        return any(message.id == target_id for message in page)

    async def _page(self, channel_id: int, before: int | None, limit: int = PAGE) -> Sequence[TargetMessage]:
        try:
            return await self._outage.through(SIDE, lambda: self._writer.history(channel_id, before, limit))
        except (AccessDenied, NotFound, Refused) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            raise Unreadable(f"the channel cannot be read back: {error}") from None
