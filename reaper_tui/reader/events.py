"""What the reader tells whoever watches: waits, retries and notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ReaderEvent:
    """A wait for a limit, a retry, or a note; `until` is on the reader's clock, in seconds since 1970."""

    kind: Literal["wait", "retry", "note"]
    what: str
    seconds: float = 0.0
    channel_id: int | None = None
    until: float = 0.0


Notify = Callable[[ReaderEvent], None]


def ignore(event: ReaderEvent) -> None:
    """Tell nobody."""
