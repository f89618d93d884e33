"""The plan: a pure function of what both sides hold, what is wanted, and what was done before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from reaper_tui.engine.drift import gone_from_source
from reaper_tui.engine.estimate import run_seconds
from reaper_tui.engine.matching import channel_key, mapped_targets, name_matches, target_kind
from reaper_tui.engine.selection import Selected, selected_channels, unknown_choices
from reaper_tui.engine.webhook_pool import WEBHOOK_NAME
from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.model.community import (
    KINDS_WITH_POSTS,
    Channel,
    ChannelKind,
    Community,
    Guild,
    Role,
    ordered_channels,
)
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.names import clean_name, emoji_name, sticker_name
from reaper_tui.model.permissions import left_behind
from reaper_tui.model.plan import Action, Exclusion, ItemKind, Placement, Plan, PlanItem, Route
from reaper_tui.profile.settings import Settings


@dataclass
class _Draft:
    guild: Guild
    community: Community
    estimates: Mapping[int, tuple[int, bool]]
    settings: Settings
    mappings: Sequence[MappingRecord]
    chosen: Selected
    settled: Mapping[int, int]
    items: list[PlanItem] = field(default_factory=list[PlanItem])
    routes: list[Route] = field(default_factory=list[Route])
    exclusions: list[Exclusion] = field(default_factory=list[Exclusion])
    warnings: list[str] = field(default_factory=list[str])

    @property
    def has_native_threads(self) -> bool:
        """Return whether threads become threads on the target."""
        return self.settings.copy.threads in ("auto", "native") and self.community.capabilities.has_threads

    def stands_alone(self, thread: Channel) -> bool:
        """Return whether a thread gets a channel of its own: inside its channel a private one would be public."""
        mode = self.settings.copy.threads
        return mode == "channel" or (thread.is_private and mode != "skip" and not self.has_native_threads)

    def exclude(self, name: str, reason: str, source_id: int | None = None) -> None:
        self.exclusions.append(Exclusion(name, reason, source_id))


def make_plan(
    guild: Guild,
    community: Community,
    estimates: Mapping[int, tuple[int, bool]],
    settings: Settings,
    mappings: Sequence[MappingRecord],
    settled: Mapping[int, int] | None = None,
    *,
    draws_lottie: bool = False,
) -> Plan:
    """Return everything a run will do and everything it cannot; nothing is written anywhere.

    `settled` says how many messages of each container earlier runs dealt with. Raises ConfigurationError for a choice
    that this version cannot carry out.
    """
    refuse_unsupported(settings)
    chosen = selected_channels(guild, settings.copy)
    draft = _Draft(guild, community, estimates, settings, mappings, chosen, settled or {})
    draft.warnings += [*guild.notes, *community.notes]
    if unknown := unknown_choices(guild, settings.copy):
        draft.warnings.append(f"The profile names channels that are not there: {', '.join(unknown[:5])}")
    if hidden := len(guild.hidden_channel_ids):
        what = "1 hidden channel" if hidden == 1 else f"{hidden} hidden channels"
        draft.exclude(what, "the Discord bot may not view it: give it View Channels there")
    is_filtered_by_us = any(record.kind == "content_filter" for record in mappings)
    if community.content_filter and settings.copy.history and not is_filtered_by_us:
        draft.warnings.append(
            "The community looks through media and may refuse explicit files — switch that off until the move is done"
        )
    if settings.copy.identity:
        known = {record.applied for record in mappings if record.kind == "identity"}
        action = Action.REUSE if identity_mark(guild) in known else Action.CHANGE
        draft.items.append(PlanItem(ItemKind.IDENTITY, guild.id, guild.name, action, community.id))
    if settings.copy.roles:
        _plan_roles(draft)
    _plan_emojis(draft)
    _plan_stickers(draft, draws_lottie=draws_lottie)
    _plan_channels(draft)
    draft.exclusions += gone_from_source(guild, community, mappings)
    _exclude_members(draft)
    _exclude_marks_of_posts(draft)
    _warn_of_earlier_clone(draft)
    creates = {
        kind: sum(item.kind in kinds and item.action is Action.CREATE for item in draft.items)
        for kind, kinds in (
            ("roles", (ItemKind.ROLE,)),
            ("channels", (ItemKind.CHANNEL, ItemKind.CATEGORY)),
        )
    }
    lanes: dict[int, int] = {}
    for route in draft.routes:
        sender = route.parent_id or route.lane_id
        lanes[sender] = lanes.get(sender, 0) + max(0, route.estimate - route.settled)
    seconds = run_seconds(
        creates["roles"],
        creates["channels"],
        lanes,
        settings.speed.webhooks_per_channel,
        settings.fluxer.limits_scale,
        settings.speed.max_messages_per_minute,
        containers=len(draft.routes),
        answer_seconds=community.answer_seconds,
    )
    calls = sum(item.action in (Action.CREATE, Action.CHANGE) for item in draft.items)
    calls += sum(lanes.values()) + len(lanes)
    calls += sum(route.placement is Placement.NATIVE and not route.settled for route in draft.routes)
    return Plan(
        source_name=guild.name,
        target_name=community.name,
        items=tuple(draft.items),
        routes=tuple(draft.routes),
        exclusions=tuple(draft.exclusions),
        warnings=tuple(draft.warnings),
        calls=calls,
        seconds=seconds,
    )


def identity_mark(guild: Guild) -> str:
    """Return what tells whether a community's name and pictures are those of a guild as it is now."""
    return msgspec.json.encode([guild.name, guild.icon_url, guild.banner_url]).decode()


