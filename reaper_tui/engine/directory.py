"""Where the source's channels, roles, emojis and messages stand on the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reaper_tui.engine.matching import mapped_targets
from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.model.community import Community, Guild
from reaper_tui.model.plan import Placement, Route


@dataclass(frozen=True)
class TargetMap:
    """The structure's part of the directory: fixed once the structure stands, but for threads, which are added."""

    channels: dict[int, int]
    channel_names: Mapping[int, str]
    roles: Mapping[int, int]
    role_names: Mapping[int, str]
    emojis: Mapping[int, tuple[int, str, bool]]
    lanes: Mapping[int, int]


@dataclass(frozen=True)
class MessageDirectory:
    """The directory for one message: the map, and the places of the messages it refers to."""

    target: TargetMap
    places: Mapping[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])

    def channel(self, source_id: int) -> int | None:
        return self.target.channels.get(source_id)

    def channel_name(self, source_id: int) -> str:
        return self.target.channel_names.get(source_id, "")

    def role(self, source_id: int) -> int | None:
        return self.target.roles.get(source_id)

    def role_name(self, source_id: int) -> str:
        return self.target.role_names.get(source_id, "")

    def emoji(self, source_id: int) -> tuple[int, str, bool] | None:
        return self.target.emojis.get(source_id)

    def message(self, source_id: int) -> tuple[int, int] | None:
        return self.places.get(source_id)


def target_map(
    guild: Guild, community: Community, routes: Iterable[Route], mappings: Iterable[MappingRecord]
) -> TargetMap:
    """Return the map for a run; `lanes` are target channels by lane."""
    records = list(mappings)
    own = mapped_targets(records, "channel")
    companions = mapped_targets(records, "companion")
    channels = {**mapped_targets(records, "category"), **own, **mapped_targets(records, "thread")}
    lanes: dict[int, int] = {}
    for route in routes:
        place = companions if route.placement is Placement.COMPANION else own
        if route.lane_id in place:
            lanes[route.lane_id] = place[route.lane_id]
            channels.setdefault(route.container_id, place[route.lane_id])
    animated = {emoji.id: emoji.is_animated for emoji in guild.emojis}
    names = {record.source_id: record.name for record in records if record.kind == "emoji"}
    return TargetMap(
        channels=channels,
        channel_names={channel.id: channel.name for channel in guild.channels},
        roles={**mapped_targets(records, "role"), guild.id: community.id},
        role_names={role.id: role.name for role in guild.roles},
        emojis={
            source: (target, names[source], animated.get(source, False))
            for source, target in mapped_targets(records, "emoji").items()
        },
        lanes=lanes,
    )
