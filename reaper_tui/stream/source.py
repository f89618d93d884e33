"""Where events come from: a feed that can be read from any place in it and waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from reaper_tui.journal.feed import FeedRow
from reaper_tui.model.errors import ServiceDown


class FeedBroken(ServiceDown):
    """Events between those that were read and the next ones are nowhere: listeners have to be told."""


class Standing(msgspec.Struct, frozen=True):
    """What a feed holds: events behind `floor` up to and including `head`."""

    epoch: str
    head: int
    floor: int
    guild_id: str = ""


class MessageQuery(msgspec.Struct, frozen=True):
    """A page of messages, by message id; without bounds the newest ones."""

    limit: int
    before: int | None = None
    after: int | None = None
    channels: frozenset[int] | None = None


class MessageRow(msgspec.Struct, frozen=True):
    """A message as it is now: the newest version of it that the feed holds, and what came to it later."""

    message_id: int
    channel_id: int
    noted_at: float
    body: bytes
    edited: bytes | None = None


class Place(msgspec.Struct, frozen=True):
    """A channel by name, and what it stands in."""

    channel_id: int
    name: str
    parent_name: str = ""


class Source(Protocol):
    """A feed with one order. Every method raises CloneError while the feed cannot be read."""

    is_replica: bool
    """Whether others may have seen newer events than this source: a cursor ahead of it is no loss then."""

    async def standing(self) -> Standing | None:
        """Return what the feed holds, None while there is no feed yet."""
        ...

    async def after(self, seq: int, limit: int, until: int | None = None) -> Sequence[FeedRow]:
        """Return events behind a number, in order."""
        ...

    async def wait(self, seq: int, seconds: float) -> None:
        """Return when there may be events behind a number, at the latest after so many seconds."""
        ...

    async def messages(self, query: MessageQuery) -> list[MessageRow]:
        """Return a page of messages, newest last."""
        ...

    async def places(self) -> list[Place]:
        """Return the channels whose names are known, in their order."""
        ...

    async def health(self) -> dict[str, dict[str, Any]]:
        """Return each component's state: `status` is ok, degraded or down."""
        ...
