"""Where the community survives a restart: SQLite, written before a reply leaves."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

SCHEMA = """
CREATE TABLE IF NOT EXISTS entity (kind TEXT NOT NULL, id INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

Write = tuple[str, tuple[Any, ...]]


class Store:
    """Collects the writes of a request; `flush` commits them in one transaction off the event loop."""

    def __init__(self, path: Path | None) -> None:
        self._writes: list[Write] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._committing: asyncio.Task[None] | None = None
        self._database: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(SCHEMA)

    def put(self, kind: str, id: int, entity: msgspec.Struct) -> None:
        """Remember to write an entity."""
        if self._database is not None:
            self._remember("REPLACE INTO entity VALUES (?, ?, ?)", (kind, id, msgspec.json.encode(entity)))

    def remove(self, kind: str, id: int) -> None:
        """Remember to forget an entity."""
        if self._database is not None:
            self._remember("DELETE FROM entity WHERE kind = ? AND id = ?", (kind, id))

    def put_message(self, id: int, message: msgspec.Struct) -> None:
        """Remember to write a message."""
        if self._database is not None:
            self._remember("REPLACE INTO message VALUES (?, ?)", (id, msgspec.json.encode(message)))

    def remove_message(self, id: int) -> None:
        """Remember to forget a message."""
        if self._database is not None:
            self._remember("DELETE FROM message WHERE id = ?", (id,))

    def put_meta(self, key: str, value: str) -> None:
        """Remember to write a fact about the server."""
        if self._database is not None:
            self._remember("REPLACE INTO meta VALUES (?, ?)", (key, value))

    def meta(self) -> dict[str, str]:
        """Every fact about the server."""
        return dict(self._rows("SELECT key, value FROM meta"))

    def entities(self, kind: str) -> Iterator[bytes]:
        """The stored entities of a kind, oldest first."""
        for (data,) in self._rows("SELECT data FROM entity WHERE kind = ? ORDER BY id", kind):
            yield data

    def messages(self) -> Iterator[bytes]:
        """The stored messages, oldest first."""
        for (data,) in self._rows("SELECT data FROM message ORDER BY id"):
            yield data

    @property
    def has_unwritten(self) -> bool:
        """Whether something waits for `flush`, or is being written by another request."""
        return bool(self._writes) or self._committing is not None

    async def flush(self) -> None:
        """Return once everything put so far is committed, first come first out; who waits together shares a commit."""
        if not self._writes and self._committing is None:
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_waiting())
        await turn

    def flush_now(self) -> None:
        """Commit on this thread."""
        writes, self._writes = self._writes, []
        self._commit(writes)

    def close(self) -> None:
        """Commit the rest and close the file."""
        if self._database is not None:
            self.flush_now()
            self._database.close()
            self._database = None

    def _remember(self, statement: str, values: tuple[Any, ...]) -> None:
        self._writes.append((statement, values))

    async def _commit_waiting(self) -> None:
        while self._waiting:
            writes, self._writes = self._writes, []
            turns, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._commit, writes)
            except Exception as failure:
                error = failure
            for turn in turns:
                if turn.done():
                    continue
                if error is None:
                    turn.set_result(None)
                else:
                    turn.set_exception(error)
            # Whoever comes now stays behind those that were just let go.
            await asyncio.sleep(0)
        self._committing = None

    def _commit(self, writes: list[Write]) -> None:
        if self._database is not None and writes:
            with self._database:
                for statement, values in writes:
                    self._database.execute(statement, values)

    def _rows(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        if self._database is not None:
            yield from self._database.execute(statement, values)
