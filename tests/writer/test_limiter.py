"""The limiter stays inside what an independent model of the server allows, wastes nothing, and forgets nobody."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reaper_tui.writer.buckets import Allowance, allowance_for, bucket_key
from reaper_tui.writer.limiter import LONGEST_PAUSE, Bucket, Limiter, Quota, quota_of, retry_after_of


class Time:
    """A clock that jumps to the next sleeper when nobody else can run."""

    def __init__(self) -> None:
        self.now = 5000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), future))
        await future

    async def run(self, work: Awaitable[object], until: float = float("inf")) -> None:
        """Run work to its end, or to a point in time."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(12):
                await asyncio.sleep(0)
            if task.done() or not self._sleepers:
                continue
            if self._sleepers[0][0] > until:
                self.now = until
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return
            at, _, future = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            if not future.done():
                future.set_result(None)
        await task


class Server:
    """The server's own algorithm, written down a second time: empties by one each interval, holds `burst`."""

    def __init__(self, burst: int, interval: float) -> None:
        self.burst, self.interval = burst, interval
        self.level = 0.0
        self.at = 0.0

    def takes(self, now: float) -> bool:
        self.level = max(0.0, self.level - (now - self.at) / self.interval)
        self.at = now
        if self.level + 1 > self.burst + 1e-6:
            return False
        self.level += 1
        return True

    def quota(self, speech: str) -> Quota:
        if speech == "nothing":
            return Quota()
        after = round(self.level * self.interval, 3) if speech == "everything" else None
        return Quota(self.burst, int(self.burst - self.level), after)


HOOK = Allowance("hook", 60, 60, "webhook limit", counts_globally=False)
SMALL = Allowance("small", 5, 10, "small limit")


def limiter_at(time: Time, scale: float = 1.0, waits: list[float] | None = None) -> Limiter:
    heard = waits if waits is not None else []
    return Limiter(
        clock=time.clock, sleep=time.sleep, scale=scale, waiting=lambda _key, _allowance, seconds: heard.append(seconds)
    )


async def send(
    limiter: Limiter,
    time: Time,
    server: Server,
    key: str,
    allowance: Allowance,
    travel: tuple[float, float],
    verdicts: list[bool],
    *,
    speech: str = "remaining",
) -> None:
    ticket = await limiter.acquire(key, allowance)
    await time.sleep(travel[0])
    is_taken = server.takes(time.now)
    quota = server.quota(speech)
    await time.sleep(travel[1])
    verdicts.append(is_taken)
    if is_taken:
        limiter.settle(ticket, quota)
    else:
        limiter.refuse(ticket, 1.0, is_global=False)


travels = st.tuples(st.floats(0.001, 0.4), st.floats(0.001, 0.4))


@settings(max_examples=60, deadline=None)
@given(
    burst=st.integers(1, 8),
    window=st.floats(1, 20),
    pauses=st.lists(st.tuples(st.floats(0, 8), travels), min_size=1, max_size=40),
    speech=st.sampled_from(["nothing", "remaining", "everything"]),
)
# The third is counted after the fourth and answered before it.
@example(
    burst=5,
    window=3.0,
    pauses=[(0.0, (0.375, 0.0625) if number == 2 else (0.25, 0.25)) for number in range(6)],
    speech="everything",
)
def test_no_request_is_ever_refused_whatever_the_network_does(
    burst: int, window: float, pauses: list[tuple[float, tuple[float, float]]], speech: str
) -> None:
    async def scenario() -> None:
        time = Time()
        allowance = Allowance("x", burst, window, "limit", counts_globally=False)
        limiter, server, verdicts = limiter_at(time), Server(burst, window / burst), list[bool]()

        async def all_of_them() -> None:
            async with asyncio.TaskGroup() as group:
                for pause, travel in pauses:
                    await time.sleep(pause)
                    group.create_task(send(limiter, time, server, "x", allowance, travel, verdicts, speech=speech))

        await time.run(all_of_them())
        assert verdicts == [True] * len(pauses)

    asyncio.run(scenario())


@settings(max_examples=25, deadline=None)
@given(
    keys=st.integers(1, 12),
    scale=st.sampled_from([0.5, 1.0, 20.0]),
    travel=st.tuples(st.floats(0.0005, 0.01), st.floats(0.0005, 0.01)),
)
def test_the_overall_limit_holds_over_all_buckets(keys: int, scale: float, travel: tuple[float, float]) -> None:
    async def scenario() -> None:
        time = Time()
        limiter = limiter_at(time, scale)
        overall, verdicts = Server(50, 1 / 50 / scale), list[bool]()
        wide = Allowance("wide", 1000, 1, "wide limit")

        async def one(number: int) -> None:
            for _ in range(20):
                await send(limiter, time, overall, f"k{number}", wide, travel, verdicts, speech="nothing")

        await time.run(_all(*(one(number) for number in range(keys))))
        assert all(verdicts)

    asyncio.run(scenario())


