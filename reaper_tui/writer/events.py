"""What the writer tells whoever watches: every request, every wait, every retry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple


class WriterEvent(NamedTuple):
    """One fact; `what` is a few words for a person, `key` the bucket or route, `status` the answer's."""

    kind: Literal["wait", "retry", "request"]
    what: str
    seconds: float
    key: str
    channel_id: int | None = None
    status: int | None = None


Notify = Callable[[WriterEvent], None]