def refuse_unsupported(settings: Settings) -> None:
    """Raise ConfigurationError for a choice that this version cannot carry out."""
    if settings.copy.live and not settings.copy.history:
        raise ConfigurationError("A live mirror goes on behind the history", "set copy.history to true")


def roles_to_copy(guild: Guild) -> tuple[Role, ...]:
    """Return the roles people gave, top first, without @everyone and those that belong to integrations."""
    roles = [role for role in guild.roles if role.id != guild.id and not role.is_managed]
    return tuple(sorted(roles, key=lambda role: (-role.position, role.id)))


def _plan_roles(draft: _Draft) -> None:
    roles = roles_to_copy(draft.guild)
    present = {role.id for role in draft.community.roles}
    mapped = {source: target for source, target in mapped_targets(draft.mappings, "role").items() if target in present}
    taken = set(mapped.values()) | {draft.community.id}
    matches = name_matches(
        {role.id: clean_name(role.name) for role in roles if role.id not in mapped},
        {role.id: role.name for role in draft.community.roles if role.id not in taken and not role.is_managed},
    )
    room = draft.community.limits.guild_roles - len(draft.community.roles)
    lost: set[str] = set()
    for role in roles:
        lost.update(left_behind(role.permissions, has_threads=draft.community.capabilities.has_threads))
        target = mapped.get(role.id) or matches.get(role.id)
        if target is not None:
            draft.items.append(PlanItem(ItemKind.ROLE, role.id, role.name, Action.REUSE, target))
        elif room <= 0:
            reason = f"the community takes {draft.community.limits.guild_roles} roles"
            draft.items.append(PlanItem(ItemKind.ROLE, role.id, role.name, Action.CANNOT, reason=reason))
            draft.exclude(f"role {role.name}", reason, role.id)
        else:
            room -= 1
            draft.items.append(PlanItem(ItemKind.ROLE, role.id, role.name, Action.CREATE))
    for role in draft.guild.roles:
        if role.is_managed:
            draft.exclude(f"role {role.name}", "it belongs to a bot or integration of Discord", role.id)
    if lost and draft.settings.copy.permissions:
        draft.exclude("permissions", f"Fluxer has no counterpart for {', '.join(sorted(lost))}")


