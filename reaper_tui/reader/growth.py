"""A surveyed guild kept up to date by what the gateway tells about its channels and threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from reaper_tui.model.community import Channel, ChannelKind, Guild
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.reader.permissions import channel_permissions, missing_to_read
from reaper_tui.reader.structure import channel_from, is_obfuscated
from reaper_tui.reader.wire import decoded, record, records


class Viewpoint(NamedTuple):
    """Who looks at a guild: the bot, its roles, what they grant everywhere, and the names of forum tags."""

    bot_id: int
    granted: int
    held: frozenset[int]
    tag_names: Mapping[int, str]


def changed_guild(guild: Guild, event: LiveEvent, view: Viewpoint) -> Guild:
    """Return the guild after an event; channels that are only shown as existing are counted, never taken up."""
    body = record(decoded(event.payload))
    if event.kind is LiveKind.PLACE:
        return _with(guild, [body], view)
    if event.kind is LiveKind.PLACE_GONE:
        kept = tuple(channel for channel in guild.channels if event.channel_id not in (channel.id, channel.parent_id))
        hidden = tuple(number for number in guild.hidden_channel_ids if number != event.channel_id)
        return msgspec.structs.replace(guild, channels=kept, hidden_channel_ids=hidden)
    if event.kind is LiveKind.STRUCTURE:
        return _with(guild, [*records(body.get("channels")), *records(body.get("threads"))], view)
    return guild


def judged(channel: Channel, view: Viewpoint, guild_id: int) -> Channel:
    """Return a channel with what the bot lacks to read it."""
    granted = channel_permissions(view.granted, channel.overwrites, guild_id, view.bot_id, view.held)
    return msgspec.structs.replace(channel, cannot_read=missing_to_read(channel, granted))


def under_parent(thread: Channel, by_id: Mapping[int, Channel]) -> Channel:
    """Return a thread that may be read as its channel may."""
    parent = by_id.get(thread.parent_id) if thread.parent_id is not None else None
    if parent is None:
        return thread
    return msgspec.structs.replace(thread, cannot_read=parent.cannot_read, is_nsfw=parent.is_nsfw)


def _with(guild: Guild, bodies: Iterable[Mapping[str, Any]], view: Viewpoint) -> Guild:
    by_id = {channel.id: channel for channel in guild.channels}
    hidden = set(guild.hidden_channel_ids)
    for body in bodies:
        channel_id = optional_snowflake(body.get("id"))
        if channel_id is None:
            continue
        if is_obfuscated(body):
            hidden.add(channel_id)
            by_id.pop(channel_id, None)
            continue
        channel = channel_from(body, view.tag_names)
        if channel is None or (channel.kind is ChannelKind.THREAD and channel.parent_id not in by_id):
            continue
        hidden.discard(channel_id)
        if channel.kind is ChannelKind.THREAD:
            by_id[channel_id] = under_parent(channel, by_id)
        else:
            by_id[channel_id] = judged(channel, view, guild.id)
    return msgspec.structs.replace(guild, channels=tuple(by_id.values()), hidden_channel_ids=tuple(sorted(hidden)))
