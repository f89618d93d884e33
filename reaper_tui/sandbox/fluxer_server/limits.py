"""How much of everything an instance allows; its operator may have set other numbers than the usual ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Limits:
    """The numbers by the names that the instance document gives them."""

    max_message_length: int = 2000
    max_attachment_file_size: int = 26_214_400
    max_attachments_per_message: int = 10
    max_guild_channels: int = 500
    max_channels_per_category: int = 50
    max_guild_roles: int = 250
    max_guild_emojis: int = 50
    max_guild_stickers: int = 50
    max_webhooks_per_channel: int = 15

    def changed(self, wished: Mapping[str, int]) -> Limits:
        """The limits with other numbers; ValueError for a name that there is not, or a number below one."""
        for name, number in wished.items():
            if name not in LIMIT_NAMES or number < 1:
                raise ValueError(f"unknown limit {name}={number}, known are {', '.join(LIMIT_NAMES)}")
        return replace(self, **wished)


LIMIT_NAMES = tuple(field.name for field in fields(Limits))
