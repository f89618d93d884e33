"""A cursor: which feed, and the last event of it that a listener has."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_CURSOR = re.compile(r"([a-z0-9]{1,32}):([0-9]{1,18})")


class Cursor(NamedTuple):
    """A place in a feed: everything up to and including `seq` of `epoch` was received."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


Start = Cursor | Literal["live", "earliest"]


def parse_start(text: str) -> Start | None:
    """Return where a listener wants to begin, None when the text says no such thing."""
    if text in ("", "live"):
        return "live"
    if text == "earliest":
        return "earliest"
    found = _CURSOR.fullmatch(text)
    return Cursor(found[1], int(found[2])) if found else None
