"""A guild's structure as far as the bot can see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from reaper_tui.model.community import Channel, ChannelKind, Guild
from reaper_tui.model.errors import AccessDenied, CloneError, ConfigurationError, NotFound, Refused, ServiceDown
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.cdn import Cdn
from reaper_tui.reader.gateway import seen_channel_ids
from reaper_tui.reader.growth import Viewpoint, judged, under_parent
from reaper_tui.reader.http import DiscordHTTP
from reaper_tui.reader.permissions import channel_permissions, guild_permissions
from reaper_tui.reader.structure import (
    channel_from,
    emoji_from,
    is_obfuscated,
    role_from,
    sticker_from,
    tag_names_from,
)
from reaper_tui.reader.threads import all_threads
from reaper_tui.reader.wire import record, records, text, whole

CONTENT_FLAGS = 1 << 18 | 1 << 19
CONTENT_WARNING = (
    "Message Content is off, every message would read as empty — switch on Message Content Intent"
    " in the Developer Portal, page Bot"
)


async def surveyed_guild(
    http: DiscordHTTP, guild_id: int, *, bot_id: int, token: str, gateway: str, cdn: Cdn, looks: bool = True
) -> tuple[Guild, Viewpoint]:
    """Return the guild with threads of every kind, and who saw it so.

    `looks` asks the gateway which channels are hidden; whoever listens to it knows already. Raises ConfigurationError
    when the bot is not in the guild.
    """
    look = asyncio.create_task(seen_channel_ids(http, token, gateway, guild_id) if looks else _nothing())
    try:
        guild = await _guild(http, guild_id)
        roles = tuple(filter(None, map(role_from, await _part(http.get_roles, guild_id, guild.get("roles")))))
        raw_channels = records(await http.get_all_guild_channels(guild_id))
        shown = [raw for raw in raw_channels if not is_obfuscated(raw)]
        tag_names = tag_names_from(shown)
        held = await _held_roles(http, guild_id, bot_id)
        is_owner = optional_snowflake(guild.get("owner_id")) == bot_id
        granted = guild_permissions(guild_id, roles, held, is_owner)
        found = [channel for raw in shown if (channel := channel_from(raw, tag_names)) is not None]
        permissions = {
            channel.id: channel_permissions(granted, channel.overwrites, guild_id, bot_id, held) for channel in found
        }
        view = Viewpoint(bot_id, granted, held, tag_names)
        channels = [judged(channel, view, guild_id) for channel in found]
        raw_threads, notes = await all_threads(http, guild_id, channels, permissions)
        by_id = {channel.id: channel for channel in channels}
        threads = [
            under_parent(thread, by_id)
            for raw in raw_threads
            if (thread := channel_from(raw, tag_names)) is not None and thread.kind is ChannelKind.THREAD
        ]
        emojis = await _part(http.get_all_custom_emojis, guild_id, guild.get("emojis"))
        stickers = await _part(http.get_all_guild_stickers, guild_id, guild.get("stickers"))
        can_read_content = await reads_content(http)
        hidden = {number for raw in raw_channels if is_obfuscated(raw) and (number := optional_snowflake(raw["id"]))}
        hidden |= await _hidden_by_gateway(look, by_id.keys(), notes)
    finally:
        look.cancel()
        await asyncio.gather(look, return_exceptions=True)
    surveyed = Guild(
        id=guild_id,
        name=text(guild.get("name")),
        roles=roles,
        channels=(*channels, *threads),
        emojis=tuple(emoji for raw in emojis if (emoji := emoji_from(raw, cdn)) is not None),
        stickers=tuple(sticker for raw in stickers if (sticker := sticker_from(raw, cdn)) is not None),
        icon_url=cdn.icon(guild_id, text(guild.get("icon"))),
        banner_url=cdn.banner(guild_id, text(guild.get("banner"))),
        hidden_channel_ids=tuple(sorted(hidden)),
        can_read_content=can_read_content,
        notes=tuple(_notes(channels, can_read_content) + notes),
        content_filter=min(whole(guild.get("explicit_content_filter")), 2),
    )
    return surveyed, view


async def reads_content(http: DiscordHTTP) -> bool:
    """Return whether the bot's application may read what others write; a server that does not say is trusted."""
    try:
        application = record(await http.application_info())
    except (NotFound, Refused, AccessDenied):
        return True
    return "flags" not in application or bool(whole(application["flags"]) & CONTENT_FLAGS)


async def _guild(http: DiscordHTTP, guild_id: int) -> dict[str, Any]:
    try:
        guild = record(await http.get_guild(guild_id, with_counts=False))
    except (NotFound, AccessDenied) as error:
        if isinstance(error, AccessDenied) and error.ends_run:
            raise
        raise ConfigurationError(
            f"There is no Discord server {guild_id}, or the bot is not in it",
            "check discord.guild_id, or invite the bot with the OAuth2 URL of the Developer Portal",
        ) from error
    if optional_snowflake(guild.get("id")) != guild_id:
        raise ServiceDown("Discord's answer about the server is unreadable")
    return guild


async def _part(request: Callable[[int], Awaitable[object]], guild_id: int, carried: object) -> list[dict[str, Any]]:
    """Return what the guild object carried, asked for on its own only when it did not."""
    return records(cast("object", carried) if isinstance(carried, list) else await request(guild_id))


async def _held_roles(http: DiscordHTTP, guild_id: int, bot_id: int) -> frozenset[int]:
    try:
        member = record(await http.get_member(guild_id, bot_id))
    except (NotFound, AccessDenied) as error:
        if isinstance(error, AccessDenied) and error.ends_run:
            raise
        return frozenset()
    held: list[Any] = member["roles"] if isinstance(member.get("roles"), list) else []
    return frozenset(role for role in map(optional_snowflake, held) if role is not None)


async def _nothing() -> tuple[set[int], set[int]]:
    return set(), set()


async def _hidden_by_gateway(
    look: asyncio.Task[tuple[set[int], set[int]]], listed: Iterable[int], notes: list[str]
) -> set[int]:
    try:
        seen, obfuscated = await look
    except CloneError as failure:
        notes.append(f"Whether channels are hidden from the bot could not be checked: {failure}")
        return set()
    return (seen | obfuscated) - set(listed)


def _notes(channels: Iterable[Channel], can_read_content: bool) -> list[str]:
    notes: list[str] = []
    if not can_read_content:
        notes.append(CONTENT_WARNING)
    unknown = sum(channel.kind is ChannelKind.OTHER for channel in channels)
    if unknown:
        notes.append(f"{unknown} channels are of a type this version does not know and stay behind")
    return notes
