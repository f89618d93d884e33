"""Which place on the target each lane of a run goes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from reaper_tui.engine.directory import TargetMap
from reaper_tui.engine.places import ChannelPlace, Place, PostPlace, ThreadPlace
from reaper_tui.engine.ports import Writer
from reaper_tui.engine.threads import KIND, Threads
from reaper_tui.journal.records import Container
from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.model.community import Community, Guild
from reaper_tui.model.plan import Placement, Plan

FORUMS = ("forum", "media")


class Berth(NamedTuple):
    """A lane's place; a thread's webhooks are its channel's, and `parent_id` is the source channel it follows."""

    place: Place
    webhook_channel_id: int
    parent_id: int | None = None


class Berths:
    """Finds places; what was begun in a thread goes on there, whatever the profile says now."""

    def __init__(
        self,
        threads: Threads,
        writer: Writer,
        guild: Guild,
        community: Community,
        plan: Plan,
        records: Iterable[MappingRecord],
        target: TargetMap,
    ) -> None:
        self._threads = threads
        self._writer = writer
        self._target = target
        self._channels = {channel.id: channel for channel in guild.channels}
        self._native = {route.lane_id for route in plan.routes if route.placement is Placement.NATIVE}
        self._native |= {record.source_id for record in records if record.kind == KIND}
        self._kinds = {channel.id: channel.kind.value for channel in community.channels}
        self._kinds |= {
            target.channels[item.source_id]: item.target_kind
            for item in plan.items
            if item.target_kind and item.source_id in target.channels
        }
        self._tags: dict[int, Mapping[str, int]] = {}

    def in_order(self, containers: Sequence[Container]) -> dict[int, list[Container]]:
        """Return the containers of each lane, channels before the threads that follow them."""
        lanes: dict[int, list[Container]] = {}
        for container in sorted(containers, key=lambda container: container.lane_id in self._native):
            lanes.setdefault(container.lane_id, []).append(container)
        return lanes

    async def find(self, lane_id: int) -> Berth | None:
        """Return a lane's place, None when its channel does not stand."""
        thread = self._channels.get(lane_id)
        if lane_id not in self._native or thread is None or thread.parent_id is None:
            channel_id = self._target.lanes.get(lane_id)
            return None if channel_id is None else Berth(ChannelPlace(channel_id), channel_id)
        parent_id = self._target.channels.get(thread.parent_id)
        if parent_id is None:
            return None
        place: Place = ThreadPlace(self._threads, thread, parent_id)
        if self._kinds.get(parent_id) in FORUMS:
            place = PostPlace(self._threads, thread, parent_id, await self._tags_of(parent_id) if thread.tags else {})
        return Berth(place, parent_id, thread.parent_id)

    async def _tags_of(self, forum_id: int) -> Mapping[str, int]:
        if forum_id not in self._tags:
            self._tags[forum_id] = await self._writer.forum_tags(forum_id)
        return self._tags[forum_id]
