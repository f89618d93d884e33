"""Native threads and forum posts on the target: opened once each, on record before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Writer
from reaper_tui.engine.reconcile import CLOCK_SKEW_SECONDS
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import Mapping
from reaper_tui.model.community import Channel
from reaper_tui.model.errors import AccessDenied, NotFound, OutcomeUnknown, Refused
from reaper_tui.model.ids import snowflake_at
from reaper_tui.model.names import clean_name
from reaper_tui.model.outgoing import TargetMessage

TARGET = "Fluxer"
KIND = "thread"
PAGE = 100


class Threads:
    """Shared by the lanes of all threads.

    A server may still be busy with a request whose reply was lost: a thread is held to be absent only when it is not
    there after `settle_seconds` either.
    """

    def __init__(
        self,
        writer: Writer,
        journal: Journal,
        outage: Outage,
        log: EventLog,
        community_id: int,
        standing: dict[int, int],
        *,
        settle_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._writer = writer
        self._journal = journal
        self._outage = outage
        self._log = log
        self._community_id = community_id
        self._standing = standing
        self._settle_seconds = settle_seconds
        self._sleep = sleep

    async def opened(self, thread: Channel, parent_id: int) -> tuple[int, bool]:
        """Return a thread's id on the target, and whether it hangs on the message it was started from."""
        known = await self._known(thread)
        starter = await self._starter(thread, parent_id)
        if known is not None and known.target_id is not None:
            await self._unlock(thread, known)
            return known.target_id, known.target_id == starter
        if starter is not None:
            thread_id = await self._insist(lambda: self._start(thread, parent_id, starter))
        else:
            thread_id = await self._alone(thread, parent_id, known)
        await self._journal.map_item(self.record(thread, thread_id))
        await self._quietly(lambda: self._writer.remove_thread_notice(parent_id, thread_id))
        return thread_id, thread_id == starter

    async def reopened(self, post: Channel) -> int | None:
        """Return a forum post's id on the target when it stands, ready for more."""
        known = await self._known(post)
        if known is None or known.target_id is None:
            return None
        await self._unlock(post, known)
        return known.target_id

    async def first_post(self, post: Channel, forum_id: int, asked_at: float) -> TargetMessage | None:
        """Return the first message of a forum post whose opening got no reply, None when it is not there."""
        earliest = snowflake_at(datetime.fromtimestamp(max(0.0, asked_at - CLOCK_SKEW_SECONDS), UTC))
        thread_id = await self._surely_found(post, forum_id, earliest)
        if thread_id is None:
            return None
        page = await self._outage.through(TARGET, lambda: self._writer.history(thread_id, None, PAGE))
        return page[-1] if page else None

    def record(self, thread: Channel, thread_id: int) -> Mapping:
        """Return what the journal keeps of a thread that stands; links may lead there from now on."""
        self._standing[thread.id] = thread_id
        return Mapping(KIND, thread.id, thread_id, clean_name(thread.name), "created")

    async def closed(self, thread: Channel, thread_id: int, *, has_posted: bool) -> None:
        """Archive, lock and pin a thread as the source has it, once for every state."""
        known = await self._known(thread)
        wanted = f"{int(thread.is_archived)}{int(thread.is_locked)}{int(thread.is_pinned)}"
        if known is not None and known.applied == wanted and not has_posted:
            return
        if thread.is_pinned:
            await self._quietly(lambda: self._writer.pin_thread(thread_id))
        if thread.is_archived or thread.is_locked:
            await self._quietly(
                lambda: self._writer.close_thread(thread_id, is_archived=thread.is_archived, is_locked=thread.is_locked)
            )
        await self._keep(thread, thread_id, wanted)

    async def _known(self, thread: Channel) -> Mapping | None:
        return await self._journal.read(lambda raw: queries.mapping(raw, KIND, thread.id))

    async def _starter(self, thread: Channel, parent_id: int) -> int | None:
        """Return the post of the message that a thread was started from: on the source both have one id."""
        places = await self._journal.read(lambda raw: queries.places(raw, [thread.id]))
        channel_id, message_id = places.get(thread.id, (0, 0))
        return message_id if channel_id == parent_id and not thread.is_private else None

    async def _start(self, thread: Channel, parent_id: int, message_id: int | None) -> int:
        return await self._writer.start_thread(
            parent_id,
            thread.name,
            message_id=message_id,
            is_private=thread.is_private,
            auto_archive_minutes=thread.auto_archive_minutes or None,
        )

    async def _alone(self, thread: Channel, parent_id: int, known: Mapping | None) -> int:
        intent = known if known is not None and known.outcome == "intended" else None
        while True:
            if intent is not None:
                found = await self._surely_found(thread, parent_id, intent.watermark)
                if found is not None:
                    return found
            newest = await self._journal.read(lambda raw: queries.newest_target_id(raw, parent_id)) or 0
            watermark = max(newest, *self._standing.values()) if self._standing else newest
            intent = Mapping(KIND, thread.id, None, clean_name(thread.name), "intended", watermark=watermark)
            await self._journal.map_item(intent)
            try:
                return await self._outage.through(TARGET, lambda: self._start(thread, parent_id, None))
            except OutcomeUnknown as error:
                await self._outage.pause(TARGET, error)

    async def _surely_found(self, thread: Channel, parent_id: int, watermark: int) -> int | None:
        found = await self._found(thread, parent_id, watermark)
        if found is None:
            await self._sleep(self._settle_seconds)
            found = await self._found(thread, parent_id, watermark)
        return found

    async def _found(self, thread: Channel, parent_id: int, watermark: int) -> int | None:
        """Return a thread of this name that nobody claims and that is newer than what stood before it was asked for."""
        claimed = set(self._standing.values())
        listed = await self._outage.through(TARGET, lambda: self._writer.threads(self._community_id, parent_id))
        name = thread.name.strip()
        fitting = (
            found.id
            for found in listed
            if found.name in (name, clean_name(name)) and found.id > watermark and found.id not in claimed
        )
        return min(fitting, default=None)

    async def _unlock(self, thread: Channel, known: Mapping) -> None:
        if len(known.applied) > 1 and known.applied[1] == "1" and known.target_id is not None:
            target_id = known.target_id
            await self._quietly(lambda: self._writer.close_thread(target_id, is_archived=False, is_locked=False))
            await self._keep(thread, target_id, "")

    async def _keep(self, thread: Channel, thread_id: int, applied: str) -> None:
        row = Mapping(KIND, thread.id, thread_id, clean_name(thread.name), "created", applied=applied)
        await self._journal.map_item(row)

    async def _insist(self, work: Callable[[], Awaitable[int]]) -> int:
        async def request() -> int:
            return await work()

        while True:
            try:
                return await self._outage.through(TARGET, request)
            except OutcomeUnknown as error:
                await self._outage.pause(TARGET, error)

    async def _quietly(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do what may be done twice and what a thread can do without."""

        async def request() -> object:
            return await work()

        try:
            await self._outage.through(TARGET, request)
        except OutcomeUnknown:
            return
        except (Refused, AccessDenied, NotFound) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            self._log.write(Level.WARNING, f"a thread could not be set as it was: {error.line()}")
