"""Numbers as people read them."""

from __future__ import annotations

from datetime import datetime

from rich.style import Style
from rich.text import Text

UNITS = ("B", "kB", "MB", "GB", "TB")


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: “1 channel”, “1,200 channels”."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def estimated(number: int, is_exact: bool) -> str:
    """Return a count, rounded to two digits behind a tilde when it is an estimate: “~1,200”."""
    if is_exact or number < 10:
        return f"{number:,}" if is_exact else f"~{number}"
    step = 10 ** (len(str(number)) - 2)
    return f"~{round(number / step) * step:,}"


def duration(seconds: float) -> str:
    """Return a span in its two largest units: “12 s”, “3 min”, “1 h 05 min”, “2 d 3 h”."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def roughly(seconds: float) -> str:
    """Return an estimated span without false precision: “40 s”, “4 min”, “1 h 05 min”."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return duration(max(600, seconds)) if seconds >= 600 else f"{round(seconds / 60)} min"


def elapsed(seconds: float) -> str:
    """Return a running time: “0:03:12”, “49:00:05”."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def byte_size(size: int) -> str:
    """Return a size: “0 B”, “14.2 MB”."""
    amount = float(size)
    for unit in UNITS:
        if amount < 1000 or unit == UNITS[-1]:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def clock_time(at: float) -> str:
    """Return the local time of day of a moment in seconds since 1970."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def percent(done: int, total: int) -> int:
    """Return whole percents, 100 only when all is done."""
    if total <= 0:
        return 0
    return 100 if done >= total else min(99, int(100 * done / total))


def text_bar(done: int, total: int, width: int, style: Style | str, rest_style: Style | str) -> Text:
    """Return a bar whose shape alone tells how far it is: heavy where done, light where not."""
    share = min(1.0, done / total) if total > 0 else 0.0
    halves = int(share * width * 2)
    filled = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return Text.assemble((filled, style), ("┄" * (width - len(filled)), rest_style))
