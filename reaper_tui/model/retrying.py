"""Second tries in numbers: what there is to try, and what came of it."""

from __future__ import annotations

import msgspec


class Retriable(msgspec.Struct, frozen=True):
    """How many messages a retry would try: each count for itself, as one message may stand in several.

    `leftovers` are posts that were replaced and could not be deleted yet.
    """

    failed: int = 0
    uncertain: int = 0
    missing: int = 0
    changed: int = 0
    with_files: int = 0
    leftovers: int = 0

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to try."""
        return not any(msgspec.structs.astuple(self))


class RetryCount(msgspec.Struct):
    """What came of a retry, in messages: sent anew, changed in place, found standing, given files; and what stays.

    `deleted` are posts that made room; `waiting` messages stand in channels that cannot be worked in now.
    """

    tried: int = 0
    sent: int = 0
    edited: int = 0
    adopted: int = 0
    files: int = 0
    failed: int = 0
    uncertain: int = 0
    waiting: int = 0
    deleted: int = 0
