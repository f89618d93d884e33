"""How long a run takes by the target's limits."""

from __future__ import annotations

from collections.abc import Mapping

CREATE_BURST = 10
CREATE_SECONDS = 6.0
WEBHOOK_BURST = 60
WEBHOOK_SECONDS = 1.0
BULK_SIZE = 50
MOST_WEBHOOKS = 8
REQUEST_SECONDS = 0.05


def webhooks_for(backlog: int, setting: int | str, ceiling: int) -> int:
    """Return how many webhooks a channel with so many messages to come deserves."""
    most = min(ceiling, MOST_WEBHOOKS if setting == "auto" else int(setting))
    if setting != "auto":
        return max(1, most)
    return max(1, min(most, -(-backlog // WEBHOOK_BURST)))


def paced_seconds(count: int, burst: int, seconds_each: float, scale: float) -> float:
    """Return how long a bucket takes to let so many requests through."""
    return max(0, count - burst) * seconds_each / scale


def run_seconds(
    roles: int, channels: int, lanes: Mapping[int, int], setting: int | str, scale: float, per_minute: int
) -> float:
    """Return the estimated time of a run; `lanes` are messages by target channel."""
    structure = paced_seconds(roles, CREATE_BURST, CREATE_SECONDS, scale)
    structure += paced_seconds(channels, CREATE_BURST, CREATE_SECONDS, scale)
    structure += (2 * roles + channels) * REQUEST_SECONDS
    slowest = 0.0
    for backlog in lanes.values():
        hooks = webhooks_for(backlog, setting, MOST_WEBHOOKS)
        limited = paced_seconds(backlog, WEBHOOK_BURST * hooks, WEBHOOK_SECONDS / hooks, scale)
        slowest = max(slowest, limited, backlog * REQUEST_SECONDS)
    total = sum(lanes.values())
    capped = total * 60.0 / per_minute if per_minute else 0.0
    return structure + max(slowest, capped, total * 0.004)
