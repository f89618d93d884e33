"""The copies beyond the machine as a source: Redis for what is new, PostgreSQL for everything, or either alone."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import Any

import msgspec

from reaper_tui.journal.feed import FeedRow
from reaper_tui.model.errors import CloneError, ServiceDown
from reaper_tui.stream.postgres import PostgresFeed
from reaper_tui.stream.redis_feed import RedisFeed
from reaper_tui.stream.source import FeedBroken, MessageQuery, MessageRow, Place, Standing

POLL_SECONDS = 0.25
# While one of two copies is down, every question would else wait for it first.
REST_SECONDS = 1.0
BLOCK_SECONDS = 1.0
KEPT_PAGE_SECONDS = 30
RECENT_EVENTS = 2000


class Copies:
    """Which of the two copies answered last; one that did not is left alone for a moment."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._down_until: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    def may_ask(self, name: str) -> bool:
        """Return whether a copy is worth asking now."""
        return self._clock() >= self._down_until.get(name, 0.0)

    def failed(self, name: str, error: CloneError) -> None:
        """Leave a copy alone for a moment."""
        self._down_until[name] = self._clock() + REST_SECONDS
        self.notes[name] = error.line()

    def answered(self, name: str) -> None:
        """Ask a copy again from now on."""
        self._down_until.pop(name, None)
        self.notes.pop(name, None)


