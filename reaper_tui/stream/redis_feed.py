"""Redis as the short memory of the feed: a stream whose ids are the feed's own numbers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from reaper_tui.journal.feed import FeedRow
from reaper_tui.model.errors import ConfigurationError, ServiceDown
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.source import Place, Standing

KEPT_EVENTS = 100_000
COMMAND_SECONDS = 3.0
FEEDS, NEWEST = "reaper:feeds", "reaper:newest"
# Adds entries only behind the one that is last: repeating a batch, or a publisher left behind, changes nothing.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local have = '0'
if #last > 0 then have = string.match(last[1][1], '^(%d+)') end
if have ~= ARGV[1] then return have end
for i = 3, #ARGV, 7 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i] .. '-0', 'p', ARGV[i + 1], 't', ARGV[i + 2],
    'c', ARGV[i + 3], 'm', ARGV[i + 4], 'n', ARGV[i + 5], 'b', ARGV[i + 6])
  have = ARGV[i]
end
return have
"""


class Entry(msgspec.Struct, frozen=True):
    """An event and the number of the one before it: a reader sees whether something is missing between."""

    previous: int
    row: FeedRow


class RedisFeed:
    """The newest events in Redis; every method raises ServiceDown while it does not answer."""

    def __init__(self, address: Secret, *, kept: int = KEPT_EVENTS) -> None:
        try:
            # Version 3 of the protocol answers in other shapes; a blocked read must not run into a socket's time limit.
            self._redis: Redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                address.reveal(), protocol=2, socket_timeout=None, socket_connect_timeout=COMMAND_SECONDS
            )
        except ValueError:
            raise ConfigurationError("REDIS_URL is no address of Redis", "write it as redis://host:6379/0") from None
        self._kept = kept
        self._begins_at = -1
        self._append = self._redis.register_script(_APPEND)

    async def close(self) -> None:
        """Close all connections."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(COMMAND_SECONDS):
                await self._redis.aclose()

    async def cursor(self, standing: Standing) -> int:
        """Return up to where the stream of a feed has come; an empty one begins with what it would keep."""
        async with self._answering() as redis:
            await redis.hset(FEEDS, standing.guild_id, standing.epoch)
            await redis.set(NEWEST, f"{standing.guild_id} {standing.epoch}")
            last = await self._last(redis, standing.epoch)
        self._begins_at = max(standing.floor, standing.head - self._kept)
        return last or self._begins_at

    async def append(self, epoch: str, cursor: int, rows: Sequence[FeedRow]) -> int:
        """Add what comes behind a cursor, unless another publisher did; return up to where the stream has come."""
        arguments: list[Any] = []
        previous = cursor
        for row in rows:
            arguments += [row.seq, previous, row.kind, row.channel_id, row.message_id, repr(row.noted_at), row.body]
            previous = row.seq
        async with self._answering() as redis:
            last = await self._last(redis, epoch)
            have = (
                await self._append(keys=[_key(epoch)], args=[last, self._kept, *arguments])
                if last in (0, cursor)
                else last
            )
        return int(have)

    async def name(self, guild_id: str, places: Sequence[Place]) -> None:
        """Make these the names of a guild's channels."""
        async with self._answering() as redis:
            await redis.set(f"reaper:channels:{guild_id}", msgspec.msgpack.encode(list(places)))

    async def standing(self, guild_id: str) -> Standing | None:
        """Return the newest feed, of one guild when given; `floor` is what lies before its first entry."""
        async with self._answering() as redis:
            if guild_id:
                found = await redis.hget(FEEDS, guild_id)
                epoch = found.decode() if found else ""
            else:
                guild_id, _, epoch = (await redis.get(NEWEST) or b"").decode().partition(" ")
            if not epoch:
                return None
            first = await redis.xrange(_key(epoch), count=1)
            last = await self._last(redis, epoch)
        return Standing(epoch, last, _entry(first[0]).previous if first else last, guild_id)

    async def after(self, epoch: str, seq: int, limit: int, until: int | None) -> list[Entry]:
        """Return events behind a number as far as they are kept."""
        end = "+" if until is None else str(until)
        async with self._answering() as redis:
            found = await redis.xrange(_key(epoch), min=f"({seq}-{(1 << 64) - 1}", max=end, count=limit)
        return [_entry(entry) for entry in found]

    async def newest(self, epoch: str, limit: int) -> list[FeedRow]:
        """Return the newest events, oldest first."""
        async with self._answering() as redis:
            found = await redis.xrevrange(_key(epoch), count=limit)
        return [_entry(entry).row for entry in reversed(found)]

    async def wait(self, epoch: str, seq: int, seconds: float) -> bool:
        """Return whether an event behind a number came within so many seconds."""
        block = max(1, round(seconds * 1000))
        async with self._answering(seconds + COMMAND_SECONDS) as redis:
            return bool(await redis.xread({_key(epoch): f"{seq}-{(1 << 64) - 1}"}, count=1, block=block))

    async def places(self, guild_id: str) -> list[Place]:
        """Return the names of a guild's channels."""
        async with self._answering() as redis:
            found = await redis.get(f"reaper:channels:{guild_id}")
        return msgspec.msgpack.decode(found, type=list[Place]) if found else []

    async def kept_page(self, name: str) -> bytes | None:
        """Return a page that was kept under a name."""
        async with self._answering() as redis:
            return await redis.get(f"reaper:page:{name}")

    async def keep_page(self, name: str, page: bytes, seconds: int) -> None:
        """Keep a page for some seconds."""
        async with self._answering() as redis:
            await redis.set(f"reaper:page:{name}", page, ex=seconds)

    async def _last(self, redis: Any, epoch: str) -> int:
        found = await redis.xrevrange(_key(epoch), count=1)
        return int(found[0][0].partition(b"-")[0]) if found else 0

    @contextlib.asynccontextmanager
    async def _answering(self, seconds: float = COMMAND_SECONDS) -> AsyncGenerator[Any]:
        try:
            async with asyncio.timeout(seconds):
                yield self._redis
        except (RedisError, OSError, TimeoutError) as error:
            raise ServiceDown(f"Redis does not answer: {str(error) or type(error).__name__}") from error


def _key(epoch: str) -> str:
    return f"reaper:stream:{epoch}"


def _entry(found: Any) -> Entry:
    identity, fields = found
    row = FeedRow(
        int(identity.partition(b"-")[0]),
        float(fields[b"n"]),
        fields[b"t"].decode(),
        int(fields[b"c"]),
        int(fields[b"m"]),
        fields[b"b"],
    )
    return Entry(int(fields[b"p"]), row)
