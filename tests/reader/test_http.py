"""Limits, outages and cancellation over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp import web

from reaper_tui.model.errors import AccessDenied, Refused, ServiceDown
from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.client import DiscordReader
from reaper_tui.reader.events import ReaderEvent

from .conftest import FakeDiscord, reply, too_many

PATH = "/channels/5/messages"
MESSAGE = {"id": "1", "channel_id": "5", "content": "hello"}


def html(status: int) -> web.Response:
    return web.Response(text="<html><body>error 1015</body></html>", status=status, content_type="text/html")


async def cut_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
    await response.prepare(request)
    await response.write(b'[{"id": ')
    assert request.transport is not None
    request.transport.abort()
    return response


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    "fault",
    [
        lambda: reply({"message": "unavailable"}, 503),
        lambda: html(520),
        lambda: cut_body,
        lambda: drop,
        lambda: html(200),
        lambda: web.Response(body=b"[{", headers={"Content-Type": "application/json"}),
        lambda: reply({"message": "slow"}, 429, Via="1.1 google"),
    ],
    ids=["503", "520", "cut", "dropped", "web page", "half JSON", "429 without retry_after"],
)
async def test_a_passing_fault_is_waited_out(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent], naps: list[float], fault: object
) -> None:
    discord.standing[PATH] = [MESSAGE]
    await reader.page(5, 0)
    # aiohttp itself asks once more when a kept connection dies before its answer
    discord.queue(PATH, fault(), fault(), fault())  # type: ignore[operator]
    assert [raw.id for raw in await reader.page(5, 0)] == [1]
    told = [event for event in events if event.kind == "retry"]
    assert len(told) >= (1 if fault() is drop else 3)  # type: ignore[operator]
    assert all(event.channel_id == 5 and event.seconds > 0 and event.until > time.time() for event in told)
    assert [nap for nap in naps if nap >= 0.5] == [event.seconds for event in told]


async def test_an_internal_error_is_tried_again_and_told(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    discord.standing[PATH] = [MESSAGE]
    discord.queue(PATH, reply({"message": "Internal Server Error"}, 500))
    assert len(await reader.page(5, 0)) == 1
    assert [(event.kind, event.seconds) for event in events] == [("retry", 1.0)]


async def test_a_body_that_stops_flowing_is_given_up_and_asked_for_again(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
        await response.prepare(request)
        await response.write(b"[")
        await released.wait()
        return response

    monkeypatch.setattr("reaper_tui.reader.http.TIMEOUT", aiohttp.ClientTimeout(sock_read=0.1))
    discord.standing[PATH] = [MESSAGE]
    discord.queue(PATH, stall)
    assert len(await reader.page(5, 0)) == 1
    released.set()
    assert [event.what for event in events] == ["Discord does not answer in time; trying again"]


async def test_a_lasting_fault_ends_in_service_down_after_a_bounded_wait(
    reader: DiscordReader, discord: FakeDiscord, naps: list[float]
) -> None:
    discord.standing[PATH] = [MESSAGE]
    await reader.page(5, 0)

    async def unavailable(request: web.Request) -> web.Response:
        return reply({}, 503, Retry_After="120")

    discord.standing[PATH] = unavailable
    with pytest.raises(ServiceDown) as caught:
        await reader.page(5, 0)
    assert caught.value.retry_after == 120
    assert discord.count(PATH) == 7
    assert 20 < sum(naps) < 40


async def test_nobody_there_is_service_down(naps: list[float]) -> None:
    async def nap(seconds: float) -> None:
        naps.append(seconds)

    for base in ("http://127.0.0.1:1/api/v10", "http://nowhere.invalid/api/v10"):
        async with DiscordReader(Secret("x"), api_base=base, sleep=nap) as reader:
            with pytest.raises(ServiceDown) as caught:
                await reader.identity()
            assert "network" in caught.value.mend


async def test_a_server_without_tls_is_service_down_at_once(discord: FakeDiscord, naps: list[float]) -> None:
    async with DiscordReader(Secret("x"), api_base=discord.base.replace("http:", "https:")) as reader:
        with pytest.raises(ServiceDown):
            await reader.identity()


async def test_a_429_is_waited_out_and_told(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    discord.standing[PATH] = [MESSAGE]
    discord.queue(PATH, too_many(0.05), too_many(0.05))
    assert len(await reader.page(5, 0)) == 1
    assert [(event.kind, event.seconds, event.channel_id) for event in events] == [("wait", 0.05, 5)] * 2
    assert reader.request_counts[1] == 2


@pytest.mark.parametrize("seconds", [None, 77.0])
async def test_a_block_of_the_address_is_not_hammered(
    reader: DiscordReader, discord: FakeDiscord, seconds: float | None
) -> None:
    async def blocked(request: web.Request) -> web.Response:
        response = html(429)
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    discord.standing[PATH] = blocked
    with pytest.raises(ServiceDown) as caught:
        await reader.page(5, 0)
    assert caught.value.retry_after == (seconds or 300)
    assert discord.count(PATH) == 1


async def test_a_very_long_limit_is_handed_to_the_caller(reader: DiscordReader, discord: FakeDiscord) -> None:
    discord.queue(PATH, too_many(3000))
    with pytest.raises(ServiceDown) as caught:
        await reader.page(5, 0)
    assert caught.value.retry_after == 3000


async def test_a_closed_channel_does_not_end_the_run(reader: DiscordReader, discord: FakeDiscord) -> None:
    discord.queue(PATH, reply({"message": "Missing Access", "code": 50001}, 403))
    with pytest.raises(AccessDenied) as caught:
        await reader.page(5, 0)
    assert not caught.value.ends_run and "View Channels" in caught.value.mend
    discord.queue(PATH, reply({"message": "Invalid Form Body", "code": 50035}, 400))
    with pytest.raises(Refused) as refused:
        await reader.page(5, 0)
    assert (refused.value.status, refused.value.code) == (400, "50035")


async def cancelled_in_time(task: asyncio.Task[object], within: float = 0.5) -> None:
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < within


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_cancelling_a_global_wait_leaves_the_next_request_free(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    discord.standing[PATH] = [MESSAGE]
    discord.queue(PATH, too_many(0.8, is_global=True))
    waiting = asyncio.ensure_future(reader.page(5, 0))
    await until(lambda: events)
    await cancelled_in_time(waiting)
    started = time.monotonic()
    async with asyncio.timeout(5):
        assert len(await reader.page(5, 0)) == 1
    assert time.monotonic() - started > 0.5, "the limit still counts after the cancel"


async def test_cancelling_a_channel_wait_leaves_the_next_request_free(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    discord.standing[PATH] = [MESSAGE]
    discord.queue(PATH, too_many(30))
    waiting = asyncio.ensure_future(reader.page(5, 0))
    await until(lambda: events)
    await cancelled_in_time(waiting)
    async with asyncio.timeout(5):
        assert len(await reader.page(5, 0)) == 1


def with_bucket(remaining: int, reset: float, limit: int = 2) -> web.Response:
    names = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset-After": reset}
    return reply([MESSAGE], X_RateLimit_Bucket="b", **{name: str(value) for name, value in names.items()})


async def test_the_page_that_empties_a_bucket_comes_at_once_and_the_next_one_waits(
    reader: DiscordReader, discord: FakeDiscord, events: list[ReaderEvent]
) -> None:
    discord.queue(PATH, with_bucket(0, 0.4), with_bucket(1, 0.4))
    started = time.monotonic()
    await reader.page(5, 0)
    assert time.monotonic() - started < 0.3
    await reader.page(5, 0)
    assert time.monotonic() - started >= 0.38
    assert [event.kind for event in events] == ["wait"]
    assert 0.3 < events[0].seconds <= 0.4


async def test_many_waiters_on_one_bucket_all_come_through(reader: DiscordReader, discord: FakeDiscord) -> None:
    allowed = 2
    stamps: list[float] = []

    async def answer(request: web.Request) -> web.Response:
        stamps.append(time.monotonic())
        used = sum(stamp > stamps[-1] - 0.2 for stamp in stamps)
        return with_bucket(max(0, allowed - used), 0.2)

    discord.standing[PATH] = answer
    tasks = [asyncio.ensure_future(reader.page(5, 0)) for _ in range(9)]
    await until(lambda: len(stamps) >= 3)
    await cancelled_in_time(tasks[-1])  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        assert all(len(page) == 1 for page in await asyncio.gather(*tasks[:-1]))
    assert len(stamps) == 8


async def test_cancelling_a_bucket_wait_is_immediate_and_harms_nobody(
    reader: DiscordReader, discord: FakeDiscord
) -> None:
    discord.queue(PATH, with_bucket(0, 0.5), with_bucket(0, 0.2))
    await reader.page(5, 0)
    first, second = (asyncio.ensure_future(reader.page(5, 0)) for _ in range(2))
    await asyncio.sleep(0)
    await cancelled_in_time(first, within=0.2)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        assert len(await second) == 1


async def test_no_more_than_the_ceiling_goes_out(discord: FakeDiscord) -> None:
    for channel in range(60):
        discord.standing[f"/channels/{channel}/messages"] = []
    async with DiscordReader(Secret("x"), api_base=discord.base) as reader:
        started = time.monotonic()
        await asyncio.gather(*(reader.page(channel, 0) for channel in range(60)))
        seconds = time.monotonic() - started
    assert seconds > (61 - 10) / 40 - 0.1


async def test_nothing_reaches_the_terminal(
    reader: DiscordReader, discord: FakeDiscord, capfd: pytest.CaptureFixture[str]
) -> None:
    discord.standing[PATH] = [MESSAGE]
    discord.queue(PATH, too_many(0.01), reply({}, 503))
    await reader.page(5, 0)
    assert capfd.readouterr() == ("", "")
