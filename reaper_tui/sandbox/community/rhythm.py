"""When people talk: months of days and nights, with gaps of seconds inside a conversation."""

import random
from collections.abc import Iterator
from itertools import accumulate

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
# Members live mostly in Europe; a few in Asia and the Americas keep the night from being empty.
_HOURS = (3, 2, 1, 1, 1, 2, 3, 5, 7, 8, 8, 9, 11, 9, 8, 9, 10, 12, 15, 18, 20, 18, 12, 6)
_CUMULATIVE_HOURS = list(accumulate(_HOURS))


def conversation_starts(rng: random.Random, count: int, opens_ms: int, closes_ms: int) -> list[int]:
    """Return `count` moments between the two, sorted, livelier later on, at weekends and in the evening."""
    first_day = opens_ms // _DAY_MS + 1
    days = max(1, closes_ms // _DAY_MS - first_day)
    weights = [(1 + day / days) * (1.5 if (first_day + day + 3) % 7 >= 5 else 1.0) for day in range(days)]
    chosen_days = rng.choices(range(days), cum_weights=list(accumulate(weights)), k=count)
    chosen_hours = rng.choices(range(24), cum_weights=_CUMULATIVE_HOURS, k=count)
    return sorted(
        (first_day + day) * _DAY_MS + hour * _HOUR_MS + rng.randrange(_HOUR_MS)
        for day, hour in zip(chosen_days, chosen_hours, strict=True)
    )


def pauses(rng: random.Random) -> Iterator[int]:
    """Yield the milliseconds between one line and the next, mostly under a minute."""
    while True:
        yield int(1500 + rng.expovariate(1 / 28_000)) if rng.random() < 0.9 else rng.randrange(120_000, 900_000)
