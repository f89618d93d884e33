"""How a user writes when a run ends and how fast it goes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from reaper_tui.model.errors import ConfigurationError


def parse_until(text: str, now: datetime) -> float:
    """Return when `HH:MM` comes next or a span such as `9h30m` is over, in seconds since 1970.

    Raises ConfigurationError when it is neither.
    """
    if clock := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip()):
        moment = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return (moment if moment > now else moment + timedelta(days=1)).timestamp()
    span = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?", text.strip())
    if span and any(span.groups()):
        hours, minutes, seconds = (int(part or 0) for part in span.groups())
        return (now + timedelta(hours=hours, minutes=minutes, seconds=seconds)).timestamp()
    raise ConfigurationError(f"--until is neither a time nor a span: {text!r}", "write it as 07:30 or 9h30m")


def parse_rate(text: str) -> int:
    """Return messages a minute from `90/min` or `90`; raise ConfigurationError when it is neither."""
    found = re.fullmatch(r"(\d+)(?:/min)?", text.strip())
    if not found or int(found[1]) == 0:
        raise ConfigurationError(f"--max-rate is no rate: {text!r}", "write it as 90/min")
    return int(found[1])
