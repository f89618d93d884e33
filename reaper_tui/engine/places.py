"""Where a lane's posts go: a channel, or a thread that is opened when its first message arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from reaper_tui.engine.threads import Threads
from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.journal.records import PartRecord
from reaper_tui.model.community import Channel
from reaper_tui.model.outgoing import TargetMessage


class Address(NamedTuple):
    """What a send has to say beside its webhook to reach a place."""

    thread_id: int | None = None
    thread_name: str | None = None
    tag_ids: tuple[int, ...] = ()


class Place(Protocol):
    """One target channel or thread."""

    @property
    def channel_id(self) -> int:
        """Return where posts are on record: the thread, or the forum as long as its post does not stand."""
        ...

    @property
    def shows_starter(self) -> bool:
        """Return whether the target shows by itself the message a thread hangs on."""
        ...

    async def open(self) -> None:
        """Make the place ready for posts; may be done twice."""
        ...

    def address(self) -> Address: ...
    async def first_post(self, part: PartRecord) -> TargetMessage | None:
        """Return the post that a lost reply may have opened the place with, None when it is not there."""
        ...

    def opened_by(self, sent: TargetMessage) -> MappingRecord | None:
        """Take in where a post stands; return what has to be on record when it opened the place."""
        ...

    async def close(self, *, has_posted: bool) -> None:
        """Leave the place as the source has it, archived or locked."""
        ...

    def renew(self, channel: Channel) -> None:
        """Take in how the source has it now."""
        ...


@dataclass
class ChannelPlace:
    """A channel: always open."""

    channel_id: int
    shows_starter: bool = False

    async def open(self) -> None:
        return

    def address(self) -> Address:
        return Address()

    async def first_post(self, part: PartRecord) -> TargetMessage | None:
        return None

    def opened_by(self, sent: TargetMessage) -> MappingRecord | None:
        return None

    async def close(self, *, has_posted: bool) -> None:
        return

    def renew(self, channel: Channel) -> None:
        return


class ThreadPlace:
    """A thread of a target channel, started from its message where that stands, else on its own."""

    def __init__(self, threads: Threads, thread: Channel, parent_id: int) -> None:
        self._threads = threads
        self._thread = thread
        self._parent_id = parent_id
        self._id: int | None = None
        self.shows_starter = False

    @property
    def channel_id(self) -> int:
        return self._parent_id if self._id is None else self._id

    async def open(self) -> None:
        self._id, self.shows_starter = await self._threads.opened(self._thread, self._parent_id)

    def address(self) -> Address:
        return Address(self._id)

    async def first_post(self, part: PartRecord) -> TargetMessage | None:
        return None

    def opened_by(self, sent: TargetMessage) -> MappingRecord | None:
        return None

    async def close(self, *, has_posted: bool) -> None:
        if self._id is not None:
            await self._threads.closed(self._thread, self._id, has_posted=has_posted)

    def renew(self, channel: Channel) -> None:
        self._thread = channel


class PostPlace:
    """A post of a target forum: its first message opens it."""

    def __init__(self, threads: Threads, post: Channel, forum_id: int, tags: Mapping[str, int]) -> None:
        self._threads = threads
        self._post = post
        self._forum_id = forum_id
        self._tags = tuple(tags[name] for name in post.tags if name in tags)
        self._id: int | None = None
        self.shows_starter = False

    @property
    def channel_id(self) -> int:
        return self._forum_id if self._id is None else self._id

    async def open(self) -> None:
        self._id = await self._threads.reopened(self._post)

    def address(self) -> Address:
        return Address(None, self._post.name, self._tags) if self._id is None else Address(self._id)

    async def first_post(self, part: PartRecord) -> TargetMessage | None:
        if self._id is not None or part.channel_id != self._forum_id:
            return None
        return await self._threads.first_post(self._post, self._forum_id, part.intended_at)

    def opened_by(self, sent: TargetMessage) -> MappingRecord | None:
        if self._id is not None:
            return None
        self._id = sent.channel_id
        return self._threads.record(self._post, sent.channel_id)

    async def close(self, *, has_posted: bool) -> None:
        if self._id is not None:
            await self._threads.closed(self._post, self._id, has_posted=has_posted)

    def renew(self, channel: Channel) -> None:
        self._post = channel
