"""Channels: create, read, change, reorder, delete, permission overwrites."""

from __future__ import annotations

from . import channel_payloads, payloads, threads
from .calls import NO_CONTENT, Call, Reply, reply
from .channel_order import next_position, place_after, reordered
from .community import Community
from .entities import (
    ANNOUNCEMENT,
    CATEGORY,
    FLEXIBLE_NAMES,
    FORUM,
    LINK,
    MEDIA,
    TEXT,
    VOICE,
    Channel,
    Overwrite,
    Thread,
)
from .errors import ApiError, invalid_field, invalid_format, limit_reached
from .fields import Fields
from .forums import apply_forum_fields, apply_thread_defaults
from .text import channel_name

MAX_TOPIC = 1024
MAX_FORUM_TOPIC = 4096
NORMALISED = (TEXT, ANNOUNCEMENT, FORUM, MEDIA)


async def list_of_guild(call: Call) -> Reply:
    """GET /guilds/:guild_id/channels"""
    call.guild()
    return reply([_shown(call, channel) for channel in call.community.channels.values()])


async def create(call: Call) -> Reply:
    """POST /guilds/:guild_id/channels"""
    fields = await call.fields()
    type = fields.integer("type", 0, LINK, is_required=True)
    if type not in call.community.generation.channel_types:
        raise invalid_format("type")
    name = fields.text("name", 1, 100, is_required=True)
    topic, url = fields.text("topic", 1, _topic_length(type)), fields.url("url")
    parent_id = fields.snowflake("parent_id")
    bitrate, user_limit = (
        fields.integer("bitrate", 8000, call.community.generation.max_bitrate),
        fields.integer("user_limit", 0, 99),
    )
    overwrites = _overwrites(fields)
    fields.check()
    call.guild()
    community = call.community
    if len(community.channels) >= community.generation.limits.max_guild_channels:
        raise limit_reached("MAX_GUILD_CHANNELS", "guild channels")
    if parent_id is not None:
        check_category_room(community, parent_id)
        parent = community.channels.get(parent_id)
        if overwrites is None and parent is not None:
            overwrites = _copied(parent.overwrites)
    assert name is not None
    channel = Channel(
        id=community.next_id(),
        type=type,
        name=_name(community, type, name),
        position=next_position(type, parent_id, community.channels),
        parent_id=parent_id,
        topic=topic,
        url=url,
        overwrites=overwrites or [],
    )
    if type == VOICE:
        most = community.generation.bitrate_cap
        channel.bitrate, channel.user_limit = min(bitrate or 64_000, most), user_limit or 0
    if community.generation.has_threads:
        channel.overwrites = _granted(call, channel.overwrites, [])
        _apply_newer_fields(call, fields, channel)
    community.save_channel(channel)
    payload = _shown(call, channel)
    call.context.gateway.dispatch("CHANNEL_CREATE", payload)
    return reply(payload)


async def get(call: Call) -> Reply:
    """GET /channels/:channel_id"""
    place = call.open_place()
    if isinstance(place, Thread):
        return reply(channel_payloads.thread(place, call.community))
    return reply(_shown(call, place))


async def edit(call: Call) -> Reply:
    """PATCH /channels/:channel_id; the type never changes"""
    thread = call.thread()
    if thread is not None:
        return await threads.edit(call, thread)
    fields = await call.fields()
    known = call.community.channels.get(call.snowflake("channel_id"))
    longest = _topic_length(known and known.type)
    name, topic, url = fields.text("name", 1, 100), fields.text("topic", 1, longest), fields.url("url")
    parent_id = fields.snowflake("parent_id")
    bitrate, user_limit = (
        fields.integer("bitrate", 8000, call.community.generation.max_bitrate),
        fields.integer("user_limit", 0, 99),
    )
    rate_limit, is_nsfw = fields.integer("rate_limit_per_user", 0, 21_600), fields.boolean("nsfw")
    rtc_region = fields.text("rtc_region", 1, 64)
    overwrites = _overwrites(fields)
    fields.check()
    channel = call.open_channel()
    if name is not None:
        channel.name = _name(call.community, channel.type, name)
    if fields.has("parent_id") and channel.type != CATEGORY:
        if parent_id is not None and parent_id != channel.parent_id:
            check_category_room(call.community, parent_id)
        channel.parent_id = parent_id
    if overwrites is not None:
        channel.overwrites = _granted(call, overwrites, channel.overwrites)
    if channel.type == TEXT:
        channel.topic = topic if fields.has("topic") else channel.topic
        channel.is_nsfw = channel.is_nsfw if is_nsfw is None else is_nsfw
        channel.rate_limit_per_user = channel.rate_limit_per_user if rate_limit is None else rate_limit
    elif channel.type == VOICE:
        channel.bitrate = min(bitrate, call.community.generation.bitrate_cap) if bitrate else channel.bitrate
        channel.user_limit = channel.user_limit if user_limit is None else user_limit
        channel.rtc_region = rtc_region if fields.has("rtc_region") else channel.rtc_region
    elif channel.type == LINK:
        channel.url = url if fields.has("url") else channel.url
    if call.community.generation.has_threads:
        if channel.type in (FORUM, MEDIA, ANNOUNCEMENT):
            channel.topic = topic if fields.has("topic") else channel.topic
        _apply_newer_fields(call, fields, channel)
        _convert(call, fields, channel)
    call.community.save_channel(channel)
    return reply(_announce(call, channel))