@pytest.mark.parametrize(("scale", "travel"), [(1.0, 0.05), (1.0, 0.4), (20.0, 0.005), (0.5, 0.3)])
async def test_a_serial_sender_gets_nearly_all_that_is_allowed(scale: float, travel: float) -> None:
    time = Time()
    limiter, server, verdicts = limiter_at(time, scale), Server(60, 1 / scale), list[bool]()
    began = time.now
    length = 600 / scale

    async def forever() -> None:
        while True:
            await send(limiter, time, server, "hook", HOOK, (travel, travel), verdicts)

    await time.run(forever(), until=began + length)
    assert all(verdicts)
    assert len(verdicts) >= 0.97 * (60 + length * scale)


async def test_limits_that_are_wide_open_cost_no_time() -> None:
    time = Time()
    limiter, server, verdicts = limiter_at(time, 10_000.0), Server(50, 1 / 500_000), list[bool]()
    read = Allowance("read", 50, 1.0, "read limit")

    async def reading() -> None:
        for _ in range(200):
            await send(limiter, time, server, "read", read, (0.0005, 0.0005), verdicts)

    await time.run(_all(*(reading() for _ in range(4))))
    assert all(verdicts)
    assert limiter.wait_seconds < 0.01


async def test_one_late_answer_is_not_waited_for_in_a_spin() -> None:
    time = Time()
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await time.sleep(seconds)

    limiter = Limiter(clock=time.clock, sleep=nap, scale=10_000.0, waiting=lambda *_: None)
    read = Allowance("read", 50, 1.0, "read limit")

    async def reading(seconds: float) -> None:
        ticket = await limiter.acquire("read", read)
        await time.sleep(seconds)
        limiter.settle(ticket)

    await time.run(_all(reading(0.5), *(reading(0.0) for _ in range(200))))
    assert 0 < len(naps) < 1000


async def test_a_timer_that_rings_early_is_waited_for_no_longer_than_it_was_early() -> None:
    time = Time()

    async def early(seconds: float) -> None:
        await time.sleep(max(seconds - 0.0002, 0.0001))

    limiter = Limiter(clock=time.clock, sleep=early, scale=1.0, waiting=lambda *_: None)
    began = time.now
    await time.run(drained(limiter, "small", SMALL, SMALL.burst + 1))
    assert time.now - began == pytest.approx(2.002, abs=0.0005)


def test_an_answer_counts_only_those_that_were_on_their_way_with_it() -> None:
    bucket = Bucket("x", Allowance("x", 10, 10.0, "limit"), 1.0)
    slow = bucket.take(0.0)
    for turn in range(5):
        number = bucket.take(turn / 10)
        bucket.settle(number, turn / 10 + 0.05, Quota(10, 9, 1.0))
    # What stands in the bucket for sure, and the slow one.
    assert bucket.arrival == pytest.approx(0.45 + 1.0 + 1.0)
    bucket.settle(slow, 1.0, Quota())
    assert not bucket._back


def test_a_bucket_that_says_it_is_empty_again_at_once_teaches_no_haste() -> None:
    bucket = Bucket("x", Allowance("x", 10, 10.0, "limit"), 1.0)
    bucket.settle(bucket.take(0.0), 0.1, Quota(5, 3, 0.0))
    assert bucket.interval == pytest.approx(2.0)


async def drained(limiter: Limiter, key: str, allowance: Allowance, count: int = 0) -> None:
    for _ in range(count or allowance.burst):
        limiter.settle(await limiter.acquire(key, allowance))


async def _all(*works: Awaitable[object]) -> None:
    await asyncio.gather(*works)


async def test_first_come_first_served() -> None:
    time = Time()
    limiter = limiter_at(time)
    order: list[int] = []

    async def one(number: int) -> None:
        limiter.settle(await limiter.acquire("small", SMALL))
        order.append(number)

    await time.run(_all(*(one(number) for number in range(30))))
    assert order == list(range(30))


async def test_one_bucket_does_not_hold_up_another() -> None:
    time = Time()
    limiter = limiter_at(time)
    await time.run(drained(limiter, "small:1", SMALL))
    waiting = asyncio.ensure_future(limiter.acquire("small:1", SMALL))
    await asyncio.sleep(0)
    limiter.settle(await asyncio.wait_for(limiter.acquire("small:2", SMALL), 1))
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


@settings(max_examples=30, deadline=None)
@given(cancelled=st.sets(st.integers(0, 9), max_size=10))
def test_a_cancelled_waiter_leaves_no_debt_and_keeps_nobody(cancelled: set[int]) -> None:
    async def scenario() -> None:
        time = Time()
        limiter = limiter_at(time)
        await time.run(drained(limiter, "small", SMALL))
        began = time.now
        tasks = [asyncio.ensure_future(limiter.acquire("small", SMALL)) for _ in range(10)]
        await asyncio.sleep(0)
        for number in cancelled:
            tasks[number].cancel()
        await time.run(asyncio.gather(*tasks, return_exceptions=True))
        gone = 10 - len(cancelled)
        assert time.now - began == pytest.approx(2.0 * gone, abs=0.1)

    asyncio.run(scenario())


