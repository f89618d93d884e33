"""The write side of the journal: each method is one transaction, on disk when it returns."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from reaper_tui.journal import changes, mends, settling
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.connection import Connection, open_connection
from reaper_tui.journal.live import tell_page
from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.journal.records import PartRecord
from reaper_tui.journal.schema import migrate, refuse_other_version
from reaper_tui.journal.settling import Arrival, Settlement
from reaper_tui.model.plan import Route

T = TypeVar("T")
RUN_COLUMNS = frozenset(
    {"ended_at", "state", "note", "requests", "status_429", "retries", "limit_wait_s", "peak_rss_mb", "verification"}
)


class Journal:
    """The only memory of a clone."""

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create a journal and bring it up to date; raise JournalError when it cannot be used."""
        connection = await open_connection(path)
        try:
            await connection.write(migrate)
            await connection.write(settling.make_views)
        except BaseException:
            await connection.close()
            raise
        return cls(connection, path)

    @classmethod
    async def look(cls, path: Path) -> Self:
        """Open a journal that another process may work with; raise JournalError when it is of another version."""
        connection = await open_connection(path)
        try:
            await connection.read(refuse_other_version)
        except BaseException:
            await connection.close()
            raise
        return cls(connection, path)

    async def close(self) -> None:
        """Commit what waits and close the file."""
        await self._connection.close()

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run one of `queries` (bind further arguments with a lambda)."""
        return await self._connection.read(query)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run one of the write functions (`changes`, `feed`, `mends`) as a transaction, on disk when this returns."""
        return await self._connection.write(work)

    async def remember(self, facts: Mapping[str, str]) -> None:
        """Keep facts by name."""
        await self._connection.write(
            lambda raw: raw.executemany(
                "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                list(facts.items()),
            )
        )

    async def begin_run(self, kind: str = "run") -> int:
        """Start a run or a retry and return its number."""

        def begin(raw: sqlite3.Connection) -> int:
            raw.execute("UPDATE run SET state = 'stopped', ended_at = started_at WHERE ended_at IS NULL")
            cursor = raw.execute(
                "INSERT INTO run (started_at, state, kind) VALUES (?, 'running', ?)", (time.time(), kind)
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

        return await self._connection.write(begin)

    async def update_run(self, run_id: int, **values: object) -> None:
        """Change columns of a run; raise ValueError for a column that is none."""
        if unknown := values.keys() - RUN_COLUMNS:
            raise ValueError(f"no such columns: {sorted(unknown)}")
        assignments = ", ".join(f"{name} = ?" for name in values)
        statement = f"UPDATE run SET {assignments} WHERE id = ?"  # noqa: S608 - the names were checked above
        await self._connection.write(lambda raw: raw.execute(statement, (*values.values(), run_id)))

    async def select_routes(self, routes: Iterable[Route], since: int) -> None:
        """Make these the containers of the run; each is captured on from where it stands, at first behind `since`."""
        rows = [
            (route.container_id, route.name, route.kind, route.parent_name, route.lane_id, index, route.estimate, since)
            for index, route in enumerate(routes)
        ]

        def select(raw: sqlite3.Connection) -> None:
            raw.execute("UPDATE container SET is_selected = 0")
            raw.executemany(
                "INSERT INTO container "
                "(id, name, kind, parent_name, lane_id, sequence, estimate, capture_cursor) VALUES (?,?,?,?,?,?,?,?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, "
                "parent_name = excluded.parent_name, estimate = excluded.estimate, sequence = excluded.sequence, "
                "is_selected = 1, is_captured = 0, "
                # What was begun in one place goes on there.
                "lane_id = CASE WHEN container.frontier = 0 AND NOT EXISTS (SELECT 1 FROM part JOIN message "
                "ON message.id = part.message_id WHERE message.container_id = container.id) "
                "THEN excluded.lane_id ELSE container.lane_id END",
                rows,
            )

        await self._connection.write(select)

    async def capture_page(
        self,
        container_id: int,
        messages: Sequence[tuple[int, bytes]],
        *,
        cursor: int,
        attachments: Mapping[int, int],
        is_end: bool,
        noted: Mapping[int, Sequence[ChangeKind]] | None = None,
        feeds: bool = False,
    ) -> int:
        """Store a page (id, payload) and move the cursor; return how many messages were new.

        `attachments` counts each message's files, `noted` are things to be done about new messages once they stand,
        such as pinning them. With `feeds` the feed is told what comes behind a history that was read to its end before.
        """

        def capture(raw: sqlite3.Connection) -> int:
            now = time.time()
            waiting = noted or {}
            before, was_captured = raw.execute(
                "SELECT capture_cursor, captured_at IS NOT NULL FROM container WHERE id = ?", (container_id,)
            ).fetchone()
            fresh = settling.add_page(raw, container_id, messages)
            for message_id in fresh:
                changes.note(raw, message_id, waiting.get(message_id, ()), now)
            added, files = len(fresh), sum(attachments.get(message_id, 0) for message_id in fresh)
            raw.execute(
                "UPDATE container SET capture_cursor = max(capture_cursor, ?), source = source + ?, is_captured = ?, "
                "captured_at = iif(?, ?, captured_at) WHERE id = ?",
                (cursor, added, is_end, is_end, now, container_id),
            )
            if files:
                settling.count(raw, "attachments_source", files)
            if feeds and was_captured:
                tell_page(raw, container_id, before, None if is_end else cursor, now)
            return added

        return await self._connection.write(capture)

    async def settle(
        self,
        lane_id: int,
        container_id: int,
        message_id: int,
        settlement: Settlement,
        in_doubt: PartRecord | None = None,
    ) -> None:
        """Put a message that needs no post into its class and move the frontier.

        A post in doubt gives its lane free and waits for a retry that can read the channel back.
        """

        def settle(raw: sqlite3.Connection) -> None:
            if in_doubt is not None:
                mends.keep_doubt(raw, in_doubt)
            settling.settle(raw, lane_id, container_id, message_id, settlement)

        await self._connection.write(settle)

    async def intend(self, part: PartRecord, composition: bytes | None = None) -> None:
        """Record that a post is about to be sent; at most one in a lane may be in doubt.

        `composition` is kept with the message until it is settled, None forgets an earlier one.
        """
        await self._connection.write(lambda raw: settling.intend(raw, part, composition))

    def confirm(
        self,
        part: PartRecord,
        target_id: int,
        fingerprint: str,
        *,
        container_id: int,
        settlement: Settlement | None,
        composition: bytes | None = None,
        said: str = "",
        noted: Sequence[ChangeKind] = (),
        opened: MappingRecord | None = None,
    ) -> asyncio.Future[None]:
        """Queue what a post became: the last one settles its message, others keep the composition for the rest.

        `said` recognises what was composed; `noted` is what has to be done about the message later;
        `opened` the thread that this post opened, in which it stands. What is asked for later is recorded later.
        A record that settles may wait a moment for the intent of the next message, unless `hurry` is called.
        """

        def confirm(raw: sqlite3.Connection) -> None:
            channel_id = part.channel_id if opened is None else opened.target_id
            if opened is not None:
                _map(raw, (opened,))
            settling.arrive(raw, part, Arrival(target_id, channel_id, fingerprint, said), container_id, settlement)
            if settlement is not None:
                changes.note(raw, part.message_id, noted, time.time())
            else:
                raw.execute("UPDATE message SET composition = ? WHERE id = ?", (composition, part.message_id))

        return self._connection.submit(confirm) if settlement is None else self._connection.accompany(confirm)

    def hurry(self) -> None:
        """Put on disk now what was queued."""
        self._connection.hurry()

    async def withdraw(self, part: PartRecord) -> None:
        """Take an intent back: it is known that nothing was stored."""
        await self._connection.write(lambda raw: _withdraw(raw, part))

    async def map_item(self, mapping: MappingRecord) -> None:
        """Record where an item stands, or that it is about to be made."""
        await self.map_items((mapping,))

    async def map_items(self, mappings: Iterable[MappingRecord]) -> None:
        """Record several items in one transaction."""
        rows = tuple(mappings)
        await self._connection.write(lambda raw: _map(raw, rows))


def _map(raw: sqlite3.Connection, mappings: Sequence[MappingRecord]) -> None:
    raw.executemany(
        "INSERT OR REPLACE INTO mapping VALUES (?,?,?,?,?,?,?,?)",
        [(m.kind, m.source_id, m.target_id, m.name, m.outcome, m.reason, m.watermark, m.applied) for m in mappings],
    )


def _withdraw(raw: sqlite3.Connection, part: PartRecord) -> None:
    raw.execute(
        "DELETE FROM part WHERE message_id = ? AND number = ? AND target_id IS NULL", (part.message_id, part.number)
    )