async def delete(call: Call) -> Reply:
    """DELETE /channels/:channel_id"""
    channel = call.open_place()
    if isinstance(channel, Thread):
        return await threads.delete(call, channel)
    payload = _shown(call, channel)
    call.community.remove_channel(channel)
    guild = call.community.guild
    if channel.id in (guild.system_channel_id, guild.afk_channel_id):
        guild.system_channel_id = None if guild.system_channel_id == channel.id else guild.system_channel_id
        guild.afk_channel_id = None if guild.afk_channel_id == channel.id else guild.afk_channel_id
        call.community.save_guild()
    await call.context.files.remove("attachments", str(channel.id))
    call.context.gateway.dispatch("CHANNEL_DELETE", payload)
    return NO_CONTENT


async def put_overwrite(call: Call) -> Reply:
    """PUT /channels/:channel_id/permissions/:overwrite_id"""
    fields = await call.fields()
    type = fields.integer("type", 0, 1, is_required=True)
    allow, deny = fields.permissions("allow"), fields.permissions("deny")
    fields.check()
    channel = call.channel()
    assert type is not None
    target = call.snowflake("overwrite_id")
    (overwrite,) = _granted(call, [Overwrite(target, type, allow or 0, deny or 0)], channel.overwrites)
    channel.overwrites = [*(o for o in channel.overwrites if o.id != target), overwrite]
    call.community.save_channel(channel)
    _announce(call, channel)
    return NO_CONTENT


async def delete_overwrite(call: Call) -> Reply:
    """DELETE /channels/:channel_id/permissions/:overwrite_id"""
    channel, target = call.channel(), call.snowflake("overwrite_id")
    channel.overwrites = [overwrite for overwrite in channel.overwrites if overwrite.id != target]
    call.community.save_channel(channel)
    _announce(call, channel)
    return NO_CONTENT