def _plan_emojis(draft: _Draft) -> None:
    if not draft.settings.copy.emojis:
        return
    present = {emoji.id for emoji in draft.community.emojis}
    mapped = {s: t for s, t in mapped_targets(draft.mappings, "emoji").items() if t in present}
    matches = name_matches(
        {emoji.id: emoji_name(emoji.name) for emoji in draft.guild.emojis if emoji.id not in mapped},
        {emoji.id: emoji.name for emoji in draft.community.emojis if emoji.id not in mapped.values()},
    )
    limits = draft.community.limits
    room = {
        False: limits.static_emojis - sum(not emoji.is_animated for emoji in draft.community.emojis),
        True: limits.animated_emojis - sum(emoji.is_animated for emoji in draft.community.emojis),
    }
    pool = limits.emojis - len(draft.community.emojis) if limits.emojis else sum(room.values())
    for emoji in draft.guild.emojis:
        target = mapped.get(emoji.id) or matches.get(emoji.id)
        if target is not None:
            draft.items.append(PlanItem(ItemKind.EMOJI, emoji.id, emoji.name, Action.REUSE, target))
        elif pool <= 0 or room[emoji.is_animated] <= 0:
            kind = "animated" if emoji.is_animated else "static"
            reason = "no free slot for emojis" if pool <= 0 else f"no free slot for {kind} emojis"
            draft.items.append(PlanItem(ItemKind.EMOJI, emoji.id, emoji.name, Action.CANNOT, reason=reason))
            draft.exclude(f"emoji :{emoji.name}:", reason, emoji.id)
        else:
            room[emoji.is_animated] -= 1
            pool -= 1
            draft.items.append(PlanItem(ItemKind.EMOJI, emoji.id, emoji.name, Action.CREATE))


def _plan_stickers(draft: _Draft, *, draws_lottie: bool) -> None:
    if not draft.settings.copy.stickers:
        return
    present = {sticker.id for sticker in draft.community.stickers}
    mapped = {s: t for s, t in mapped_targets(draft.mappings, "sticker").items() if t in present}
    matches = name_matches(
        {sticker.id: sticker_name(sticker.name) for sticker in draft.guild.stickers if sticker.id not in mapped},
        {sticker.id: sticker.name for sticker in draft.community.stickers if sticker.id not in mapped.values()},
    )
    room = draft.community.limits.stickers - len(draft.community.stickers)
    for sticker in draft.guild.stickers:
        target = mapped.get(sticker.id) or matches.get(sticker.id)
        reason = ""
        if target is not None:
            draft.items.append(PlanItem(ItemKind.STICKER, sticker.id, sticker.name, Action.REUSE, target))
            continue
        if sticker.format == "lottie" and not draws_lottie:
            reason = "vector animations cannot be drawn here (rlottie-python is missing)"
        elif room <= 0:
            reason = "no free slot for stickers"
        if reason:
            draft.items.append(PlanItem(ItemKind.STICKER, sticker.id, sticker.name, Action.CANNOT, reason=reason))
            draft.exclude(f"sticker {sticker.name}", reason, sticker.id)
        else:
            room -= 1
            draft.items.append(PlanItem(ItemKind.STICKER, sticker.id, sticker.name, Action.CREATE))


