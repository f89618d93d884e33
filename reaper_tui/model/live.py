"""What the gateway tells while people go on: events in the order they came, and where some may be missing."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class LiveKind(StrEnum):
    """What happened; `structure` lists a whole guild, `place` is one channel or thread, `guild` its roles, emojis,
    stickers or itself.

    `gap` says that things may have happened before it which were not told, `resumed` that none were missed, `lost` that
    the connection ended.
    """

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    REACTION = "reaction"
    PINS = "pins"
    PLACE = "place"
    PLACE_GONE = "place_gone"
    GUILD = "guild"
    STRUCTURE = "structure"
    GAP = "gap"
    RESUMED = "resumed"
    LOST = "lost"


class LiveEvent(msgspec.Struct, frozen=True):
    """One event; `at` is when it came in seconds since 1970, `payload` its JSON, `note` says why a connection ended."""

    kind: LiveKind
    at: float
    channel_id: int = 0
    message_ids: tuple[int, ...] = ()
    payload: bytes = b""
    name: str = ""
    note: str = ""

    @property
    def message_id(self) -> int:
        """Return the message it is about, 0 when it is about none."""
        return self.message_ids[0] if self.message_ids else 0
