"""Categories and channels: closed from their first moment when they are private, in the source's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from reaper_tui.engine.events import Level
from reaper_tui.engine.matching import WITH_TEXT_NAMES
from reaper_tui.engine.overwrites import VIEW_CHANNEL, overwrites_for
from reaper_tui.engine.roles import everyone_is_carried
from reaper_tui.engine.standing import Standing
from reaper_tui.model.community import KINDS_WITH_POSTS, Channel, ChannelKind, Community, Guild, Overwrite
from reaper_tui.model.errors import Refused
from reaper_tui.model.forum import Forum
from reaper_tui.model.names import clean_name, text_channel_name
from reaper_tui.model.permissions import carried
from reaper_tui.model.plan import Action, ItemKind, PlanItem
from reaper_tui.model.text import cut_utf16
from reaper_tui.profile.settings import CopySettings

TOPIC_UNITS = 1024
FORUM_TOPIC_UNITS = 4096
ADMINISTRATOR = 1 << 3
STANDARD_BITRATE = 64_000
FLEXIBLE_NAMES = "TEXT_CHANNEL_FLEXIBLE_NAMES"


async def build_channels(standing: Standing, guild: Guild, copy: CopySettings, items: Sequence[PlanItem]) -> None:
    """Make, adopt or change every category and channel of a plan."""
    texts = [item.name for item in items if item.target_kind in WITH_TEXT_NAMES and item.action is Action.CREATE]
    would_change = any(text_channel_name(name) != clean_name(name) for name in texts)
    if would_change and FLEXIBLE_NAMES not in standing.community.features:
        await standing.attempt(
            "Keeping channel names as they are", lambda: standing.writer.allow_flexible_names(standing.community.id)
        )
    present = standing.community.channels
    builder = _Channels(standing, guild, copy, await members_on_target(standing, guild, copy))
    items = in_making_order(items)
    for item in items:
        await standing.control.boundary()
        await builder.build(item)
        standing.step()
    await _order(standing, guild, items, present)


def record_kind(item: PlanItem) -> str:
    """Return under which kind a category or channel is on record."""
    if item.kind is ItemKind.CATEGORY:
        return "category"
    return "companion" if item.target_kind == "companion" else "channel"


def in_making_order(items: Sequence[PlanItem]) -> list[PlanItem]:
    """Return items as they have to be made to stand in order: loose ones, then each category, its text, its voice."""
    categories = [item.source_id for item in items if item.kind is ItemKind.CATEGORY]
    place = {source_id: index for index, source_id in enumerate(categories)}

    def key(item: PlanItem) -> tuple[int, int]:
        if item.kind is ItemKind.CATEGORY:
            return place[item.source_id], 0
        return place.get(item.parent_id or 0, -1), 2 if item.target_kind == "voice" else 1

    return sorted(items, key=key)


def clean_topic(topic: str, units: int = TOPIC_UNITS) -> str:
    """Return a topic the target takes."""
    return cut_utf16(topic.strip(), units).strip()


async def members_on_target(standing: Standing, guild: Guild, copy: CopySettings) -> dict[int, int]:
    """Return the people with permissions of their own who are members of the target, by their ids there.

    Who is who is only known where the profile says so, or where both platforms use one id.
    """
    if not copy.permissions:
        return {}
    known = {int(source_id): int(target_id) for source_id, target_id in copy.members.items()}
    wanted = {
        row.subject_id: known.get(row.subject_id, row.subject_id)
        for channel in guild.channels
        for row in channel.overwrites
        if row.is_member
    }
    if not wanted:
        return {}
    community_id = standing.community.id
    present = await standing.call(lambda: standing.writer.members(community_id, sorted(set(wanted.values()))))
    return {source_id: target_id for source_id, target_id in wanted.items() if target_id in present}


class _Channels:
    def __init__(self, standing: Standing, guild: Guild, copy: CopySettings, members: Mapping[int, int]) -> None:
        self._standing = standing
        self._guild = guild
        self._copy = copy
        self._members = members
        self._channels = {channel.id: channel for channel in guild.channels}
        everyone = next((role for role in guild.roles if role.id == guild.id), None)
        sees = VIEW_CHANNEL | ADMINISTRATOR
        self._is_closed_by_default = (
            everyone is not None and not everyone.permissions & sees and not everyone_is_carried(standing, guild)
        )
        self._seeing_roles = [role.id for role in guild.roles if role.id != guild.id and role.permissions & sees]

    async def build(self, item: PlanItem) -> None:
        standing, channel = self._standing, self._channels[item.source_id]
        kind = "text" if item.target_kind == "companion" else item.target_kind
        name = clean_name(item.name)
        parent_id = None if item.parent_id is None else standing.target("category", item.parent_id)
        forum = self._forum(channel) if kind in KINDS_WITH_POSTS else None
        topic_units = FORUM_TOPIC_UNITS if forum else TOPIC_UNITS
        topic = clean_topic(channel.topic, topic_units) if kind in WITH_TEXT_NAMES else ""
        overwrites = self._overwrites(channel)
        bitrate = min(max(channel.bitrate, 8000), 320_000) if kind == "voice" and channel.bitrate else 0
        user_limit = min(channel.user_limit, 99) if kind == "voice" else 0

        async def create(kind: str = kind) -> int:
            return await standing.writer.create_channel(
                standing.community.id,
                kind,
                name,
                parent_id=parent_id,
                topic=topic,
                overwrites=overwrites,
                bitrate=bitrate,
                user_limit=user_limit,
                forum=forum,
            )

        async def create_at_best() -> int:
            try:
                return await create()
            except Refused as refusal:
                if kind != "announcement" or refusal.field != "type":
                    raise
                # A server may show signs of announcement channels and still not make them.
                return await create("text")

        def fitting(community: Community) -> Iterable[int]:
            names = (name, text_channel_name(name)) if kind in WITH_TEXT_NAMES else (name,)
            return (
                found.id
                for found in community.channels
                if (found.kind, found.parent_id) == (kind, parent_id) and found.name in names
            )

        target_id = await standing.make(record_kind(item), item, create_at_best, fitting)
        if target_id is None:
            return
        changes: dict[str, Any] = {"permission_overwrites": overwrites}
        if kind in WITH_TEXT_NAMES:
            changes |= {"topic": topic, "rate_limit_per_user": min(channel.slowmode_seconds, 21_600)}
        if forum is not None:
            changes |= {"forum": forum}
        if kind == "voice":
            changes |= {"bitrate": bitrate or STANDARD_BITRATE, "user_limit": user_limit}
        await self._apply(item, channel, target_id, kind, [name, parent_id, changes])

    async def _apply(self, item: PlanItem, channel: Channel, target_id: int, kind: str, state: list[Any]) -> None:
        standing, of_kind = self._standing, record_kind(item)
        wanted = msgspec.json.encode(state, order="sorted").decode()
        record = standing.find(of_kind, item.source_id)
        if record is None or record.applied == wanted:
            return
        name, parent_id, changes = state
        if record.outcome == "created" and not record.applied and not changes.get("rate_limit_per_user"):
            await standing.note_applied(of_kind, item.source_id, wanted)
            return
        changes = dict(changes)
        if record.applied:
            old_name, old_parent_id, *_ = msgspec.json.decode(record.applied)
            changes |= {"name": name} if old_name != name else {}
            changes |= {"parent_id": parent_id} if old_parent_id != parent_id and kind != "category" else {}
        if await standing.attempt(
            f"The settings of #{channel.name}", lambda: standing.writer.edit_channel(target_id, kind, changes)
        ):
            await standing.note_applied(of_kind, item.source_id, wanted)
        elif record.outcome == "reused" and self._is_closed(changes["permission_overwrites"]):
            reason = "it is private and the channel there could not be closed"
            await standing.record(of_kind, item.source_id, target_id, record.name, "failed", reason=reason)
            standing.log.write(Level.ERROR, f"#{channel.name} gets no messages: {reason}")

    def _overwrites(self, channel: Channel) -> tuple[Overwrite, ...]:
        roles = self._standing.targets("role")
        seeing = {roles[role_id] for role_id in self._seeing_roles if role_id in roles}
        return overwrites_for(
            channel,
            self._channels,
            self._guild.id,
            self._standing.community.id,
            roles,
            keep_all=self._copy.permissions,
            members=self._members,
            has_threads=self._standing.community.capabilities.has_threads,
            seen_only_by=seeing if self._is_closed_by_default else None,
        )

    def _forum(self, channel: Channel) -> Forum:
        """Return how a forum is set up, with the target's emojis; those that did not come over fall away."""
        emojis = self._standing.targets("emoji")
        forum = channel.forum or Forum()
        return msgspec.structs.replace(
            forum,
            tags=tuple(msgspec.structs.replace(tag, emoji_id=emojis.get(tag.emoji_id or 0)) for tag in forum.tags),
            reaction_emoji_id=emojis.get(forum.reaction_emoji_id or 0),
        )

    def _is_closed(self, overwrites: Sequence[Overwrite]) -> bool:
        everyone = self._standing.community.id
        return any(row.subject_id == everyone and carried(row.deny) & VIEW_CHANNEL for row in overwrites)


