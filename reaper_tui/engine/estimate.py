"""How long a run takes by the target's limits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping

CREATE_BURST = 10
CREATE_SECONDS = 6.0
WEBHOOK_BURST = 60
WEBHOOK_SECONDS = 1.0
BULK_SIZE = 50
MOST_WEBHOOKS = 8
# How many channels are posted to at once.
LANES_AT_ONCE = 64
# How many channels are read back at once: each may be read ten times a second, all of them fifty times.
READ_BACK_AT_ONCE = 4
# A wait that is worth a further webhook.
WORTH_SECONDS = 20.0
PAGE = 100
READS_PER_SECOND = 40.0
PAGES_PER_SECOND = 10.0
# A change takes the target longer than an answer.
CHANGE_WEIGHT = 1.5
# What the program itself needs, measured by `benchmarks/ceiling.py`: a start, a message, a page it checks.
START_SECONDS = 0.8
OWN_SECONDS = 0.0009
PAGE_SECONDS = 0.005


def pays_for_another(left: int, present: int, setting: int | str, ceiling: int) -> bool:
    """Return whether a channel whose webhooks all wait deserves one more, with so many messages left."""
    if present == 0:
        return True
    most = min(ceiling, MOST_WEBHOOKS if setting == "auto" else int(setting))
    return present < most and (setting != "auto" or left * WEBHOOK_SECONDS / present > WORTH_SECONDS)


def paced_seconds(count: int, burst: int, seconds_each: float, scale: float) -> float:
    """Return how long a bucket takes to let so many requests through."""
    return max(0, count - burst) * seconds_each / scale


def run_seconds(
    roles: int,
    channels: int,
    lanes: Mapping[int, int],
    setting: int | str,
    scale: float,
    per_minute: int,
    *,
    containers: int,
    answer_seconds: float,
) -> float:
    """Return the estimated time of a run; `lanes` are messages by target channel, `containers` what is read.

    `answer_seconds` is how long the target takes for a small answer. Files are not reckoned: nobody knows their sizes
    before the history was read.
    """
    change_seconds = CHANGE_WEIGHT * answer_seconds
    structure = paced_seconds(roles, CREATE_BURST, CREATE_SECONDS, scale)
    structure += paced_seconds(channels, CREATE_BURST, CREATE_SECONDS, scale)
    structure += (2 * roles + channels + len(lanes)) * change_seconds
    total = sum(lanes.values())
    reading = (containers + total / PAGE) / (READS_PER_SECOND * scale)
    capped = total * 60.0 / per_minute if per_minute else 0.0
    alone = change_seconds + OWN_SECONDS
    sizes = sorted(lanes.values())

    def each(sent: int) -> float:
        """Return how long a channel's next post takes where every channel has as many behind it."""
        return max(alone, OWN_SECONDS * min(LANES_AT_ONCE, len(sizes) - bisect_right(sizes, sent)))

    lane_seconds = [max(_limited_seconds(backlog, setting, scale, each=each), backlog * alone) for backlog in sizes]
    at_once = sum(lane_seconds) / LANES_AT_ONCE
    sending = max(*lane_seconds, at_once, reading, capped, total * OWN_SECONDS) if lanes else reading
    pages = [-(-backlog // PAGE) for backlog in lanes.values()]
    page_seconds = answer_seconds / max(1, min(READ_BACK_AT_ONCE, len(pages))) + PAGE_SECONDS
    checking = max(sum(pages) * page_seconds, max(pages, default=0) / (PAGES_PER_SECOND * scale))
    return START_SECONDS + structure + sending + checking


def left_seconds(lanes: Iterable[tuple[int, int]], setting: int | str, scale: float, per_minute: int) -> float:
    """Return how long what is left to send takes by the limits alone.

    `lanes` are (messages left, webhooks there) by target channel; the bursts of webhooks that are there count as spent.
    """
    backlogs = list(lanes)
    slowest = max((_limited_seconds(left, setting, scale, present) for left, present in backlogs), default=0.0)
    capped = sum(left for left, _ in backlogs) * 60.0 / per_minute if per_minute else 0.0
    return max(slowest, capped)


def _limited_seconds(
    left: int, setting: int | str, scale: float, present: int = 0, *, each: Callable[[int], float] | None = None
) -> float:
    """Return how long a channel takes; `each` tells how long a post takes after so many, None for no time."""
    ceiling = MOST_WEBHOOKS if setting == "auto" else int(setting)
    seconds, waiting = 0.0, float(left)
    while waiting > 0:
        # The pace in the middle of the burst that is spent next.
        pace = 0.0 if each is None else each(int(left - waiting) + WEBHOOK_BURST // 2)
        runs_dry = present * pace * scale < WEBHOOK_SECONDS
        if runs_dry and not pays_for_another(int(waiting), present, setting, ceiling):
            break
        if runs_dry:
            present += 1
        # While the newest one's burst is spent the others let posts through as well.
        share = 1.0 - present * pace * scale / WEBHOOK_SECONDS
        sent = min(waiting, WEBHOOK_BURST / share if share > 0 else WEBHOOK_BURST)
        seconds += sent * pace
        waiting -= sent
    return seconds + waiting * WEBHOOK_SECONDS / max(1, present) / scale
