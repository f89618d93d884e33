"""What a clone made on the target, and what became of it when it was taken away again."""

from __future__ import annotations

import msgspec


class Removable(msgspec.Struct, frozen=True):
    """One thing this clone made; `source_id` is 0 for a webhook, which has no counterpart."""

    kind: str
    source_id: int
    target_id: int
    name: str


class RemovalOutcome(msgspec.Struct):
    """How many things were removed or were gone already, and what stays, a line each with the reason."""

    removed: int = 0
    was_gone: int = 0
    left: list[str] = []

    @property
    def is_complete(self) -> bool:
        """Return whether nothing of the clone stays."""
        return not self.left