async def _order(standing: Standing, guild: Guild, items: Sequence[PlanItem], present: Sequence[Channel]) -> None:
    """Put channels in the source's order where they do not stand so, once for every order."""
    wanted: dict[int | None, list[int]] = {}
    for item in items:
        target_id = standing.target(record_kind(item), item.source_id)
        if target_id is not None:
            wanted.setdefault(item.parent_id, []).append(target_id)
    order = msgspec.json.encode(list(wanted.values())).decode()
    if standing.applied("channel_order", guild.id) == order:
        return
    places = {channel.id: (0, channel.position, channel.id) for channel in present}
    is_voice = {channel.id: channel.kind is ChannelKind.VOICE for channel in present}
    is_voice |= {
        target: item.target_kind == "voice"
        for item in items
        if (target := standing.target(record_kind(item), item.source_id)) is not None
    }
    positions: list[tuple[int, int]] = []
    for parent_id, siblings in wanted.items():
        # The target puts what is made later below, and within a category voice below text.
        below = is_voice if parent_id is not None else dict.fromkeys(siblings, False)
        standing_now = sorted(siblings, key=lambda found: (below[found], places.get(found, (1, 0, found))))
        should_stand = sorted(siblings, key=lambda found: below[found])
        if standing_now != should_stand:
            positions += [(found, place) for place, found in enumerate(should_stand)]
    if positions:
        await standing.attempt(
            "The order of the channels", lambda: standing.writer.order_channels(standing.community.id, positions)
        )
    await standing.record("channel_order", guild.id, standing.community.id, guild.name, "reused", applied=order)
