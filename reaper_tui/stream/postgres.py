"""PostgreSQL as a copy of the feed: what is published there, and how it is read."""

# asyncpg tells no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import asyncpg

from reaper_tui.journal.feed import FeedRow
from reaper_tui.model.errors import ConfigurationError, ServiceDown
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.source import MessageQuery, MessageRow, Place, Standing

CHANNEL = "reaper_stream"
COMMAND_SECONDS = 10.0
MOST_CONNECTIONS = 8
_TROUBLES = (
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    *(OSError, EOFError, TimeoutError),
)
# Any number does, as long as every version of this program takes the same.
_MIGRATING = 7_203_455_301
MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001_stream",
        """
        CREATE TABLE stream_feed (
            epoch text PRIMARY KEY,
            guild_id text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            head bigint NOT NULL,
            floor bigint NOT NULL
        );
        CREATE TABLE stream_event (
            epoch text NOT NULL,
            seq bigint NOT NULL,
            noted_at double precision NOT NULL,
            kind text NOT NULL,
            channel_id bigint NOT NULL,
            message_id bigint NOT NULL,
            body bytea NOT NULL,
            PRIMARY KEY (epoch, seq)
        );
        CREATE INDEX stream_event_message ON stream_event (epoch, message_id, kind, seq);
        CREATE INDEX stream_event_channel ON stream_event (epoch, channel_id, message_id) WHERE kind = 'create';
        CREATE TABLE stream_channel (
            guild_id text NOT NULL,
            channel_id bigint NOT NULL,
            name text NOT NULL,
            parent_name text NOT NULL,
            position integer NOT NULL,
            PRIMARY KEY (guild_id, channel_id)
        );
        """,
    ),
)
_PAGE = """
SELECT made.message_id, made.channel_id, made.noted_at, made.body,
    (SELECT later.body FROM stream_event later WHERE later.epoch = made.epoch AND later.message_id = made.message_id
        AND later.kind = 'update' ORDER BY later.seq DESC LIMIT 1)
FROM stream_event made
WHERE made.epoch = $1 AND made.kind = 'create' AND made.message_id < $2 AND made.message_id > $3
    AND ($4::bigint[] IS NULL OR made.channel_id = ANY($4))
    AND NOT EXISTS (SELECT 1 FROM stream_event gone WHERE gone.epoch = made.epoch
        AND gone.message_id = made.message_id AND gone.kind = 'delete')
ORDER BY made.message_id {direction} LIMIT $5
"""


