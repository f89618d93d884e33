"""The journal as a source: of this process, or of another one that holds its lease."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiosqlite

from reaper_tui.journal import feed, queries
from reaper_tui.journal.feed import EPOCH_FACT, FeedRow
from reaper_tui.model.errors import CloneError, JournalError
from reaper_tui.stream.source import MessageQuery, MessageRow, Place, Standing

T = TypeVar("T")
POLL_SECONDS = 0.05
BUSY_SECONDS = 5.0


class Reads(Protocol):
    """Something that runs a reading function on the journal, such as a `Journal`."""

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function that only reads."""
        ...


class ForeignJournal:
    """The journal of another process, opened to read only; it may not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function that only reads; raise JournalError while the file cannot be read."""
        try:
            connection = await self._opened()
            return await connection._execute(query, connection._conn)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownVariableType]
        except (sqlite3.Error, OSError, ValueError) as error:
            await self.close()
            raise JournalError(f"The journal {self._path} cannot be read: {error}", "see that its owner runs") from None

    async def close(self) -> None:
        """Close the file; the next read opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _opened(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._connection is None:
                # Never mode=ro: the first reader after a crash has to make the shared-memory file anew.
                address = f"{self._path.resolve().as_uri()}?mode=rw"
                connection = await aiosqlite.connect(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
                try:
                    await connection.execute_fetchall("PRAGMA query_only=ON")
                except BaseException:
                    await connection.close()
                    raise
                self._connection = connection
            return self._connection


class JournalSource:
    """Events of a journal; `wake` after a write saves waiting for the next look.

    `archive` reads what is long and can wait, so that the newest events never stand behind it.
    """

    is_replica = False

    def __init__(self, journal: Reads, archive: Reads, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._journal = journal
        self._archive = archive
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Tell that events were written; from the loop's own thread."""
        self._woken.set()

    async def standing(self) -> Standing | None:
        """Return what the feed holds, None while nobody has begun one."""
        return await self._journal.read(_standing)

    async def after(self, seq: int, limit: int, until: int | None = None) -> list[FeedRow]:
        """Return events behind a number; with an end to them it is history that is asked for."""
        reads = self._journal if until is None else self._archive
        return await reads.read(lambda raw: feed.after(raw, seq, limit, until=until))

    async def wait(self, seq: int, seconds: float) -> None:
        """Return when there are events behind a number, or after so many seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, self._poll_seconds)):
                    await self._woken.wait()
                self._woken.clear()
                return
            except TimeoutError:
                if await self._journal.read(_newest) > seq:
                    return

    async def messages(self, query: MessageQuery) -> list[MessageRow]:
        """Return a page of messages, newest last."""
        return await self._archive.read(lambda raw: _messages(raw, query))

    async def places(self) -> list[Place]:
        """Return the channels that were read, in their order."""
        return await self._archive.read(places)

    async def health(self) -> dict[str, dict[str, Any]]:
        """Return whether the journal can be read."""
        try:
            standing = await self.standing()
        except CloneError as error:
            return {"journal": {"status": "down", "note": error.line()}}
        if standing is None:
            return {"journal": {"status": "down", "note": "no event has been captured yet"}}
        return {"journal": {"status": "ok", "head": standing.head}}


def _standing(raw: sqlite3.Connection) -> Standing | None:
    if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'feed'").fetchone():
        return None
    epoch = queries.fact(raw, EPOCH_FACT)
    if not epoch:
        return None
    oldest, newest = feed.oldest(raw), _newest(raw)
    return Standing(epoch, newest, oldest - 1 if oldest else newest, queries.fact(raw, "guild_id") or "")


def places(raw: sqlite3.Connection) -> list[Place]:
    """Return the channels that were read, in their order."""
    rows = raw.execute("SELECT id, name, parent_name FROM container ORDER BY sequence, id")
    return [Place(*row) for row in rows]


def _newest(raw: sqlite3.Connection) -> int:
    """Return the newest event's number: an event that was there already uses up one that `feed.head` counts."""
    row = raw.execute("SELECT max(seq) FROM feed").fetchone()
    return feed.head(raw) if row[0] is None else row[0]


def _messages(raw: sqlite3.Connection, query: MessageQuery) -> list[MessageRow]:
    conditions = ["kind = 'create'", "version IS NOT NULL", "message_id < ?", "message_id > ?"]
    values: list[Any] = [query.before or 1 << 62, query.after or 0]
    if query.channels is not None:
        conditions.append(f"channel_id IN ({', '.join('?' * len(query.channels))})")
        values += query.channels
    newest_first = query.after is None or query.before is not None
    statement = (
        "SELECT message_id, channel_id, noted_at, body, (SELECT body FROM feed AS later WHERE later.message_id = "  # noqa: S608 - built from constants
        "feed.message_id AND later.kind = 'update' AND later.version IS NOT NULL ORDER BY seq DESC LIMIT 1) FROM feed "
        f"WHERE {' AND '.join(conditions)} AND NOT EXISTS (SELECT 1 FROM feed AS gone WHERE gone.message_id = "
        "feed.message_id AND gone.kind = 'delete' AND gone.version IS NOT NULL) "
        f"ORDER BY message_id {'DESC' if newest_first else 'ASC'} LIMIT ?"
    )
    rows = [MessageRow(*row) for row in raw.execute(statement, (*values, query.limit))]
    return rows[::-1] if newest_first else rows