async def reorder(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/channels: the items are applied one after the other"""
    items = await call.items()
    moves: list[tuple[int, int | None, int | None, bool, bool]] = []
    for fields in items:
        channel_id = fields.snowflake("id", is_required=True)
        position, parent_id = fields.integer("position", -(2**31), 2**31 - 1), fields.snowflake("parent_id")
        lock = fields.boolean("lock_permissions") or False
        fields.check()
        assert channel_id is not None
        moves.append((channel_id, position, parent_id, fields.has("parent_id"), lock))
    call.guild()
    channels = call.community.channels
    for channel_id, _, parent_id, _, _ in moves:
        if channel_id not in channels:
            raise invalid_field("id", "CHANNEL_NOT_FOUND", "Channel not found.")
        if parent_id is not None and parent_id not in channels:
            raise invalid_field("parent_id", "INVALID_PARENT_CHANNEL", "Invalid parent channel.")
    for (channel_id, position, parent_id, is_parent_sent, lock), fields in zip(moves, items, strict=True):
        channel = channels[channel_id]
        parent_before = channel.parent_id
        parent_after = parent_id if is_parent_sent else parent_before
        if call.community.generation.has_threads and fields.has("preceding_sibling_id"):
            preceding = fields.snowflake("preceding_sibling_id")
            fields.check()
            position = place_after(channels, channel, parent_after, preceding)
        final = reordered(channels, channel, parent_after, position)
        if parent_after is not None and parent_after != parent_before:
            check_category_room(call.community, parent_after)
        if final is not None:
            channel.parent_id = parent_after
            for index, moved in enumerate(final, start=1):
                moved.position = index
                call.community.save_channel(moved)
        if lock and parent_after is not None and parent_after != parent_before:
            channel.overwrites = _copied(channels[parent_after].overwrites)
            call.community.save_channel(channel)
    if moves:
        shown = [_shown(call, channel) for channel in channels.values()]
        bulk = {"guild_id": str(call.community.guild.id), "channels": shown}
        call.context.gateway.dispatch("CHANNEL_UPDATE_BULK", bulk)
    return NO_CONTENT


def _topic_length(type: int | None) -> int:
    return MAX_FORUM_TOPIC if type in (FORUM, MEDIA) else MAX_TOPIC


def _apply_newer_fields(call: Call, fields: Fields, channel: Channel) -> None:
    """Give the channel what only newer servers can keep."""
    if channel.type in (CATEGORY, LINK):
        return
    is_nsfw, override = fields.boolean("nsfw"), fields.boolean("nsfw_override")
    rate_limit = fields.integer("rate_limit_per_user", 0, 21_600)
    level, text = fields.integer("content_warning_level", 0, 2), fields.text("content_warning_text", 1, 200)
    connections = fields.integer("voice_connection_limit", 1, 100)
    fields.check()
    channel.is_nsfw = channel.is_nsfw if is_nsfw is None else is_nsfw
    channel.nsfw_override = override if fields.has("nsfw_override") else channel.nsfw_override
    channel.rate_limit_per_user = channel.rate_limit_per_user if rate_limit is None else rate_limit
    channel.content_warning_level = channel.content_warning_level if level is None else level
    if fields.has("content_warning_text"):
        channel.content_warning_text = text
    if channel.type == VOICE:
        channel.voice_connection_limit = connections or channel.voice_connection_limit
    else:
        apply_thread_defaults(fields, channel)
    if channel.type in (FORUM, MEDIA):
        apply_forum_fields(fields, channel, call.community)


def _convert(call: Call, fields: Fields, channel: Channel) -> None:
    """Make an announcement channel of a text channel, or the reverse."""
    wanted = fields.integer("type", 0, LINK)
    if wanted is None or wanted == channel.type:
        return
    if {wanted, channel.type} != {TEXT, ANNOUNCEMENT}:
        raise ApiError(400, "CHANNEL_TYPE_CONVERSION_NOT_SUPPORTED", "This channel can't become one of that type.")
    if any(thread.parent_id == channel.id for thread in call.community.threads.values()):
        raise ApiError(400, "CHANNEL_HAS_THREADS", "This channel has threads.")
    channel.type = wanted


def check_category_room(community: Community, category_id: int) -> None:
    """Refuse a 51st channel in a category."""
    most = community.generation.limits.max_channels_per_category
    if sum(channel.parent_id == category_id for channel in community.channels.values()) >= most:
        raise limit_reached("MAX_CATEGORY_CHANNELS", "category channels")


def renormalise_names(call: Call) -> None:
    """Rewrite every text channel's name, as happens when flexible names end."""
    for channel in call.community.channels.values():
        if channel.type in NORMALISED and channel.name != channel_name(channel.name):
            channel.name = channel_name(channel.name)
            call.community.save_channel(channel)
            _announce(call, channel)


def _name(community: Community, type: int, name: str) -> str:
    is_kept = type not in NORMALISED or FLEXIBLE_NAMES in community.guild.toggled_features
    return name if is_kept else channel_name(name)


def _overwrites(fields: Fields) -> list[Overwrite] | None:
    items = fields.objects("permission_overwrites")
    if items is None:
        return None
    result: dict[int, Overwrite] = {}
    for item in items:
        id, type = item.snowflake("id", is_required=True), item.integer("type", 0, 1, is_required=True)
        allow, deny = item.permissions("allow"), item.permissions("deny")
        if id is not None and type is not None:
            result[id] = Overwrite(id, type, allow or 0, deny or 0)
    fields.adopt(items)
    return list(result.values())


def _granted(call: Call, overwrites: list[Overwrite], before: list[Overwrite]) -> list[Overwrite]:
    """The overwrites without the bits that the server does not know."""
    old = {overwrite.id: overwrite for overwrite in before}
    nothing = Overwrite(0, 0)
    return [
        Overwrite(
            o.id,
            o.type,
            call.granted(o.allow, old.get(o.id, nothing).allow),
            call.granted(o.deny, old.get(o.id, nothing).deny),
        )
        for o in overwrites
    ]


def _copied(overwrites: list[Overwrite]) -> list[Overwrite]:
    return [Overwrite(o.id, o.type, o.allow, o.deny) for o in overwrites]


def _shown(call: Call, channel: Channel) -> payloads.Json:
    return channel_payloads.channel(channel, call.community)


def _announce(call: Call, channel: Channel) -> payloads.Json:
    payload = _shown(call, channel)
    call.context.gateway.dispatch("CHANNEL_UPDATE", payload)
    return payload
