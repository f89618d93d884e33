"""About how many messages a channel holds, from a few looks at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

from reaper_tui.model.community import Channel
from reaper_tui.model.errors import NotFound, Refused
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.wire import records

PAGE = 100
PROBES = 2
OLD_THREADS_STOP_AT = 50

Look = Callable[..., Awaitable[object]]


async def estimated_count(look: Look, behind: int = 0) -> tuple[int, bool]:
    """Return the count of messages behind an id and whether it is exact, in at most four requests.

    `look(after=…)`, `look(around=…)` and `look()` return up to 100 raw messages.
    """
    seen_last = _ids(await look())
    newest = [message_id for message_id in seen_last if message_id > behind]
    if len(newest) < PAGE:
        return len(newest), True
    oldest = _ids(await look(after=behind))
    if not oldest or oldest[-1] >= newest[0]:
        return len({*oldest, *newest}), bool(oldest)
    start, end = oldest[-1], newest[0]
    density = [(start, _density(oldest))]
    for number in range(1, PROBES + 1):
        place = start + (end - start) * number // (PROBES + 1)
        try:
            seen = _ids(await look(around=place))
        except (NotFound, Refused):
            break
        if len(seen) > 1:
            density.append((place, _density(seen)))
    density.append((end, _density(newest)))
    between = sum((right - left) * (before + after) / 2 for (left, before), (right, after) in pairwise(density))
    return len(oldest) + len(newest) + max(0, round(between) - 1), False


def _ids(page: object) -> list[int]:
    found = (optional_snowflake(raw.get("id")) for raw in records(page))
    return sorted(message_id for message_id in found if message_id is not None)


def _density(ids: Sequence[int]) -> float:
    return (len(ids) - 1) / max(1, ids[-1] - ids[0])


def thread_count(thread: Channel) -> int | None:
    """Return a thread's count as the source keeps it, the first message included; None when it stopped counting."""
    counted = thread.message_count
    return None if counted is None or counted == OLD_THREADS_STOP_AT else counted + 1