class PostgresFeed:
    """The feed in a database; every method raises ServiceDown while the database does not answer."""

    def __init__(self, address: Secret) -> None:
        self._address = address
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._is_migrated = False

    async def close(self) -> None:
        """Close all connections, cutting those that do not end."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def cursor(self, standing: Standing) -> int:
        """Return up to where the copy of a feed has come, beginning one if there is none."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO stream_feed (epoch, guild_id, head, floor) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING",
                standing.epoch,
                standing.guild_id,
                standing.floor,
            )
            # What was forgotten before it was copied is a gap here too.
            await connection.execute(
                "UPDATE stream_feed SET head = $2, floor = $2 WHERE epoch = $1 AND head < $2",
                standing.epoch,
                standing.floor,
            )
            return await connection.fetchval("SELECT head FROM stream_feed WHERE epoch = $1", standing.epoch)

    async def append(self, epoch: str, cursor: int, rows: Sequence[FeedRow]) -> int:
        """Add what comes behind a cursor, unless another publisher did; return up to where the copy has come."""
        async with self._connection() as connection, connection.transaction():
            head: int = await connection.fetchval("SELECT head FROM stream_feed WHERE epoch = $1 FOR UPDATE", epoch)
            if head != cursor:
                return head
            await connection.execute(
                "INSERT INTO stream_event (epoch, seq, noted_at, kind, channel_id, message_id, body) SELECT $1, * FROM "
                "unnest($2::bigint[], $3::double precision[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[]) "
                "ON CONFLICT DO NOTHING",
                epoch,
                [row.seq for row in rows],
                [row.noted_at for row in rows],
                [row.kind for row in rows],
                [row.channel_id for row in rows],
                [row.message_id for row in rows],
                [row.body for row in rows],
            )
            last = rows[-1].seq
            await connection.execute("UPDATE stream_feed SET head = $2 WHERE epoch = $1", epoch, last)
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, f"{epoch}:{last}")
            return last

    async def name(self, guild_id: str, places: Sequence[Place]) -> None:
        """Make these the names of a guild's channels."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute("DELETE FROM stream_channel WHERE guild_id = $1", guild_id)
            await connection.executemany(
                "INSERT INTO stream_channel VALUES ($1, $2, $3, $4, $5)",
                [(guild_id, place.channel_id, place.name, place.parent_name, at) for at, place in enumerate(places)],
            )

    async def standing(self, guild_id: str) -> Standing | None:
        """Return the newest feed, of one guild when given."""
        async with self._connection() as connection:
            row = await connection.fetchrow(
                "SELECT epoch, head, floor, guild_id FROM stream_feed WHERE $1 = '' OR guild_id = $1 "
                "ORDER BY created_at DESC LIMIT 1",
                guild_id,
            )
        return None if row is None else Standing(*row)

    async def head(self, epoch: str) -> int:
        """Return up to where the copy has come."""
        async with self._connection() as connection:
            return await connection.fetchval("SELECT head FROM stream_feed WHERE epoch = $1", epoch) or 0

    async def after(self, epoch: str, seq: int, limit: int, until: int | None) -> list[FeedRow]:
        """Return events behind a number."""
        async with self._connection() as connection:
            rows = await connection.fetch(
                "SELECT seq, noted_at, kind, channel_id, message_id, body FROM stream_event "
                "WHERE epoch = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
                epoch,
                seq,
                (1 << 62) if until is None else until,
                limit,
            )
        return [FeedRow(*row) for row in rows]

    async def messages(self, epoch: str, query: MessageQuery) -> list[MessageRow]:
        """Return a page of messages, newest last."""
        newest_first = query.after is None or query.before is not None
        async with self._connection() as connection:
            rows = await connection.fetch(
                _PAGE.format(direction="DESC" if newest_first else "ASC"),
                epoch,
                query.before or 1 << 62,
                query.after or 0,
                None if query.channels is None else list(query.channels),
                query.limit,
            )
        found = [MessageRow(*row) for row in rows]
        return found[::-1] if newest_first else found

    async def places(self, guild_id: str) -> list[Place]:
        """Return the names of a guild's channels."""
        async with self._connection() as connection:
            rows = await connection.fetch(
                "SELECT channel_id, name, parent_name FROM stream_channel WHERE guild_id = $1 ORDER BY position",
                guild_id,
            )
        return [Place(*row) for row in rows]

    async def listen(self, woken: Callable[[], None]) -> None:
        """Call back whenever somebody publishes, until the connection is lost."""
        async with self._connection() as connection:
            lost = asyncio.get_running_loop().create_future()

            def gone(_: Any) -> None:
                if not lost.done():
                    lost.set_result(None)

            def told(*_: Any) -> None:
                woken()

            connection.add_termination_listener(gone)
            await connection.add_listener(CHANNEL, told)
            try:
                await lost
            finally:
                if not connection.is_closed():
                    connection.remove_termination_listener(gone)
                    await connection.remove_listener(CHANNEL, told)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=COMMAND_SECONDS) as connection:
                yield connection
        except _TROUBLES as error:
            raise ServiceDown(f"PostgreSQL does not answer: {str(error) or type(error).__name__}") from error

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                try:
                    self._pool = await asyncpg.create_pool(
                        self._address.reveal(),
                        min_size=0,
                        max_size=MOST_CONNECTIONS,
                        timeout=COMMAND_SECONDS,
                        command_timeout=COMMAND_SECONDS,
                        # A pooler that gives each transaction another session knows no prepared statements.
                        statement_cache_size=0,
                    )
                except ValueError:
                    raise ConfigurationError(
                        "DATABASE_URL is no address of a database", "write it as postgresql://user:password@host/name"
                    ) from None
            if not self._is_migrated:
                async with self._pool.acquire() as connection, connection.transaction():
                    await _migrate(connection)
                self._is_migrated = True
            return self._pool


async def _migrate(connection: Any) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATING)
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS stream_migration (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
    )
    applied = {row[0] for row in await connection.fetch("SELECT name FROM stream_migration")}
    if newer := sorted(applied - {name for name, _ in MIGRATIONS}):
        raise ConfigurationError(f"The database was set up by a newer reaper-tui ({newer[-1]})", "update reaper-tui")
    for name, script in MIGRATIONS:
        if name not in applied:
            await connection.execute(script)
            await connection.execute("INSERT INTO stream_migration (name) VALUES ($1)", name)
