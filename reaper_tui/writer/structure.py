"""Roles and channels of the target: read, made, changed and put in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from reaper_tui.model.community import KINDS_WITH_POSTS, Channel, ChannelKind, Overwrite
from reaper_tui.model.errors import CloneError, NotFound, OutcomeUnknown, Refused
from reaper_tui.model.forum import REQUIRE_TAG, Forum
from reaper_tui.model.permissions import CARRIED, THREADS
from reaper_tui.model.text import cut_utf16
from reaper_tui.writer import wire
from reaper_tui.writer.client import Call, FluxerClient
from reaper_tui.writer.threads import forum_tags

NAME_UNITS = 100
TOPIC_UNITS = 1024
FORUM_TOPIC_UNITS = 4096
# What any server knows; each one drops what it does not.
KNOWN_BITS = CARRIED | THREADS
FORUM_TAGS = 20
TAG_UNITS = 50
BITRATES = (8_000, 320_000)
USERS = 99
FLEXIBLE_NAMES = "TEXT_CHANNEL_FLEXIBLE_NAMES"
_TOGGLES = frozenset({"INVITES_DISABLED", FLEXIBLE_NAMES, "DETACHED_BANNER"})


async def create_role(client: FluxerClient, guild_id: int, name: str, color: int, permissions: int) -> int:
    """Make a role below the bot's own; hoist and mentionable are set by an edit."""
    raw = await client.perform(
        Call(
            "POST",
            "/guilds/{guild_id}/roles",
            {"guild_id": guild_id},
            json={
                "name": cut_utf16(name, NAME_UNITS),
                "color": min(max(color, 0), 0xFFFFFF),
                "permissions": str(permissions & KNOWN_BITS),
            },
            doing="making a role",
            permission="Manage Roles",
        )
    )
    return _id_of(raw, "making a role")


async def edit_role(client: FluxerClient, guild_id: int, role_id: int, changes: Mapping[str, Any]) -> None:
    """Change a role; permissions are a number here and text on the wire."""
    body = dict(changes)
    if "permissions" in body:
        body["permissions"] = str(int(body["permissions"]) & KNOWN_BITS)
    if "name" in body:
        body["name"] = cut_utf16(body["name"], NAME_UNITS)
    if not body:
        return
    await client.perform(
        Call(
            "PATCH",
            "/guilds/{guild_id}/roles/{role_id}",
            {"guild_id": guild_id, "role_id": role_id},
            json=body,
            doing="changing a role",
            permission="Manage Roles",
        )
    )


async def members(client: FluxerClient, guild_id: int, user_ids: Collection[int]) -> frozenset[int]:
    """Return those of some users who are members."""
    found: set[int] = set()
    for user_id in user_ids:
        try:
            await client.perform(
                Call(
                    "GET",
                    "/guilds/{guild_id}/members/{user_id}",
                    {"guild_id": guild_id, "user_id": user_id},
                    doing="looking for a member",
                )
            )
        except (NotFound, Refused):
            continue
        found.add(user_id)
    return frozenset(found)


async def order_roles(client: FluxerClient, guild_id: int, role_ids: Sequence[int]) -> None:
    """Order roles top first: 0, -1, -2… keeps them below the bot's role wherever that stands."""
    if not role_ids:
        return
    await client.perform(
        Call(
            "PATCH",
            "/guilds/{guild_id}/roles",
            {"guild_id": guild_id},
            json=[{"id": str(role_id), "position": -place} for place, role_id in enumerate(role_ids)],
            doing="ordering the roles",
            permission="Manage Roles",
        )
    )


async def create_channel(
    client: FluxerClient,
    guild_id: int,
    kind: str,
    name: str,
    *,
    parent_id: int | None,
    topic: str,
    overwrites: Sequence[Overwrite],
    bitrate: int,
    user_limit: int,
    forum: Forum | None = None,
) -> Channel:
    """Make a channel, private from its first moment when its overwrites say so.

    The emojis of `forum` are the target's.
    """
    channel_kind = ChannelKind(kind)
    body: dict[str, Any] = {
        "type": wire.CHANNEL_TYPES[channel_kind],
        "name": cut_utf16(name, NAME_UNITS),
        "permission_overwrites": wire.overwrites_to_wire(list(overwrites), KNOWN_BITS),
    }
    if parent_id is not None and channel_kind is not ChannelKind.CATEGORY:
        body["parent_id"] = str(parent_id)
    if topic and channel_kind is not ChannelKind.CATEGORY and channel_kind is not ChannelKind.VOICE:
        body["topic"] = cut_utf16(topic, _topic_units(channel_kind))
    if channel_kind in KINDS_WITH_POSTS and forum is not None:
        body |= forum_to_wire(forum, channel_kind)
    if channel_kind is ChannelKind.VOICE:
        if bitrate:
            body["bitrate"] = min(max(bitrate, BITRATES[0]), BITRATES[1])
        body["user_limit"] = min(max(user_limit, 0), USERS)
    doing = "making a category" if channel_kind is ChannelKind.CATEGORY else "making a channel"
    raw = await client.perform(
        Call(
            "POST",
            "/guilds/{guild_id}/channels",
            {"guild_id": guild_id},
            json=body,
            doing=doing,
            permission="Manage Channels",
        )
    )
    channel: Channel | None = None
    with suppress(ValueError):
        channel = wire.channel_of(wire.mapping(raw))
    if channel is None:
        raise OutcomeUnknown(f"Fluxer's answer has no id ({doing})")
    return channel


