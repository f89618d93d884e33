"""How sizes, durations, votes and dates are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_BAR_CELLS = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def file_size(size: int) -> str:
    """Return a size as people read it, such as `60.0 MiB`."""
    if size < 1024:
        return f"{size} B"
    amount, unit = size / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if amount < 1023.95:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.1f} {unit}"


def limit_size(size: int) -> str:
    """Return a limit, without decimals when it is whole: `25 MiB`."""
    return file_size(size).replace(".0 ", " ")


def clock(seconds: float) -> str:
    """Return a duration as `0:12` or `1:02:03`; empty when it is unknown."""
    if not 0 < seconds < 1e7:
        return ""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, `1 vote` or `2 votes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bar(share: float) -> str:
    """Return a bar of ten cells filled by a share of 0 to 1."""
    filled = min(_BAR_CELLS, max(0, round(share * _BAR_CELLS)))
    return "▰" * filled + "▱" * (_BAR_CELLS - filled)


def written_date(seconds: int) -> str:
    """Return a moment in words, for those that the target cannot show as a live timestamp; empty when out of range."""
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return ""
