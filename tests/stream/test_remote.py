"""Beyond one machine: copies in PostgreSQL and Redis, gateways that answer from them, and outages of either."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from contextlib import aclosing
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection

from reaper_tui.journal.feed import FeedRow
from reaper_tui.model.errors import CloneError, ConfigurationError
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.client import Missing, Received, StreamClient
from reaper_tui.stream.postgres import PostgresFeed
from reaper_tui.stream.publisher import Copy
from reaper_tui.stream.redis_feed import RedisFeed
from reaper_tui.stream.remote_source import RemoteSource
from reaper_tui.stream.source import Place, Standing
from tests.stream.feeds import Kept, Served, frames_until, gateway, message, numbers, served
from tests.stream.servers import PostgresServer, RedisServer, in_thread

_guilds = itertools.count(secrets.randbelow(1 << 40))


def row(seq: int) -> FeedRow:
    return FeedRow(seq, 1.0, "create", 7, seq, b'{"id":"%d"}' % seq)


async def copied(service: Kept, last: int) -> None:
    async with asyncio.timeout(30):
        while any(publisher.cursor < last for publisher in service.publishers):
            await asyncio.sleep(0.01)


async def _connected(service: Served, query: str) -> ClientConnection:
    return await service.connect(query)


@pytest.fixture
def guild() -> str:
    return str(next(_guilds))


@pytest.mark.parametrize("use", ["postgres", "redis", "both"])
async def test_a_gateway_serves_what_was_published_by_the_same_cursors(
    tmp_path: Path, guild: str, use: str, database_url: str, redis_url: str
) -> None:
    def copies() -> tuple[PostgresFeed | None, RedisFeed | None]:
        return (
            PostgresFeed(Secret(database_url)) if use != "redis" else None,
            RedisFeed(Secret(redis_url)) if use != "postgres" else None,
        )

    targets: dict[str, Copy] = {name: copy for name, copy in zip(("postgres", "redis"), copies(), strict=True) if copy}
    async with served(tmp_path, guild_id=guild, copies=targets) as keeper:
        await keeper.write(message(number) for number in range(1, 601))
        await copied(keeper, 600)
        async with gateway(RemoteSource(*copies(), guild_id=guild)) as remote:
            async with asyncio.timeout(20):
                while remote.hub.standing is None:
                    await asyncio.sleep(0.01)
            async with keeper.connect("after=earliest") as ws:
                hello = (await frames_until(ws, "event", seq=250))[0]
            # A listener moves from one to the other.
            async with remote.connect(f"after={hello['epoch']}:250") as ws:
                await frames_until(ws, "live")
                await keeper.write(message(number) for number in range(601, 611))
                frames = await frames_until(ws, "event", seq=610)
                assert numbers(frames)[-10:] == list(range(601, 611))
            async with remote.connect(f"after={hello['epoch']}:250") as ws:
                frames = await frames_until(ws, "event", seq=610)
            assert (frames[0]["resumed"], numbers(frames)) == (True, list(range(251, 611)))
            # The keeper may be ahead for a moment: that is no loss.
            coming = asyncio.create_task(_connected(remote, f"after={hello['epoch']}:611"))
            async with asyncio.timeout(20):
                while not remote.hub.is_awaited:
                    await asyncio.sleep(0.001)
            await keeper.write([message(611), message(612)])
            ws = await coming
            frames = await frames_until(ws, "event", seq=612)
            await ws.close()
            assert (frames[0]["resumed"], numbers(frames)) == (True, [612])
            async with remote.http() as http:
                report = (await http.get("/health")).json()
                assert report["status"] == "ok"
                assert {"postgres", "redis"} & report["components"].keys() == targets.keys()
                for _ in range(2):
                    page = (await http.get("/messages?limit=2")).json()
                    assert [found["id"] for found in page["messages"]] == ["611", "612"]
    for copy in targets.values():
        await copy.close()  # type: ignore[attr-defined]


async def test_publishing_twice_or_by_two_changes_nothing(guild: str, database_url: str, redis_url: str) -> None:
    epoch = secrets.token_hex(4)
    standing = Standing(epoch, 9, 0, guild)
    for one, other in (
        (PostgresFeed(Secret(database_url)), PostgresFeed(Secret(database_url))),
        (RedisFeed(Secret(redis_url)), RedisFeed(Secret(redis_url))),
    ):
        assert await one.cursor(standing) == 0
        assert await other.cursor(standing) == 0
        assert await one.append(epoch, 0, [row(1), row(3)]) == 3
        # The one that was slower is told where the copy stands, and adds nothing.
        assert await other.append(epoch, 0, [row(1)]) == 3
        assert await other.append(epoch, 3, [row(4)]) == 4
        assert await one.append(epoch, 3, [row(4), row(5)]) == 4
        source = RemoteSource(*(pair := (one, None) if isinstance(one, PostgresFeed) else (None, one)), guild_id=guild)
        assert pair
        found = await source.standing()
        assert found is not None
        assert (found.head, found.floor) == (4, 0)
        assert [kept.seq for kept in await source.after(0, 10)] == [1, 3, 4]
        await one.name(guild, [Place(7, "general", "Talk")])
        assert await source.places() == [Place(7, "general", "Talk")]
        await one.close()
        await other.close()


async def test_a_database_of_a_newer_program_is_left_alone(database_url: str) -> None:
    feed = PostgresFeed(Secret(database_url))
    async with feed._connection() as connection:
        await connection.execute("INSERT INTO stream_migration (name) VALUES ('9999_future')")
    newer = PostgresFeed(Secret(database_url))
    try:
        with pytest.raises(ConfigurationError, match="newer"):
            await newer.head("x")
    finally:
        async with feed._connection() as connection:
            await connection.execute("DELETE FROM stream_migration WHERE name = '9999_future'")
        await feed.close()
        await newer.close()


async def test_outages_of_either_lose_nothing(
    tmp_path: Path, guild: str, postgres: PostgresServer, redis: RedisServer
) -> None:
    heard: list[int] = []
    problems: list[str] = []
    copies: dict[str, Copy] = {
        "postgres": PostgresFeed(Secret(postgres.url)),
        "redis": RedisFeed(Secret(redis.url)),
    }
    source = RemoteSource(PostgresFeed(Secret(postgres.url)), RedisFeed(Secret(redis.url)), guild_id=guild)
    async with served(tmp_path, guild_id=guild, copies=copies) as keeper, gateway(source) as remote:
        client = StreamClient(f"127.0.0.1:{remote.port}", after="earliest", jitter=lambda low, high: 0.05)

        async def listen() -> None:
            async with aclosing(client.listen()) as items:
                async for item in items:
                    if isinstance(item, Received):
                        heard.append(item.message_id)
                    elif isinstance(item, Missing):
                        problems.append(item.reason)

        listening = asyncio.create_task(listen())
        numbers_to_say = itertools.count(1)

        async def say(count: int) -> int:
            last = 0
            for _ in range(count):
                last = next(numbers_to_say)
                await keeper.write([message(last)])
            return last

        async def all_heard(last: int) -> None:
            async with asyncio.timeout(40):
                while not heard or heard[-1] < last:
                    assert not listening.done(), listening.exception()
                    await asyncio.sleep(0.01)

        await all_heard(await say(20))

        await in_thread(redis.stop)
        await all_heard(await say(20))
        await in_thread(redis.start)
        last = await say(20)
        await all_heard(last)
        await copied(keeper, last)

        await in_thread(postgres.stop)
        await all_heard(await say(20))
        assert (await copies_health(keeper))["postgres"]["status"] == "degraded"
        await in_thread(postgres.start)
        last = await say(20)
        await all_heard(last)
        await copied(keeper, last)

        redis.freeze()
        await all_heard(await say(5))
        redis.thaw()
        await all_heard(await say(5))

        await in_thread(redis.stop)
        await in_thread(postgres.stop)
        last = await say(20)
        await in_thread(postgres.start)
        await in_thread(redis.start)
        await all_heard(last)
        await copied(keeper, last)

        async with remote.connect("after=earliest") as ws:
            assert [
                int(frame["id"]) for frame in await frames_until(ws, "live", seq=last) if frame["op"] == "event"
            ] == list(range(1, last + 1))
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert heard == list(range(1, last + 1))
    assert (client.repeats, problems) == (0, [])
    for copy in copies.values():
        await copy.close()  # type: ignore[attr-defined]


async def copies_health(keeper: Kept) -> dict:
    found: dict = {}
    for publisher in keeper.publishers:
        found |= await publisher.health()
    return found


async def test_redis_alone_says_what_it_no_longer_holds(guild: str, redis_url: str) -> None:
    epoch = secrets.token_hex(4)
    feed = RedisFeed(Secret(redis_url), kept=100)
    standing = Standing(epoch, 1000, 0, guild)
    begins = await feed.cursor(standing)
    assert begins == 900
    await feed.append(epoch, begins, [row(number) for number in range(901, 1001)])
    async with gateway(RemoteSource(None, feed, guild_id=guild)) as remote:
        async with asyncio.timeout(20):
            while remote.hub.standing is None:
                await asyncio.sleep(0.01)
        async with remote.connect(f"after={epoch}:5") as ws:
            frames = await frames_until(ws, "live")
        assert frames[1] == {"op": "gap", "asked": f"{epoch}:5", "from": 900, "reason": "pruned"}
        assert numbers(frames) == list(range(901, 1001))


async def test_without_any_copy_there_is_one_clear_line() -> None:
    source = RemoteSource(PostgresFeed(Secret("postgresql://127.0.0.1:1/x")), None)
    with pytest.raises(CloneError, match="PostgreSQL does not answer"):
        await source.standing()
    await source.close()
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        RedisFeed(Secret("http://127.0.0.1"))