async def test_every_wait_is_told_and_summed() -> None:
    time, waits = Time(), list[float]()
    limiter = limiter_at(time, waits=waits)

    async def six() -> None:
        for _ in range(6):
            limiter.settle(await limiter.acquire("small", SMALL))

    await time.run(six())
    assert waits[-1] == pytest.approx(2.0, abs=0.01)
    assert limiter.wait_seconds == pytest.approx(2.0, abs=0.01)


async def test_a_refusal_pauses_its_bucket_for_as_long_as_it_says() -> None:
    time = Time()
    limiter = limiter_at(time)
    limiter.refuse(await limiter.acquire("small", SMALL), 7.5, is_global=False)
    assert limiter.delay("small", SMALL) == pytest.approx(7.5)
    assert limiter.delay("small:other", SMALL) == 0


async def test_a_global_refusal_pauses_all_but_the_exempt() -> None:
    time = Time()
    limiter = limiter_at(time)
    limiter.refuse(await limiter.acquire("small", SMALL), 3.0, is_global=True)
    assert limiter.delay("small:other", SMALL) == pytest.approx(3.0)
    assert limiter.delay("hook", HOOK) == 0


async def test_an_absurd_refusal_is_bounded() -> None:
    time = Time()
    limiter = limiter_at(time)
    limiter.refuse(await limiter.acquire("hook", HOOK), 1e12, is_global=False)
    assert limiter.delay("hook", HOOK) <= LONGEST_PAUSE


async def test_a_bucket_that_others_drained_is_believed() -> None:
    time = Time()
    limiter = limiter_at(time)
    limiter.settle(await limiter.acquire("hook", HOOK), Quota(60, 0))
    assert 0.5 < limiter.delay("hook", HOOK) < 2.1


async def test_a_bucket_that_is_fuller_than_thought_is_used() -> None:
    time = Time()
    limiter = limiter_at(time)
    await time.run(drained(limiter, "hook", HOOK))
    assert limiter.delay("hook", HOOK) > 0.9
    time.now += 1.01
    limiter.settle(await limiter.acquire("hook", HOOK), Quota(60, 59))
    assert limiter.delay("hook", HOOK) == 0


async def test_another_limit_than_known_is_learnt_from_leaky_answers() -> None:
    time = Time()
    limiter = limiter_at(time)
    emojis = Allowance("emoji", 20, 10, "emoji create limit")
    limiter.settle(await limiter.acquire("emoji", emojis), Quota(10, 9, 3.0))
    await time.run(drained(limiter, "emoji", emojis, 9))
    assert limiter.delay("emoji", emojis) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({}, Quota()),
        ({"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59"}, Quota(60, 59)),
        (
            {"X-RateLimit-Limit": "60", "X-RATELIMIT-REMAINING": "0", "x-RateLimit-Reset-After": "1.25"},
            Quota(60, 0, 1.25),
        ),
        ({"X-RateLimit-Limit": "nan", "X-RateLimit-Remaining": "-1", "X-RateLimit-Reset-After": "inf"}, Quota()),
        ({"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "many"}, Quota()),
        ({"X-RateLimit-Limit": "1e400", "X-RateLimit-Remaining": "1.0"}, Quota(None, 1)),
    ],
)
def test_headers_of_any_case_and_quality(headers: dict[str, str], quota: Quota) -> None:
    assert quota_of(headers) == quota


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {}, None),
        ({"retry-after": "3"}, {}, 3.0),
        ({"Retry-After": "1"}, {"retry_after": 0.25}, 0.25),
        ({}, {"retry_after": 2}, 2.0),
        ({}, {"retry_after": "0.5"}, 0.5),
        ({"Retry-After": "Fri, 20 Nov 2026 18:45:13 GMT"}, {"retry_after": None}, None),
        ({"Retry-After": "4"}, {"retry_after": -1}, 4.0),
        ({}, {"retry_after": True}, None),
    ],
)
def test_retry_after_wherever_it_is(headers: dict[str, str], body: dict[str, object], seconds: float | None) -> None:
    assert retry_after_of(headers, body) == seconds


def test_routes_find_their_buckets() -> None:
    execute = allowance_for("POST", "/webhooks/{webhook_id}/{token}")
    assert (execute.burst, execute.window, execute.counts_globally) == (60, 60, False)
    key = bucket_key(execute, "/webhooks/{webhook_id}/{token}", {"webhook_id": "5", "token": "secret"})
    assert key == "webhook:execute:5"
    assert allowance_for("POST", "/guilds/{guild_id}/channels").burst == 10
    assert allowance_for("GET", "/guilds/{g}/webhooks").name == allowance_for("GET", "/channels/{c}/webhooks").name
    assert allowance_for("POST", "/nobody/{knows}").burst == 20
