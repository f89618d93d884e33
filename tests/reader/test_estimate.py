"""How near a few looks come to the true count."""

from __future__ import annotations

import random

import pytest

from reaper_tui.reader.estimate import estimated_count


class Channel:
    def __init__(self, ids: list[int]) -> None:
        self.ids = sorted(ids)
        self.looks = 0

    async def look(self, after: int | None = None, around: int | None = None) -> object:
        self.looks += 1
        if around is not None:
            near = sorted(self.ids, key=lambda number: abs(number - around))[:100]
        else:
            near = [number for number in self.ids if number > after][:100] if after is not None else self.ids[-100:]
        return [{"id": str(number)} for number in sorted(near, reverse=True)]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 150, 200])
async def test_small_channels_are_counted_exactly(count: int) -> None:
    channel = Channel([number << 22 for number in range(1, count + 1)])
    found, is_exact = await estimated_count(channel.look)
    assert found == count
    assert is_exact or count == 200


@pytest.mark.parametrize("count", [300, 1_000, 20_000])
@pytest.mark.parametrize("seed", range(5))
async def test_even_traffic_is_estimated_within_thirty_percent(count: int, seed: int) -> None:
    drawn = random.Random(seed)
    channel = Channel([drawn.randrange(1 << 60) for _ in range(count)])
    found, is_exact = await estimated_count(channel.look)
    assert not is_exact and channel.looks <= 4
    assert abs(found - count) < 0.3 * count


async def test_messages_of_one_instant_do_not_divide_by_zero() -> None:
    channel = Channel([5 << 22] * 100 + [9 << 22] * 100)
    found, _ = await estimated_count(channel.look)
    assert found >= 2


@pytest.mark.parametrize(("count", "behind"), [(50, 20), (150, 100), (150, 149), (150, 150), (5_000, 2_500)])
async def test_only_what_stands_behind_an_id_is_counted(count: int, behind: int) -> None:
    channel = Channel([number << 22 for number in range(1, count + 1)])
    found, is_exact = await estimated_count(channel.look, behind << 22)
    assert abs(found - (count - behind)) <= (0 if is_exact else 0.3 * (count - behind))
    assert is_exact is (count - behind < 100)
