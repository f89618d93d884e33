"""Roles, expressions and channels: made once, adopted when a reply was lost, changed when they differ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.overwrites import overwrites_for
from reaper_tui.engine.ports import Spool, Writer
from reaper_tui.engine.progress import Progress
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import Mapping
from reaper_tui.model.community import Channel, Community, Guild, Role
from reaper_tui.model.errors import AccessDenied, CloneError, FileUnavailable, NotFound, OutcomeUnknown, Refused
from reaper_tui.model.names import clean_name, emoji_name, sticker_name, text_channel_name
from reaper_tui.model.permissions import carried
from reaper_tui.model.plan import Action, ItemKind, Plan, PlanItem
from reaper_tui.profile.settings import CopySettings

T = TypeVar("T")
TARGET = "Fluxer"
BULK = 50
TOPIC_UNITS = 1024
IMAGE_BYTES = 10 * 1024 * 1024


@dataclass
class StructureBuilder:
    """Builds what a plan names; everything it does is on record before and after."""

    writer: Writer
    spool: Spool
    journal: Journal
    control: RunControl
    progress: Progress
    log: EventLog
    outage: Outage
    community: Community
    guild: Guild
    copy: CopySettings

    def __post_init__(self) -> None:
        self._records: dict[tuple[str, int], Mapping] = {}
        self._newest = 0

    async def build(self, plan: Plan) -> None:
        """Make, adopt or change every item; items the target refuses are recorded as failed and the rest goes on."""
        for record in await self.journal.read(queries.mappings):
            self._records[record.kind, record.source_id] = record
        self._newest = max(
            (
                thing.id
                for things in (
                    self.community.roles,
                    self.community.channels,
                    self.community.emojis,
                    self.community.stickers,
                )
                for thing in things
            ),
            default=0,
        )
        self.progress.structure_total = len(plan.items)
        self.progress.structure_done = 0
        await self._identity(plan)
        await self._roles([item for item in plan.items if item.kind is ItemKind.ROLE])
        await self._emojis([item for item in plan.items if item.kind is ItemKind.EMOJI])
        await self._stickers([item for item in plan.items if item.kind is ItemKind.STICKER])
        await self._channels([item for item in plan.items if item.kind in (ItemKind.CATEGORY, ItemKind.CHANNEL)])

    async def close_doors(self) -> None:
        """Set what would lock the bot out of its own work: age restriction, last of all."""
        for channel in self.guild.channels:
            record = self._records.get(("channel", channel.id))
            if not channel.is_nsfw or record is None or record.target_id is None:
                continue
            if self._records.get(("nsfw", channel.id)) is not None:
                continue
            target_id = record.target_id
            try:
                await self._call(
                    lambda target_id=target_id: self.writer.edit_channel(target_id, "text", {"nsfw": True})
                )
            except CloneError as error:
                self.log.write(Level.WARNING, f"#{channel.name} could not be marked age-restricted: {error.line()}")
                continue
            await self._record("nsfw", channel.id, target_id, channel.name, "reused", applied="true")

    async def _identity(self, plan: Plan) -> None:
        if not any(item.kind is ItemKind.IDENTITY for item in plan.items):
            return
        wanted = msgspec.json.encode([self.guild.name, self.guild.icon_url, self.guild.banner_url]).decode()
        record = self._records.get(("identity", self.guild.id))
        if record is None or record.applied != wanted:
            icon = await self._image(self.guild.icon_url, IMAGE_BYTES, "the icon")
            banner = await self._image(self.guild.banner_url, IMAGE_BYTES, "the banner")
            try:
                await self._call(
                    lambda: self.writer.edit_identity(
                        self.community.id, name=clean_name(self.guild.name), icon=icon, banner=banner
                    )
                )
                await self._record(
                    "identity", self.guild.id, self.community.id, self.guild.name, "reused", applied=wanted
                )
            except (Refused, AccessDenied) as error:
                self._raise_if_fatal(error)
                self.log.write(Level.WARNING, f"The community's name and pictures stay as they are: {error.line()}")
        self._step()

    async def _roles(self, items: Sequence[PlanItem]) -> None:
        roles = {role.id: role for role in self.guild.roles}
        made_any = False
        for item in items:
            await self.control.boundary()
            role = roles[item.source_id]
            permissions = carried(role.permissions) if self.copy.permissions else 0
            name = clean_name(role.name)

            async def create(name: str = name, role: Role = role, permissions: int = permissions) -> int:
                return await self.writer.create_role(self.community.id, name, role.color, permissions)

            def adopt(community: Community, newer_than: int, name: str = name) -> int | None:
                return self._unclaimed("role", ((r.id, r.name == name) for r in community.roles), newer_than)

            target_id = await self._stand("role", item, create, adopt)
            if target_id is not None:
                made_any = made_any or item.action is Action.CREATE
                await self._apply_role(role, name, permissions, target_id)
            self._step()
        targets = [self._target("role", item.source_id) for item in items]
        if made_any and len(standing := [target for target in targets if target is not None]) > 1:
            await self._attempt("The order of the roles", lambda: self.writer.order_roles(self.community.id, standing))
        everyone = roles.get(self.guild.id)
        if everyone is not None and items and self.copy.permissions:
            wanted = str(carried(everyone.permissions))
            record = self._records.get(("everyone", self.guild.id))
            if record is None or record.applied != wanted:
                done = await self._attempt(
                    "The permissions of @everyone",
                    lambda: self.writer.edit_role(self.community.id, self.community.id, {"permissions": int(wanted)}),
                )
                if done:
                    await self._record(
                        "everyone", self.guild.id, self.community.id, "@everyone", "reused", applied=wanted
                    )

    async def _apply_role(self, role: Role, name: str, permissions: int, target_id: int) -> None:
        changes: dict[str, Any] = {"color": role.color, "hoist": role.is_hoisted, "mentionable": role.is_mentionable}
        if self.copy.permissions:
            changes["permissions"] = permissions
        wanted = msgspec.json.encode([name, changes], order="sorted").decode()
        record = self._records["role", role.id]
        if record.applied == wanted:
            return
        if record.outcome == "created" and not record.applied and not (role.is_hoisted or role.is_mentionable):
            await self._record("role", role.id, target_id, name, "created", applied=wanted)
            return
        changes["name"] = name
        done = await self._attempt(
            f"The settings of role {role.name}", lambda: self.writer.edit_role(self.community.id, target_id, changes)
        )
        if done:
            await self._record("role", role.id, target_id, name, record.outcome, applied=wanted)

    async def _emojis(self, items: Sequence[PlanItem]) -> None:
        emojis = {emoji.id: emoji for emoji in self.guild.emojis}
        missing: list[tuple[PlanItem, str]] = []
        for item in items:
            if item.action is not Action.CREATE:
                await self._settle_known("emoji", item, emoji_name(item.name))
            else:
                missing.append((item, emoji_name(item.name)))
        for start in range(0, len(missing), BULK):
            await self.control.boundary()
            chunk = missing[start : start + BULK]
            ready: list[tuple[PlanItem, str, bytes]] = []
            for item, name in chunk:
                image = await self._image(
                    emojis[item.source_id].url, self.community.limits.emoji_bytes, f"emoji :{item.name}:"
                )
                if image is None:
                    await self._record("emoji", item.source_id, None, name, "failed", reason="its image is unavailable")
                    self._step()
                else:
                    ready.append((item, name, image))
            await self._create_expressions(
                "emoji",
                ready,
                lambda rows: self.writer.create_emojis(self.community.id, [(name, data) for _, name, data in rows]),
                lambda community: [(emoji.id, emoji.name) for emoji in community.emojis],
            )

    async def _stickers(self, items: Sequence[PlanItem]) -> None:
        stickers = {sticker.id: sticker for sticker in self.guild.stickers}
        ready: list[tuple[PlanItem, str, bytes]] = []
        for item in items:
            name = sticker_name(item.name)
            if item.action is not Action.CREATE:
                await self._settle_known("sticker", item, name)
                continue
            image = await self._image(
                stickers[item.source_id].url, self.community.limits.sticker_bytes, f"sticker {item.name}"
            )
            if image is None:
                await self._record("sticker", item.source_id, None, name, "failed", reason="its image is unavailable")
                self._step()
            else:
                ready.append((item, name, image))
        for start in range(0, len(ready), BULK):
            await self._create_expressions(
                "sticker",
                ready[start : start + BULK],
                lambda rows: self.writer.create_stickers(
                    self.community.id,
                    [
                        (name, stickers[item.source_id].description, stickers[item.source_id].tags, data)
                        for item, name, data in rows
                    ],
                ),
                lambda community: [(sticker.id, sticker.name) for sticker in community.stickers],
            )

    async def _create_expressions(
        self,
        kind: str,
        rows: list[tuple[PlanItem, str, bytes]],
        create: Callable[[list[tuple[PlanItem, str, bytes]]], Awaitable[Sequence[tuple[int, str]]]],
        listing: Callable[[Community], list[tuple[int, str]]],
    ) -> None:
        rows = await self._adopt_intended(kind, rows, listing)
        while rows:
            await self.journal.map_items(
                [Mapping(kind, item.source_id, None, name, "intended", "", self._newest) for item, name, _ in rows]
            )
            for item, name, _ in rows:
                self._records[kind, item.source_id] = Mapping(
                    kind, item.source_id, None, name, "intended", "", self._newest
                )
            try:
                outcomes = await self._call(lambda rows=rows: create(rows))
            except OutcomeUnknown:
                rows = await self._adopt_intended(kind, rows, listing)
                continue
            except (Refused, AccessDenied) as error:
                self._raise_if_fatal(error)
                outcomes = [(0, str(error))] * len(rows)
            for (item, name, _), (target_id, reason) in zip(rows, outcomes, strict=True):
                if target_id:
                    await self._record(kind, item.source_id, target_id, name, "created")
                else:
                    await self._record(kind, item.source_id, None, name, "failed", reason=reason)
                    self.log.write(Level.WARNING, f"{kind} {item.name} was refused: {reason}")
                self._step()
            return

    async def _adopt_intended(
        self,
        kind: str,
        rows: list[tuple[PlanItem, str, bytes]],
        listing: Callable[[Community], list[tuple[int, str]]],
    ) -> list[tuple[PlanItem, str, bytes]]:
        intended = [row for row in rows if self._outcome(kind, row[0].source_id) == "intended"]
        if not intended:
            return rows
        present = listing(await self._relisted())
        left: list[tuple[PlanItem, str, bytes]] = [row for row in rows if row not in intended]
        for row in intended:
            item, name, _ = row
            watermark = self._records[kind, item.source_id].watermark
            target_id = self._unclaimed(kind, ((found, named == name) for found, named in present), watermark)
            if target_id is None:
                left.append(row)
            else:
                await self._record(kind, item.source_id, target_id, name, "created")
                self._step()
        return left

    async def _channels(self, items: Sequence[PlanItem]) -> None:
        channels = {channel.id: channel for channel in self.guild.channels}
        texts = [item.name for item in items if item.target_kind == "text" and item.action is Action.CREATE]
        would_change = any(text_channel_name(name) != clean_name(name) for name in texts)
        if would_change and "TEXT_CHANNEL_FLEXIBLE_NAMES" not in self.community.features:
            await self._attempt(
                "Keeping channel names as they are", lambda: self.writer.allow_flexible_names(self.community.id)
            )
        categories = [item for item in items if item.kind is ItemKind.CATEGORY]
        for item in (*categories, *(item for item in items if item.kind is not ItemKind.CATEGORY)):
            await self.control.boundary()
            await self._channel(item, channels[item.source_id], channels)
            self._step()

    async def _channel(self, item: PlanItem, channel: Channel, channels: dict[int, Channel]) -> None:
        record_kind = (
            "companion"
            if item.target_kind == "companion"
            else "category"
            if item.kind is ItemKind.CATEGORY
            else "channel"
        )
        kind = "text" if item.target_kind == "companion" else item.target_kind
        name = clean_name(item.name)
        parent_id = None if item.parent_id is None else self._target("category", item.parent_id)
        topic = clean_topic(channel.topic) if kind == "text" else ""
        overwrites = overwrites_for(
            channel, channels, self.guild.id, self.community.id, self._role_targets(), keep_all=self.copy.permissions
        )
        bitrate = min(max(channel.bitrate, 8000), 320_000) if kind == "voice" and channel.bitrate else 0
        user_limit = min(channel.user_limit, 99) if kind == "voice" else 0

        async def create() -> int:
            return await self.writer.create_channel(
                self.community.id,
                kind,
                name,
                parent_id=parent_id,
                topic=topic,
                overwrites=overwrites,
                bitrate=bitrate,
                user_limit=user_limit,
            )

        def adopt(community: Community, newer_than: int) -> int | None:
            stored = text_channel_name(name) if kind == "text" else name
            return self._unclaimed(
                record_kind,
                (
                    (found.id, (found.kind, found.parent_id) == (kind, parent_id) and found.name in (name, stored))
                    for found in community.channels
                ),
                newer_than,
            )

        target_id = await self._stand(record_kind, item, create, adopt)
        if target_id is None:
            return
        changes: dict[str, Any] = {"permission_overwrites": overwrites}
        if kind == "text":
            changes["topic"] = topic
            changes["rate_limit_per_user"] = min(channel.slowmode_seconds, 21_600)
        if kind == "voice":
            changes |= {"bitrate": bitrate or 64_000, "user_limit": user_limit}
        wanted = msgspec.json.encode([name, parent_id, changes], order="sorted").decode()
        record = self._records[record_kind, item.source_id]
        if record.applied == wanted:
            return
        if record.outcome == "created" and not record.applied and not changes.get("rate_limit_per_user"):
            await self._record(record_kind, item.source_id, target_id, name, "created", applied=wanted)
            return
        if record.applied and msgspec.json.decode(record.applied)[0] != name:
            changes["name"] = name
        done = await self._attempt(
            f"The settings of #{channel.name}", lambda: self.writer.edit_channel(target_id, kind, changes)
        )
        if done:
            await self._record(record_kind, item.source_id, target_id, name, record.outcome, applied=wanted)

    async def _stand(
        self,
        kind: str,
        item: PlanItem,
        create: Callable[[], Awaitable[int]],
        adopt: Callable[[Community, int], int | None],
    ) -> int | None:
        name = clean_name(item.name)
        if item.action is not Action.CREATE:
            await self._settle_known(kind, item, name, counts=False)
            return item.target_id
        while True:
            record = self._records.get((kind, item.source_id))
            if record is not None and record.outcome == "intended":
                target_id = adopt(await self._relisted(), record.watermark)
                if target_id is not None:
                    await self._record(kind, item.source_id, target_id, name, "created")
                    return target_id
            await self._record(kind, item.source_id, None, name, "intended", watermark=self._newest)
            try:
                target_id = await self._call(create)
            except OutcomeUnknown:
                continue
            except (Refused, AccessDenied, NotFound) as error:
                self._raise_if_fatal(error)
                await self._record(kind, item.source_id, None, name, "failed", reason=error.line())
                self.log.write(Level.ERROR, f"{kind} {item.name} could not be made: {error.line()}")
                return None
            await self._record(kind, item.source_id, target_id, name, "created")
            self.log.write(Level.DEBUG, f"made {kind} {item.name}")
            return target_id

    async def _settle_known(self, kind: str, item: PlanItem, name: str, *, counts: bool = True) -> None:
        if item.action is Action.CANNOT:
            await self._record(kind, item.source_id, None, name, "excluded", reason=item.reason)
        else:
            record = self._records.get((kind, item.source_id))
            if record is None or record.target_id != item.target_id:
                await self._record(kind, item.source_id, item.target_id, name, "reused")
        if counts:
            self._step()

    async def _record(
        self,
        kind: str,
        source_id: int,
        target_id: int | None,
        name: str,
        outcome: str,
        *,
        reason: str = "",
        watermark: int = 0,
        applied: str = "",
    ) -> None:
        record = Mapping(kind, source_id, target_id, name, outcome, reason, watermark, applied)
        await self.journal.map_item(record)
        self._records[kind, source_id] = record
        self._newest = max(self._newest, target_id or 0)

    async def _attempt(self, what: str, work: Callable[[], Awaitable[None]]) -> bool:
        while True:
            try:
                await self._call(work)
            except OutcomeUnknown:
                continue
            except (Refused, AccessDenied, NotFound) as error:
                self._raise_if_fatal(error)
                self.log.write(Level.WARNING, f"{what} could not be set: {error.line()}")
                return False
            return True

    async def _call(self, work: Callable[[], Awaitable[T]]) -> T:
        return await self.outage.through(TARGET, work)

    async def _image(self, url: str, limit: int, what: str) -> bytes | None:
        if not url:
            return None
        try:
            return await self.outage.through("Discord's file server", lambda: self.spool.image(url, limit))
        except FileUnavailable as error:
            self.log.write(Level.WARNING, f"{what} stays behind: {error.reason}")
            return None

    async def _relisted(self) -> Community:
        self.community = await self._call(lambda: self.writer.community(self.community.id))
        return self.community

    def _unclaimed(self, kind: str, candidates: Iterable[tuple[int, bool]], newer_than: int) -> int | None:
        claimed = {record.target_id for record in self._records.values() if record.kind == kind}
        fitting = [found for found, fits in candidates if fits and found > newer_than and found not in claimed]
        return min(fitting, default=None)

    def _target(self, kind: str, source_id: int) -> int | None:
        record = self._records.get((kind, source_id))
        return record.target_id if record else None

    def _outcome(self, kind: str, source_id: int) -> str:
        record = self._records.get((kind, source_id))
        return record.outcome if record else ""

    def _role_targets(self) -> dict[int, int]:
        return {
            record.source_id: record.target_id
            for record in self._records.values()
            if record.kind == "role" and record.target_id is not None
        }

    def _raise_if_fatal(self, error: CloneError) -> None:
        if isinstance(error, AccessDenied) and error.ends_run:
            raise error

    def _step(self) -> None:
        self.progress.structure_done += 1


def clean_topic(topic: str) -> str:
    """Return a topic the target takes."""
    return topic.strip()[:TOPIC_UNITS].strip()
