"""The journal's file: one writer that commits in groups, one reader, both off the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from reaper_tui.model.errors import JournalError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Outcome = tuple[Any, Exception | None]

BUSY_SECONDS = 10.0
# How long a write that may go along with another waits for one.
COMPANY_SECONDS = 0.005


class Connection:
    """Runs functions on the journal; every write returns only after its transaction is on disk.

    Writes that wait at the same moment share one commit; should one of them fail, each gets its own, so what is written
    here must bear to be run again. A caller that is cancelled does not undo its write: it runs whole or not at all.
    """

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection, path: Path) -> None:
        self._writer = writer
        self._reader = reader
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[Work[Any], asyncio.Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._closing: asyncio.Task[None] | None = None
        self._pump = asyncio.create_task(self._commit_groups(), name="journal writer")

    async def write(self, work: Work[T]) -> T:
        """Run a function inside a transaction; raise JournalError when it cannot be put on disk."""
        return await self.submit(work)

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Queue a function behind those queued before; the future is done once its transaction is on disk."""
        future = self._queued(work)
        self.hurry()
        return future

    def accompany(self, work: Work[T]) -> asyncio.Future[T]:
        """Queue a function as `submit` does, but let it wait a moment for the next write, to share its commit."""
        future = self._queued(work)
        if self._patience is None:
            self._patience = self._loop.call_later(COMPANY_SECONDS, self.hurry)
        return future

    def hurry(self) -> None:
        """Let nothing that is queued wait any longer."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._wake.set()

    def _queued(self, work: Work[T]) -> asyncio.Future[T]:
        if self._is_closing:
            raise JournalError("The journal is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.append((work, future))
        return future

    async def read(self, work: Work[T]) -> T:
        """Run a function that only reads; it sees every write that returned before."""
        try:
            return await _call(self._reader, work)
        except sqlite3.Error as error:
            raise _journal_error(error, self._path) from None

    async def close(self) -> None:
        """Commit what waits, then close the file."""
        if not self._is_closing:
            self._is_closing = True
            self.hurry()
            self._closing = asyncio.create_task(self._close(), name="journal closing")
        assert self._closing is not None
        await _to_the_end(self._closing)

    async def _close(self) -> None:
        await self._pump
        await self._reader.close()
        await self._writer.close()

    async def _commit_groups(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await _call(self._writer, self._drain)
            if self._is_closing:
                return

    def _drain(self, raw: sqlite3.Connection) -> None:
        """Commit what waits, in the writer's thread: the event loop need not turn between two groups."""
        while self._queue:
            group = [self._queue.popleft() for _ in range(len(self._queue))]
            outcomes: list[Outcome]
            try:
                outcomes = _run_group(raw, [work for work, _ in group])
            except Exception as error:
                outcomes = [(None, _journal_error(error, self._path))] * len(group)
            self._loop.call_soon_threadsafe(self._tell, group, outcomes)

    def _tell(self, group: list[tuple[Work[Any], asyncio.Future[Any]]], outcomes: list[Outcome]) -> None:
        for (_, future), (result, error) in zip(group, outcomes, strict=True):
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(_journal_error(error, self._path) if isinstance(error, sqlite3.Error) else error)


async def open_connection(path: Path) -> Connection:
    """Open or create a journal file; raise JournalError when it cannot be used."""
    opening = asyncio.create_task(_open(path))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if not opening.cancelled() and opening.exception() is None:
            await opening.result().close()
        raise


async def _open(path: Path) -> Connection:
    try:
        await asyncio.to_thread(_create_privately, path)
        writer = await aiosqlite.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    except (OSError, sqlite3.Error) as error:
        raise _journal_error(error, path) from None
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=1000"):
            await writer.execute_fetchall(f"PRAGMA {pragma}")
        await writer.execute_fetchall("SELECT count(*) FROM sqlite_master")
        reader = await aiosqlite.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
        await reader.execute_fetchall("PRAGMA query_only=ON")
    except (OSError, sqlite3.Error) as error:
        await writer.close()
        raise _journal_error(error, path) from None
    return Connection(writer, reader, path)


def _create_privately(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)


async def _to_the_end(task: asyncio.Task[None]) -> None:
    """Wait for a task even when cancelled: half-closed files leave threads behind."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _call(connection: aiosqlite.Connection, work: Work[T]) -> T:
    # aiosqlite has no public way to run a whole transaction in one visit to its thread.
    return await connection._execute(work, connection._conn)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownVariableType]


def _run_group(raw: sqlite3.Connection, works: list[Work[Any]]) -> list[Outcome]:
    raw.execute("BEGIN IMMEDIATE")
    try:
        outcomes: list[Outcome] = [(work(raw), None) for work in works]
        raw.execute("COMMIT")
    except sqlite3.OperationalError:
        _roll_back(raw)
        raise
    except Exception as error:
        _roll_back(raw)
        return [(None, error)] if len(works) == 1 else [_run_alone(raw, work) for work in works]
    except BaseException:
        _roll_back(raw)
        raise
    return outcomes


def _run_alone(raw: sqlite3.Connection, work: Work[Any]) -> Outcome:
    try:
        return _run_group(raw, [work])[0]
    except Exception as error:
        return None, error


def _roll_back(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:
        raw.execute("ROLLBACK")


def _journal_error(error: Exception, path: Path) -> JournalError:
    text = str(error)
    if "full" in text or "disk I/O" in text or getattr(error, "errno", None) == 28:
        return JournalError(f"The disk with {path} is full", "free some space and run again: nothing is lost")
    if "not a database" in text or "malformed" in text or "encrypted" in text:
        return JournalError(f"The journal {path} is damaged", "restore it from a backup, or move it away to start anew")
    if "locked" in text:
        return JournalError(f"The journal {path} is in use by another program", "close that program and run again")
    return JournalError(f"The journal {path} cannot be used: {text}", "check the file and its folder's permissions")