def forum_to_wire(forum: Forum, kind: ChannelKind) -> dict[str, Any]:
    """Return how a forum is set up as the API takes it; tags without a name or named twice are left out."""
    tags: dict[str, dict[str, Any]] = {}
    for tag in forum.tags:
        name = cut_utf16(tag.name.strip(), TAG_UNITS).strip()
        if name and len(tags) < FORUM_TAGS:
            emoji = _emoji_to_wire(tag.emoji_id, tag.emoji_name)
            tags.setdefault(name, {"name": name, "moderated": tag.is_moderated, **emoji})
    body: dict[str, Any] = {
        "available_tags": list(tags.values()),
        "flags": REQUIRE_TAG if forum.requires_tag and tags else 0,
    }
    if reaction := _emoji_to_wire(forum.reaction_emoji_id, forum.reaction_emoji_name):
        body["default_reaction_emoji"] = reaction
    if forum.sort_order is not None:
        body["default_sort_order"] = forum.sort_order
    if kind is ChannelKind.FORUM:
        body["default_forum_layout"] = min(max(forum.layout, 0), 2)
    return body


def _topic_units(kind: ChannelKind) -> int:
    return FORUM_TOPIC_UNITS if kind in KINDS_WITH_POSTS else TOPIC_UNITS


def _emoji_to_wire(emoji_id: int | None, name: str) -> dict[str, str]:
    if emoji_id is not None:
        return {"emoji_id": str(emoji_id)}
    return {"emoji_name": name} if name else {}


async def edit_channel(client: FluxerClient, channel_id: int, kind: str, changes: Mapping[str, Any]) -> None:
    """Change a channel; overwrites, a forum and a parent's id are nouns here and JSON on the wire."""
    body = dict(changes)
    if isinstance(forum := body.pop("forum", None), Forum):
        body |= forum_to_wire(forum, ChannelKind(kind))
        known = await forum_tags(client, channel_id)
        for tag in body["available_tags"]:
            # A tag that keeps its id stays on the posts that carry it.
            if tag["name"] in known:
                tag["id"] = str(known[tag["name"]])
    if "permission_overwrites" in body:
        body["permission_overwrites"] = wire.overwrites_to_wire(list(body["permission_overwrites"]), KNOWN_BITS)
    if body.get("parent_id") is not None:
        body["parent_id"] = str(body["parent_id"])
    if "topic" in body:
        body["topic"] = cut_utf16(body["topic"] or "", _topic_units(ChannelKind(kind))) or None
    if not body:
        return
    await client.perform(
        Call(
            "PATCH",
            "/channels/{channel_id}",
            {"channel_id": channel_id},
            json=body,
            doing="changing a channel",
            permission="Manage Channels",
            channel_id=channel_id,
        )
    )


async def order_channels(
    client: FluxerClient, guild_id: int, positions: Sequence[tuple[int, int]], known: Mapping[int, Channel]
) -> None:
    """Put channels in order within each category, voice below text as the target demands."""
    refusal: CloneError | None = None
    for rows in _siblings(positions, known):
        try:
            await _reorder(client, guild_id, rows)
        except Refused as refused:
            refusal = refused
    if refusal is not None:
        raise refusal


async def allow_flexible_names(
    client: FluxerClient, guild_id: int, features: frozenset[str], *, by_feature_first: bool
) -> None:
    """Let text channels keep capitals and spaces, by whichever of the two ways the instance has."""
    ways = [_flexible_by_route, _flexible_by_feature]
    if by_feature_first:
        ways.reverse()
    first, second = ways
    if not await first(client, guild_id, features) and not await second(client, guild_id, features):
        raise Refused("This instance does not let text channels keep capitals and spaces", status=404)


async def _reorder(client: FluxerClient, guild_id: int, rows: Sequence[tuple[int, int]]) -> None:
    await client.perform(
        Call(
            "PATCH",
            "/guilds/{guild_id}/channels",
            {"guild_id": guild_id},
            json=[{"id": str(channel_id), "position": position} for channel_id, position in rows],
            doing="ordering the channels",
            permission="Manage Channels",
        )
    )


def _siblings(
    positions: Sequence[tuple[int, int]], known: Mapping[int, Channel]
) -> Sequence[Sequence[tuple[int, int]]]:
    groups: dict[int | None, list[tuple[bool, int, int]]] = {}
    for channel_id, position in positions:
        channel = known.get(channel_id)
        parent = channel.parent_id if channel is not None else None
        is_voice_in_category = channel is not None and parent is not None and channel.kind is ChannelKind.VOICE
        groups.setdefault(parent, []).append((is_voice_in_category, position, channel_id))
    return [[(channel_id, place) for place, (_, _, channel_id) in enumerate(sorted(rows))] for rows in groups.values()]


async def _flexible_by_route(client: FluxerClient, guild_id: int, features: frozenset[str]) -> bool:
    path = "/guilds/{guild_id}/text-channel-flexible-names"
    return await _has_flexible_names(client, path, guild_id, {"enabled": True})


async def _flexible_by_feature(client: FluxerClient, guild_id: int, features: frozenset[str]) -> bool:
    wanted = sorted((features & _TOGGLES) | {FLEXIBLE_NAMES})
    return await _has_flexible_names(client, "/guilds/{guild_id}", guild_id, {"features": wanted})


async def _has_flexible_names(client: FluxerClient, path: str, guild_id: int, body: Mapping[str, Any]) -> bool:
    call = Call(
        "PATCH",
        path,
        {"guild_id": guild_id},
        json=body,
        doing="keeping channel names as they are",
        permission="Manage Community",
    )
    answer = await client.perform_if_known(call)
    return FLEXIBLE_NAMES in (wire.mapping(answer).get("features") or ())


def _id_of(raw: object, doing: str) -> int:
    found = wire.number(wire.mapping(raw).get("id"))
    if not found:
        raise OutcomeUnknown(f"Fluxer's answer has no id ({doing})")
    return found
