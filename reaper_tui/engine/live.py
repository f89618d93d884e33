"""The live mirror: what happens on the source goes on to the target, behind the history of its channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from reaper_tui.engine.amend import Amender
from reaper_tui.engine.capture import Notes
from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.equipment import Equipment
from reaper_tui.engine.events import Level
from reaper_tui.engine.follower import Follower
from reaper_tui.engine.grower import Grower
from reaper_tui.engine.lane import Lane
from reaper_tui.engine.plan import make_plan
from reaper_tui.engine.progress import ChannelTally, Phase
from reaper_tui.engine.reading import LiveReading
from reaper_tui.engine.recorder import Recorder
from reaper_tui.engine.since import first_cursor
from reaper_tui.engine.standing import Standing
from reaper_tui.engine.structure import StructureBuilder
from reaper_tui.engine.together import together
from reaper_tui.journal import live, queries
from reaper_tui.journal.records import Container
from reaper_tui.model.community import Channel, Community, Guild
from reaper_tui.model.live import LiveEvent
from reaper_tui.model.plan import Plan
from reaper_tui.profile.settings import Settings

TARGET = "Fluxer"


class Yard(Protocol):
    """Where lanes are opened, now and as the source grows."""

    @property
    def lanes(self) -> Mapping[int, Lane]: ...
    async def grow(self, delivery: Delivery, guild: Guild, community: Community, plan: Plan) -> None: ...
    async def open(self, delivery: Delivery, containers: Sequence[Container]) -> list[Container]:
        """Put containers into their lanes; return those whose place stands."""
        ...


class LiveMirror:
    """Follows a guild from the beginning of a run until it is stopped."""

    def __init__(
        self,
        equipment: Equipment,
        delivery: Delivery,
        amender: Amender,
        yard: Yard,
        guild: Guild,
        settings: Settings,
        notes: Notes,
    ) -> None:
        self._equipment = equipment
        self._delivery = delivery
        self._amender = amender
        self._yard = yard
        self._settings = settings
        self._follower = Follower(equipment.journal, equipment.control, equipment.progress, amender)
        self._recorder = Recorder(
            equipment.reader,
            equipment.journal,
            equipment.control,
            equipment.progress,
            equipment.log,
            equipment.outage,
            delivery.capture,
            delivery.vigil,
            delivery.renewals,
            LiveReading(equipment.reader, notes, equipment.now),
            self,
            guild.id,
            now=equipment.now,
        )
        self._grower = Grower(
            equipment.reader,
            equipment.control,
            equipment.log,
            equipment.outage,
            guild,
            self,
            forget=self._recorder.forget,
            sleep=equipment.sleep,
            scale=equipment.limits_scale,
        )

    async def run(self, containers: Iterable[Container], builder: StructureBuilder) -> None:
        """Carry over histories and follow until the control stops it, which raises StopRequested."""
        await together(
            (
                self._recorder.run(),
                self._follower.run(),
                self._grower.run(),
                self._history(containers, builder),
            )
        )

    def structure_changed(self, event: LiveEvent) -> None:
        """Take note of an event about channels, threads, roles, emojis, stickers or the guild itself."""
        self._grower.take(event)

    def structure_missed(self) -> None:
        """Take note that events about channels may be missing."""
        self._grower.survey_again()

    def unknown_place(self, container_id: int) -> None:
        """Take note that somebody wrote where no container is."""
        self._grower.unknown(container_id)

    def messages_changed(self, container_ids: Iterable[int]) -> None:
        """Carry over what waits."""
        self._follower.wake(container_ids)

    def feed_grew(self) -> None:
        """Nobody in a mirror reads the feed."""

    def threads_changed(self, threads: Iterable[Channel]) -> None:
        """Leave threads as the source has them now."""
        for thread in threads:
            lane = self._yard.lanes.get(thread.id)
            if lane is not None:
                lane.renew(thread)
                self._follower.run_again(lane.id)

    async def build(self, guild: Guild) -> Plan:
        """Make what is missing on the target and return how everything is planned."""
        equipment = self._equipment
        community = await equipment.control.unless_stopped(
            equipment.outage.through(TARGET, lambda: equipment.writer.community(equipment.community_id))
        )
        mappings = await equipment.journal.read(queries.mappings)
        settled = await equipment.journal.read(queries.settled)
        plan = make_plan(guild, community, {}, self._settings, mappings, settled)
        builder = StructureBuilder(Standing.of(equipment, community), guild, self._settings.copy)
        await builder.build(plan)
        await self._yard.grow(self._delivery, guild, community, plan)
        if equipment.progress.phase is Phase.LIVE:
            await builder.close_doors()
        return plan

    async def open(self, plan: Plan, unknown: frozenset[int]) -> frozenset[int]:
        """Read and follow the containers that are new; return which of the unknown ones belong to the run."""
        journal, progress = self._equipment.journal, self._equipment.progress
        since = first_cursor(self._settings.copy.since)
        added = set(await journal.write(lambda raw: live.add_routes(raw, plan.routes, since=since)))
        containers = await journal.read(queries.containers)
        for row in containers:
            if row.id in added:
                progress.channels[row.id] = ChannelTally(row.id, row.name, row.kind, row.parent_name)
                self._equipment.log.write(Level.INFO, f"#{row.name} is new on Discord: following it", row.id)
            elif row.id in progress.channels:
                progress.channels[row.id].name = row.name
        before = set(self._yard.lanes)
        placed = await self._yard.open(self._delivery, [row for row in containers if row.id in added])
        for row in placed:
            await self._recorder.retake(row.id)
        await self._delivery.capture.run(placed, closes_gap=True)
        for lane_id in {row.lane_id for row in placed} - before:
            self._follower.add(self._yard.lanes[lane_id])
        self._follower.wake()
        return unknown & {row.id for row in containers}

    async def _history(self, containers: Iterable[Container], builder: StructureBuilder) -> None:
        self._amender.defers_links = True
        lanes = [_Followed(lane, self._follower) for lane in self._yard.lanes.values()]
        if self._settings.copy.anonymise:
            # Who is called what is known only when everything was read.
            await self._delivery.capture.run(containers)
            await self._delivery.run(lanes)
        else:
            await together((self._delivery.capture.run(containers), self._delivery.run(lanes)))
        await self._equipment.journal.remember({live.FOLLOWED: "yes"})
        self._equipment.progress.phase = Phase.LIVE
        self._amender.defers_links = False
        await self._follower.amend_all()
        await builder.close_doors()
        self._equipment.log.write(Level.SUCCESS, "the history is carried over; following live until stopped")


class _Followed:
    """A lane that is followed as soon as its history is done."""

    def __init__(self, lane: Lane, follower: Follower) -> None:
        self._lane = lane
        self._follower = follower

    @property
    def weight(self) -> int:
        return self._lane.weight

    @property
    def heeds(self) -> tuple[int, ...]:
        return self._lane.heeds

    @property
    def may_begin(self) -> bool:
        return self._lane.may_begin

    async def run(self) -> None:
        await self._lane.run()
        self._follower.add(self._lane)