class RemoteSource:
    """A feed that others write; fulfils `Source`."""

    is_replica = True

    def __init__(
        self,
        postgres: PostgresFeed | None,
        redis: RedisFeed | None,
        *,
        guild_id: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._postgres = postgres
        self._redis = redis
        self._guild_id = guild_id
        self._copies = Copies(clock)
        self._epoch = ""
        self._floor = 0
        self._head = 0
        self._woken = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for copy in (self._postgres, self._redis):
            if copy is not None:
                await copy.close()

    async def standing(self) -> Standing | None:
        """Return the newest feed as both copies together hold it."""
        all_of_it, newest = await self._postgres_standing(), await self._redis_standing()
        known = [found for found in (all_of_it, newest) if isinstance(found, Standing)]
        if not known:
            failures = [found for found in (all_of_it, newest) if isinstance(found, ServiceDown)]
            if failures:
                raise failures[0]
            return None
        first = known[0]
        head, floor = first.head, first.floor
        if len(known) == 2 and known[1].epoch == first.epoch and known[1].floor <= first.head:
            head = max(head, known[1].head)
        if isinstance(all_of_it, ServiceDown):
            # What PostgreSQL holds is there, though nobody can read it now.
            floor = self._floor if self._epoch == first.epoch else 0
        if first.epoch == self._epoch:
            # Events were passed on that the copy which is down has, and the other one has not yet.
            head = max(head, self._head)
        self._epoch, self._floor, self._head = first.epoch, floor, head
        return Standing(first.epoch, head, floor, first.guild_id)

    async def after(self, seq: int, limit: int, until: int | None = None) -> list[FeedRow]:
        """Return events behind a number; raise FeedBroken when some between are nowhere."""
        kept: list[FeedRow] = []
        if self._redis is not None and self._copies.may_ask("redis"):
            try:
                entries = await self._redis.after(self._epoch, seq, limit, until)
                self._copies.answered("redis")
                kept = [entry.row for entry in entries]
                if entries and entries[0].previous <= seq:
                    return self._seen(kept, until)
            except ServiceDown as error:
                self._copies.failed("redis", error)
                if self._postgres is None:
                    raise
        if self._postgres is None:
            if kept and until is None:
                raise FeedBroken("Redis no longer holds what came next")
            return kept
        rows = await self._asking_postgres(self._postgres.after(self._epoch, seq, limit, until))
        return self._seen(rows, until)

    async def wait(self, seq: int, seconds: float) -> None:
        """Return when there may be events behind a number, at the latest after so many seconds."""
        seconds = min(seconds, BLOCK_SECONDS)
        if self._redis is not None and self._copies.may_ask("redis"):
            try:
                if await self._redis.wait(self._epoch, seq, seconds):
                    return
                self._copies.answered("redis")
            except ServiceDown as error:
                self._copies.failed("redis", error)
        elif self._postgres is not None:
            self._listen(self._postgres)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
        else:
            await asyncio.sleep(POLL_SECONDS)

    async def messages(self, query: MessageQuery) -> list[MessageRow]:
        """Return a page of messages; a page that was asked for before comes from Redis while nothing new was said."""
        name = self._page_name(query)
        kept = await self._kept(name)
        if kept is not None:
            return msgspec.msgpack.decode(kept, type=list[MessageRow])
        if self._postgres is not None:
            try:
                rows = await self._asking_postgres(self._postgres.messages(self._epoch, query))
                await self._keep(name, rows)
                return rows
            except ServiceDown:
                if self._redis is None:
                    raise
        assert self._redis is not None
        return folded(await self._redis.newest(self._epoch, RECENT_EVENTS), query)

    async def places(self) -> list[Place]:
        """Return the names of channels."""
        guild_id = self._guild_id or await self._any_guild()
        if self._redis is not None:
            with contextlib.suppress(ServiceDown):
                if found := await self._redis.places(guild_id):
                    return found
        return [] if self._postgres is None else await self._asking_postgres(self._postgres.places(guild_id))

    async def health(self) -> dict[str, dict[str, Any]]:
        """Return whether each copy answers."""
        found: dict[str, dict[str, Any]] = {}
        for name, answer in (
            ("postgres", None if self._postgres is None else await self._postgres_standing()),
            ("redis", None if self._redis is None else await self._redis_standing()),
        ):
            if isinstance(answer, ServiceDown):
                found[name] = {"status": "down", "note": answer.line()}
            elif (self._postgres if name == "postgres" else self._redis) is not None:
                found[name] = {"status": "ok", "head": answer.head if answer else 0}
        return found

    def _seen(self, rows: list[FeedRow], until: int | None) -> list[FeedRow]:
        if rows and until is None:
            self._head = max(self._head, rows[-1].seq)
        return rows

    async def _any_guild(self) -> str:
        for found in (await self._redis_standing(), await self._postgres_standing()):
            if isinstance(found, Standing):
                return found.guild_id
        return ""

    async def _postgres_standing(self) -> Standing | ServiceDown | None:
        if self._postgres is None:
            return None
        try:
            return await self._asking_postgres(self._postgres.standing(self._guild_id))
        except ServiceDown as error:
            return error

    async def _redis_standing(self) -> Standing | ServiceDown | None:
        if self._redis is None:
            return None
        try:
            return await self._redis.standing(self._guild_id)
        except ServiceDown as error:
            self._copies.failed("redis", error)
            return error

    async def _asking_postgres(self, asking: Any) -> Any:
        if not self._copies.may_ask("postgres"):
            asking.close()
            raise ServiceDown(self._copies.notes["postgres"])
        try:
            answer = await asking
        except ServiceDown as error:
            self._copies.failed("postgres", error)
            raise
        self._copies.answered("postgres")
        return answer

    def _listen(self, postgres: PostgresFeed) -> None:
        """Be woken by those who publish; without that, asking now and then does."""
        if self._listening is None or self._listening.done():
            if self._listening is not None and not self._listening.cancelled():
                self._listening.exception()
            if self._copies.may_ask("postgres"):
                self._listening = asyncio.create_task(postgres.listen(self._woken.set), name="stream notifications")

    def _page_name(self, query: MessageQuery) -> str:
        channels = None if query.channels is None else sorted(query.channels)
        text = repr((query.limit, query.before, query.after, channels))
        return f"{self._epoch}:{self._head}:{hashlib.sha256(text.encode()).hexdigest()[:24]}"

    async def _kept(self, name: str) -> bytes | None:
        if self._redis is None or not self._copies.may_ask("redis"):
            return None
        with contextlib.suppress(ServiceDown):
            return await self._redis.kept_page(name)
        return None

    async def _keep(self, name: str, rows: list[MessageRow]) -> None:
        if self._redis is not None and self._copies.may_ask("redis"):
            with contextlib.suppress(ServiceDown):
                await self._redis.keep_page(name, msgspec.msgpack.encode(rows), KEPT_PAGE_SECONDS)


def folded(rows: list[FeedRow], query: MessageQuery) -> list[MessageRow]:
    """Return a page of messages out of events, as far as those reach."""
    found: dict[int, MessageRow] = {}
    for row in rows:
        if row.kind == "create":
            found[row.message_id] = MessageRow(row.message_id, row.channel_id, row.noted_at, row.body)
        elif row.kind == "update" and row.message_id in found:
            found[row.message_id] = msgspec.structs.replace(found[row.message_id], edited=row.body)
        elif row.kind == "delete":
            found.pop(row.message_id, None)
    wanted = sorted(
        (
            row
            for row in found.values()
            if (query.before or 1 << 62) > row.message_id > (query.after or 0)
            and (query.channels is None or row.channel_id in query.channels)
        ),
        key=lambda row: row.message_id,
    )
    return wanted[-query.limit :] if query.after is None or query.before is not None else wanted[: query.limit]