def _plan_channels(draft: _Draft) -> None:
    guild, community, copy = draft.guild, draft.community, draft.settings.copy
    by_id = {channel.id: channel for channel in guild.channels}
    selected = [channel for channel in ordered_channels(guild.channels) if channel.id in draft.chosen.standing]
    present = {channel.id: channel for channel in community.channels}
    mapped = {
        source: target
        for kind in ("category", "channel")
        for source, target in mapped_targets(draft.mappings, kind).items()
        if target in present
    }
    companions = {s: t for s, t in mapped_targets(draft.mappings, "companion").items() if t in present}
    taken = {*mapped.values(), *companions.values()}

    def parent_name(channel: Channel, channels: Mapping[int, Channel]) -> str:
        parent = channels.get(channel.parent_id or 0)
        return parent.name if parent else ""

    def kind_of(channel: Channel) -> str:
        """Return a source channel's kind on the target: what stands there keeps its own."""
        standing_now = present.get(mapped.get(channel.id, 0))
        if standing_now is not None:
            return standing_now.kind.value
        return target_kind(channel.kind, community.capabilities, has_native_posts=draft.has_native_threads)

    has_own_channel = {
        channel.id: channel
        for channel in selected
        if kind_of(channel) and (channel.kind is not ChannelKind.THREAD or draft.stands_alone(channel))
    }
    matches = name_matches(
        {
            channel.id: channel_key(channel, kind_of(channel), parent_name(channel, by_id))
            for channel in has_own_channel.values()
            if channel.id not in mapped and channel.kind is not ChannelKind.THREAD
        },
        {
            channel.id: channel_key(channel, channel.kind.value, parent_name(channel, present))
            for channel in community.channels
            if channel.id not in taken
        },
    )
    room = _Room(community, {**mapped, **matches})
    standing: set[int] = set()
    for channel in selected:
        if channel.kind is ChannelKind.THREAD and not draft.stands_alone(channel):
            continue
        if channel.id not in has_own_channel:
            draft.exclude(f"#{channel.name}", "a kind of channel this version does not know", channel.id)
            continue
        kind = ItemKind.CATEGORY if channel.kind is ChannelKind.CATEGORY else ItemKind.CHANNEL
        parent = channel.parent_id
        if channel.kind is ChannelKind.THREAD and parent in by_id:
            parent = by_id[parent].parent_id
        target = mapped.get(channel.id) or matches.get(channel.id)
        action, reason = (Action.REUSE, "") if target is not None else (Action.CREATE, "")
        if target is None:
            if room.is_full:
                action, reason = Action.CANNOT, room.reason
                draft.exclude(f"#{channel.name}", reason, channel.id)
            else:
                parent = room.take(draft, channel, parent)
        if action is not Action.CANNOT:
            standing.add(channel.id)
        becomes = present[target].kind.value if target is not None else kind_of(channel)
        draft.items.append(PlanItem(kind, channel.id, channel.name, action, target, reason, parent, becomes))
    if copy.history:
        _plan_routes(draft, [channel for channel in selected if channel.id in draft.chosen.carried], by_id, standing)
        _plan_companions(draft, by_id, companions, room)
    _warn_of_webhooks(draft)


def _plan_companions(draft: _Draft, by_id: Mapping[int, Channel], companions: Mapping[int, int], room: _Room) -> None:
    for route in [route for route in draft.routes if route.placement is Placement.COMPANION]:
        channel, parent = by_id[route.container_id], by_id[route.container_id].parent_id
        name = f"{clean_name(channel.name)}-chat"
        target = companions.get(channel.id)
        if target is None and room.is_full:
            draft.routes.remove(route)
            draft.exclude(f"messages of #{channel.name}", room.reason, channel.id)
            continue
        action = Action.REUSE if target is not None else Action.CREATE
        if target is None:
            parent = room.take(draft, channel, parent)
        draft.items.append(PlanItem(ItemKind.CHANNEL, channel.id, name, action, target, "", parent, "companion"))


class _Room:
    """How many channels the community still takes, in all and in each category."""

    def __init__(self, community: Community, targets: Mapping[int, int]) -> None:
        self._limits = community.limits
        self._left = community.limits.guild_channels - len(community.channels)
        self._targets = targets
        self._taken = Counter[int | None](channel.parent_id for channel in community.channels)
        self.reason = f"the community takes {self._limits.guild_channels} channels"

    @property
    def is_full(self) -> bool:
        return self._left <= 0

    def take(self, draft: _Draft, channel: Channel, parent_id: int | None) -> int | None:
        """Take room for a channel; return the source category it goes to, None when that one is full."""
        self._left -= 1
        if parent_id is None:
            return None
        # Categories that are still to be made are counted by the source's id.
        category = self._targets.get(parent_id, parent_id)
        limit = self._limits.channels_per_category
        if self._taken[category] >= limit:
            draft.warnings.append(f"#{channel.name} stands outside its category, which takes {limit} channels")
            return None
        self._taken[category] += 1
        return parent_id


def _exclude_members(draft: _Draft) -> None:
    known = draft.settings.copy.members
    people = {
        overwrite.subject_id
        for channel in draft.guild.channels
        if channel.id in draft.chosen.standing
        for overwrite in channel.overwrites
        if overwrite.is_member and str(overwrite.subject_id) not in known
    }
    if people and draft.settings.copy.permissions:
        who, they = ("1 person", "that is") if len(people) == 1 else (f"{len(people)} people", "they are")
        draft.exclude(f"what {who} may do in single channels", f"copy.members does not say who {they} on Fluxer")


