"""The messages of one run: capture and delivery side by side, then the second pass."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from reaper_tui.engine.amend import Amender
from reaper_tui.engine.berths import Berth, Berths
from reaper_tui.engine.capture import Capture
from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.directory import TargetMap, target_map
from reaper_tui.engine.equipment import Equipment
from reaper_tui.engine.estimate import left_seconds
from reaper_tui.engine.events import Level
from reaper_tui.engine.files import FileCourier
from reaper_tui.engine.lane import Lane
from reaper_tui.engine.live import LiveMirror
from reaper_tui.engine.pace import Pace
from reaper_tui.engine.progress import ChannelState, ChannelTally, Phase
from reaper_tui.engine.reconcile import Reconciler
from reaper_tui.engine.renewals import Renewals
from reaper_tui.engine.rescan import Rescan
from reaper_tui.engine.retry import Broom, RetryLane, RetryWork, by_container
from reaper_tui.engine.structure import StructureBuilder
from reaper_tui.engine.threads import Threads
from reaper_tui.engine.together import together
from reaper_tui.engine.vigil import Vigil
from reaper_tui.engine.webhook_pool import WebhookPool
from reaper_tui.journal import mends, queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.records import Container, MessageState
from reaper_tui.model.community import Community, Guild, Webhook
from reaper_tui.model.message import Message
from reaper_tui.model.plan import Plan
from reaper_tui.model.retrying import RetryCount
from reaper_tui.profile.settings import Settings

_TALLIED = {
    MessageState.SENT: "sent",
    MessageState.MERGED: "merged",
    MessageState.SKIPPED: "skipped",
    MessageState.FAILED: "failed",
    MessageState.UNCERTAIN: "uncertain",
}


class BothSides(NamedTuple):
    """Both sides as they stand; estimates are (messages, is exact) by container."""

    guild: Guild
    community: Community
    estimates: Mapping[int, tuple[int, bool]]


class Transfer:
    """Carries the messages of a plan over."""

    def __init__(self, equipment: Equipment, sides: BothSides, plan: Plan, settings: Settings) -> None:
        self._equipment = equipment
        self._sides = sides
        self._plan = plan
        self._settings = settings
        self._renewals = Renewals()
        self._vigil = Vigil()
        self._threads: Threads | None = None
        self._pools: dict[int, WebhookPool] = {}
        self._channels: dict[int, str] = {}
        self.lanes: dict[int, Lane] = {}

    async def run(self, *, follows_a_whole_run: bool) -> dict[int, str]:
        """Carry everything over; return the target channels that hold posts, each with a name to call it by."""
        equipment = self._equipment
        capture = self._capture(follows_a_whole_run=follows_a_whole_run)
        delivery = await self._delivery(capture, self._settings)
        readable = await self._open_all(delivery)
        equipment.progress.limited_seconds = self._limited_seconds
        if self._settings.copy.anonymise:
            # Who is called what is known only when everything was read.
            await capture.run(readable)
            await delivery.run(self.lanes.values())
        else:
            await together((capture.run(readable), delivery.run(self.lanes.values())))
        equipment.progress.phase = Phase.AMENDING
        await self._amender(delivery).run()
        # Posts of earlier runs may stand in channels that were replaced since.
        return {**await equipment.journal.read(queries.posted_channels), **self._channels}

    def _limited_seconds(self) -> float:
        """Return how long what is left takes by the target's limits."""
        speed = self._settings.speed
        backlogs = [(pool.left, len(pool.webhooks)) for pool in self._pools.values()]
        scale = self._equipment.limits_scale
        return left_seconds(backlogs, speed.webhooks_per_channel, scale, speed.max_messages_per_minute)

    async def follow(self, builder: StructureBuilder, *, follows_a_whole_run: bool) -> None:
        """Carry everything over, and what happens meanwhile and after, until the control stops it: StopRequested."""
        capture = self._capture(follows_a_whole_run=follows_a_whole_run)
        delivery = await self._delivery(capture, self._settings)
        readable = await self._open_all(delivery)
        amender = self._amender(delivery)
        mirror = LiveMirror(self._equipment, delivery, amender, self, self._sides.guild, self._settings, self._notes)
        await mirror.run(readable, builder)

    async def grow(self, delivery: Delivery, guild: Guild, community: Community, plan: Plan) -> None:
        """Go on with a guild and a plan that grew."""
        self._sides = BothSides(guild, community, self._sides.estimates)
        self._plan = plan
        records = await self._equipment.journal.read(queries.mappings)
        grown = target_map(guild, community, plan.routes, records)
        # Threads that are open already keep what they add to the map.
        standing = delivery.target.channels
        standing.update(grown.channels)
        delivery.target = replace(grown, channels=standing)

    async def open(self, delivery: Delivery, containers: Sequence[Container]) -> list[Container]:
        """Put containers into their lanes, old and new ones; return those whose place stands."""
        placed: list[Container] = []
        async for lane_id, rows, berth in self._berths(delivery, containers):
            placed += rows
            if lane_id in self.lanes:
                self.lanes[lane_id].extend(rows)
                continue
            pool = self._pool(berth.webhook_channel_id, delivery)
            parent = self.lanes.get(berth.parent_id or 0)
            self.lanes[lane_id] = Lane(delivery, lane_id, berth.place, rows, pool, parent)
            if berth.parent_id is None:
                name = rows[0].parent_name if rows[0].id != lane_id else rows[0].name
                self._channels[berth.webhook_channel_id] = name
        return placed

    async def _open_all(self, delivery: Delivery) -> list[Container]:
        containers = await self._equipment.journal.read(queries.containers)
        await self._load_tallies(containers)
        return await self.open(delivery, containers)

    async def retry(self, count: RetryCount) -> None:
        """Try again what failed, vanished or stayed behind, and count what became of it."""
        equipment = self._equipment
        copy = msgspec.structs.replace(self._settings.copy, timestamps="every")
        delivery = await self._delivery(
            self._capture(follows_a_whole_run=True), msgspec.structs.replace(self._settings, copy=copy)
        )
        broom = Broom(equipment.writer, equipment.journal, equipment.outage, equipment.log)
        count.deleted += await broom.sweep(await equipment.journal.read(mends.leftovers))
        work = by_container(await equipment.journal.read(mends.candidates))
        tries = RetryWork(
            candidates=work,
            broom=broom,
            count=count,
            edits_in_place=delivery.capabilities.edits_posts,
            webhooks={webhook.id: webhook for webhook in self._sides.community.webhooks},
            notes=self._notes,
        )
        lanes: list[RetryLane] = []
        containers = await equipment.journal.read(queries.containers)
        await self._load_tallies(containers)
        async for lane_id, rows, berth in self._berths(delivery, containers):
            if any(row.id in work for row in rows):
                pool = self._pool(berth.webhook_channel_id, delivery)
                lanes.append(RetryLane(delivery, lane_id, berth.place, rows, pool, tries))
        equipment.log.write(Level.INFO, f"{sum(lane.weight for lane in lanes):,} messages to try again")
        await delivery.run(lanes)
        equipment.progress.phase = Phase.AMENDING
        await self._amender(delivery).run()

    async def _berths(
        self, delivery: Delivery, containers: Sequence[Container]
    ) -> AsyncIterator[tuple[int, list[Container], Berth]]:
        """Yield the lanes whose place stands, each with its containers in order."""
        equipment, sides = self._equipment, self._sides
        records = await equipment.journal.read(queries.mappings)
        self._threads = self._threads or self._made_threads(delivery.target)
        threads = self._threads
        berths = Berths(threads, equipment.writer, sides.guild, sides.community, self._plan, records, delivery.target)
        for lane_id, rows in berths.in_order(containers).items():
            berth = await berths.find(lane_id)
            if berth is not None:
                yield lane_id, rows, berth
                continue
            for row in rows:
                tally = equipment.progress.channels[row.id]
                tally.state, tally.note = ChannelState.FAILED, "its channel could not be made"

    async def _load_tallies(self, containers: Sequence[Container]) -> None:
        tallies = {
            container.id: ChannelTally(
                id=container.id,
                name=container.name,
                kind=container.kind,
                parent_name=container.parent_name,
                estimate=container.estimate,
                source=container.source,
            )
            for container in containers
        }
        for container_id, state, _, count in await self._equipment.journal.read(queries.tallies):
            if container_id in tallies and state in _TALLIED:
                name = _TALLIED[state]
                setattr(tallies[container_id], name, getattr(tallies[container_id], name) + count)
        self._equipment.progress.channels = tallies

    def _capture(self, *, follows_a_whole_run: bool) -> Capture:
        equipment = self._equipment
        rescan = Rescan(
            equipment.reader,
            equipment.journal,
            equipment.control,
            equipment.outage,
            equipment.log,
            self._renewals,
            self._vigil,
            now=equipment.now,
            depth=self._settings.copy.rescan,
            follows_a_whole_run=follows_a_whole_run,
        )
        return Capture(
            equipment.reader,
            equipment.journal,
            equipment.control,
            equipment.progress,
            equipment.log,
            equipment.outage,
            rescan,
            self._notes,
            self._vigil,
            None if self._settings.copy.anonymise else equipment.avatars,
        )

    def _notes(self, message: Message) -> tuple[ChangeKind, ...]:
        """Return what has to be done about a message once it stands."""
        copy = self._settings.copy
        pin = (ChangeKind.PIN,) if message.is_pinned and copy.pins else ()
        reactions = (ChangeKind.REACTIONS,) if message.reactions and copy.reactions == "native" else ()
        return (*pin, *reactions)

    async def _delivery(self, capture: Capture, settings: Settings) -> Delivery:
        equipment, community = self._equipment, self._sides.community
        records = await equipment.journal.read(queries.mappings)
        return Delivery(
            reader=equipment.reader,
            writer=equipment.writer,
            composer=equipment.make_composer(community, settings),
            journal=equipment.journal,
            courier=FileCourier(equipment.spool, equipment.reader, equipment.outage, community.limits.attachment_bytes),
            capture=capture,
            control=equipment.control,
            progress=equipment.progress,
            log=equipment.log,
            outage=equipment.outage,
            reconciler=Reconciler(
                equipment.writer,
                equipment.journal,
                equipment.outage,
                sleep=equipment.sleep,
                settle_seconds=equipment.settle_seconds,
            ),
            pace=Pace(self._settings.speed.max_messages_per_minute, equipment.now, equipment.control.wait),
            target=target_map(self._sides.guild, community, self._plan.routes, records),
            now=equipment.now,
            author_key=equipment.author_key,
            avatars=equipment.avatars,
            renewals=self._renewals,
            vigil=self._vigil,
            capabilities=community.capabilities,
            limits_scale=equipment.limits_scale,
        )

    def _made_threads(self, target: TargetMap) -> Threads:
        equipment = self._equipment
        return Threads(
            equipment.writer,
            equipment.journal,
            equipment.outage,
            equipment.log,
            self._sides.community.id,
            target.channels,
            settle_seconds=equipment.settle_seconds,
            sleep=equipment.sleep,
        )

    def _pool(self, channel_id: int, delivery: Delivery) -> WebhookPool:
        if channel_id not in self._pools:
            limits = self._sides.community.limits
            channel_count = len(delivery.target.lanes)
            self._pools[channel_id] = WebhookPool(
                self._equipment.writer,
                self._equipment.outage,
                channel_id,
                self._sides.community.webhooks,
                setting=self._settings.speed.webhooks_per_channel,
                ceiling=min(limits.webhooks_per_channel, max(1, limits.webhooks_per_guild // max(1, channel_count))),
            )
        return self._pools[channel_id]

    def _amender(self, delivery: Delivery) -> Amender:
        writer, community_id = self._equipment.writer, self._equipment.community_id
        return Amender(
            delivery,
            lambda: writer.capabilities(community_id),
            self._webhooks,
            self._settings.copy.reactions,
            sets_pins=self._settings.copy.pins,
        )

    def _webhooks(self) -> Mapping[int, Webhook]:
        known = {webhook.id: webhook for webhook in self._sides.community.webhooks}
        return known | {webhook.id: webhook for pool in self._pools.values() for webhook in pool.webhooks}
