from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from reaper_tui.engine.control import StopRequested
from reaper_tui.engine.departures import News, departures
from reaper_tui.engine.together import begun_in_turn
from reaper_tui.engine.turn import Turn


@dataclass
class Yard:
    """What lanes share, and what they did."""

    slots: asyncio.Semaphore
    news: News = field(default_factory=News)
    begun: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])


@dataclass
class Boat:
    """A lane that goes on when it is told to."""

    yard: Yard
    name: str
    weight: int
    follows: Boat | None = None
    has_caught_up: bool = False
    is_loaded: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    idles: asyncio.Event | None = None
    error: Exception | None = None

    @property
    def heeds(self) -> tuple[int, ...]:
        return (id(self), id(self.follows))

    @property
    def may_begin(self) -> bool:
        return self.is_loaded and (self.follows is None or self.follows.has_caught_up)

    async def run(self) -> None:
        self.yard.begun.append(self.name)
        turn = Turn(self.yard.slots)
        async with turn:
            if self.idles is not None:
                await turn.while_idle(self.idles.wait())
            await self.gate.wait()
        self.catch_up()
        self.yard.ended.append(self.name)
        if self.error is not None:
            raise self.error

    def load(self) -> None:
        self.is_loaded = True
        self.yard.news.tell((id(self),))

    def catch_up(self) -> None:
        self.has_caught_up = True
        self.yard.news.tell((id(self),))


async def turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def leaving(yard: Yard, *boats: Boat) -> asyncio.Task[None]:
    return asyncio.create_task(begun_in_turn(departures(boats, yard.slots, yard.news)))


@pytest.fixture
async def yard() -> Yard:
    return Yard(asyncio.Semaphore(2))


async def test_the_largest_begin_and_the_rest_waits_unbegun(yard: Yard) -> None:
    boats = [Boat(yard, str(weight), weight) for weight in (1, 9, 5, 7, 3)]
    running = leaving(yard, *boats)
    await turns()
    assert yard.begun == ["9", "7"]
    for boat in boats:
        boat.gate.set()
    await running
    assert yard.begun == yard.ended == ["9", "7", "5", "3", "1"]


async def test_a_thread_begins_when_its_channel_has_caught_up_and_others_go_before(yard: Yard) -> None:
    channel, other = Boat(yard, "channel", 9), Boat(yard, "other", 1)
    thread = Boat(yard, "thread", 8, follows=channel)
    running = leaving(yard, channel, other, thread)
    await turns()
    assert yard.begun == ["channel", "other"]
    other.gate.set()
    await turns()
    assert yard.begun == ["channel", "other"]
    channel.catch_up()
    await turns()
    assert yard.begun == ["channel", "other", "thread"]
    for boat in (channel, thread):
        boat.gate.set()
    await running


async def test_who_idles_lets_another_in_and_comes_back_before_those_that_have_not_begun(yard: Yard) -> None:
    more = asyncio.Event()
    idle, small = Boat(yard, "idle", 9, idles=more), [Boat(yard, f"small {number}", 1) for number in range(6)]
    running = leaving(yard, idle, *small)
    await turns()
    assert yard.begun == ["idle", "small 0", "small 1"]
    more.set()
    idle.gate.set()
    await turns()
    small[0].gate.set()
    await turns()
    small[1].gate.set()
    await turns()
    assert "idle" in yard.ended
    assert len(yard.begun) <= 5
    for boat in small:
        boat.gate.set()
    await running
    assert len(yard.ended) == 7


async def test_a_stop_reaches_also_those_that_have_not_begun_and_an_error_ends_all(yard: Yard) -> None:
    stopped = [Boat(yard, str(weight), weight, error=StopRequested("now")) for weight in range(5)]
    for boat in stopped:
        boat.gate.set()
    with pytest.raises(StopRequested):
        await leaving(yard, *stopped)
    assert len(yard.ended) == 5
    broken, waits = Boat(yard, "broken", 9, error=ValueError("broken")), [Boat(yard, "w", 1) for _ in range(5)]
    broken.gate.set()
    with pytest.raises(ValueError, match="broken"):
        await leaving(yard, broken, *waits)
    assert yard.ended[5:] == ["broken"]


async def test_a_large_lane_that_nothing_was_read_for_waits_unbegun_and_goes_next_once_something_was(
    yard: Yard,
) -> None:
    boats = [Boat(yard, str(weight), weight, is_loaded=weight < 8) for weight in range(1, 10)]
    running = leaving(yard, *boats)
    await turns()
    assert yard.begun == ["7", "6"]
    boats[-1].load()
    boats[-2].load()
    boats[-3].gate.set()
    await turns()
    assert yard.begun == ["7", "6", "9"]
    for boat in boats:
        boat.gate.set()
    await running
    assert yard.ended == ["7", "6", "9", "8", "5", "4", "3", "2", "1"]