def _exclude_marks_of_posts(draft: _Draft) -> None:
    """Name what only a forum shows of its posts, where they are placed otherwise."""
    if draft.has_native_threads or draft.settings.copy.threads == "skip":
        return
    posts = [
        each for each in draft.guild.channels if each.kind is ChannelKind.THREAD and each.id in draft.chosen.carried
    ]
    reason = "posts are not placed in a forum"
    if any(post.tags for post in posts):
        draft.exclude("tags of forum posts", reason)
    if any(post.is_pinned for post in posts):
        draft.exclude("which forum post is pinned", reason)


def _warn_of_earlier_clone(draft: _Draft) -> None:
    knows_channels = any(record.kind in ("channel", "companion") for record in draft.mappings)
    if not knows_channels and any(hook.name == WEBHOOK_NAME for hook in draft.community.webhooks):
        draft.warnings.insert(
            0,
            "A clone already wrote into this community, but not from this profile: all of it would be sent again — "
            "use the profile it was made with, or an empty community",
        )


def _warn_of_webhooks(draft: _Draft) -> None:
    limit = draft.community.limits.webhooks_per_channel
    foreign = Counter(hook.channel_id for hook in draft.community.webhooks if hook.name != WEBHOOK_NAME)
    ours = {hook.channel_id for hook in draft.community.webhooks if hook.name == WEBHOOK_NAME}
    for item in draft.items:
        if item.kind is ItemKind.CHANNEL and item.target_id not in ours and foreign[item.target_id or 0] >= limit:
            draft.warnings.append(
                f"#{item.name} has {limit} webhooks already: delete one there, or it gets no messages"
            )


def _plan_routes(draft: _Draft, selected: Sequence[Channel], by_id: Mapping[int, Channel], standing: set[int]) -> None:
    mode = draft.settings.copy.threads
    if mode == "native" and not draft.has_native_threads:
        draft.warnings.append("The target has no threads: they are placed inside their channel")
    becomes = {item.source_id: item.target_kind for item in draft.items if item.kind is ItemKind.CHANNEL}
    for channel in selected:
        if not channel.has_messages:
            continue
        if channel.cannot_read:
            draft.exclude(f"messages of #{channel.name}", f"{channel.cannot_read}: give it that there", channel.id)
            continue
        parent = by_id.get(channel.parent_id or 0)
        placement, lane_id = Placement.OWN, channel.id
        if channel.kind is ChannelKind.THREAD:
            if mode == "skip":
                draft.exclude(f"thread {channel.name}", "threads are switched off in the profile", channel.id)
                continue
            if not draft.stands_alone(channel):
                if parent is None:
                    draft.exclude(f"thread {channel.name}", "its channel is not there", channel.id)
                    continue
                placement, lane_id = Placement.INLINE, parent.id
                if draft.has_native_threads and _holds_threads(parent, becomes.get(parent.id, "")):
                    placement, lane_id = Placement.NATIVE, channel.id
                if parent.kind in (ChannelKind.VOICE, ChannelKind.STAGE):
                    draft.exclude(f"thread {channel.name}", "it belongs to a voice channel", channel.id)
                    continue
        elif channel.kind in (ChannelKind.VOICE, ChannelKind.STAGE):
            if channel.last_message_id is None:
                continue
            placement = Placement.COMPANION
        stands_in = channel.parent_id if placement is Placement.NATIVE else lane_id
        if placement is not Placement.COMPANION and stands_in not in standing:
            draft.exclude(f"messages of #{channel.name}", "its channel does not fit into the community", channel.id)
            continue
        estimate, is_exact = draft.estimates.get(channel.id, (0, False))
        kind = "post" if parent and parent.kind in KINDS_WITH_POSTS else channel.kind.value
        draft.routes.append(
            Route(
                container_id=channel.id,
                name=channel.name,
                kind=kind,
                lane_id=lane_id,
                placement=placement,
                estimate=estimate,
                is_exact=is_exact,
                parent_name=parent.name if parent else "",
                settled=draft.settled.get(channel.id, 0),
                parent_id=channel.parent_id if placement is Placement.NATIVE else None,
            )
        )


def _holds_threads(parent: Channel, becomes: str) -> bool:
    """Return whether a channel's threads can be threads of what it becomes: posts need a forum."""
    if parent.kind in KINDS_WITH_POSTS:
        return becomes == parent.kind.value
    return becomes in ("text", "announcement")
