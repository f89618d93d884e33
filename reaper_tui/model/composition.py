"""What composing a message needs to know of its surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Directory(Protocol):
    """Knows where things of the source stand on the target."""

    def channel(self, source_id: int) -> int | None: ...
    def channel_name(self, source_id: int) -> str: ...
    def role(self, source_id: int) -> int | None: ...
    def role_name(self, source_id: int) -> str: ...
    def emoji(self, source_id: int) -> tuple[int, str, bool] | None:
        """Return the target's id, name, and whether it is animated."""
        ...

    def message(self, source_id: int) -> tuple[int, int] | None:
        """Return the target's channel id and message id."""
        ...


class Flow(NamedTuple):
    """What stands right above a message on the target, so that times and authors need not be repeated.

    `section` is set when the message opens another container in the same target channel: what to call it.
    """

    previous_author: str = ""
    previous_at: float = 0.0
    section: str = ""


class Degrade(NamedTuple):
    """What to leave out of a message that was refused as it was; `lost` maps file keys to reasons."""

    lost: Mapping[int, str] = {}
    without_embeds: bool = False
    without_files: bool = False
    without_avatar: bool = False
    as_placeholder: str = ""
