"""What only forums and media channels have: tags, and how their posts are shown."""

from __future__ import annotations

from .calls import NO_CONTENT, Call, Reply, reply
from .channel_payloads import channel as shown_channel
from .channel_payloads import forum_tag
from .community import Community
from .entities import FORUM, MEDIA, Channel, ForumTag
from .errors import ApiError, invalid_channel_type
from .fields import Fields

MAX_TAGS = 20
HIDES_DOWNLOADS = 1 << 15
_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


def apply_thread_defaults(fields: Fields, channel: Channel) -> None:
    """Give the channel what the body says about the threads below it."""
    minutes = fields.integer("default_auto_archive_duration", 60, 10_080)
    if minutes is not None and minutes not in _ARCHIVE_MINUTES:
        fields.refuse("default_auto_archive_duration")
    rate_limit = fields.integer("default_thread_rate_limit_per_user", 0, 21_600)
    fields.check()
    channel.auto_archive_minutes = minutes or channel.auto_archive_minutes
    if rate_limit is not None:
        channel.thread_rate_limit_per_user = rate_limit


def apply_forum_fields(fields: Fields, channel: Channel, community: Community) -> None:
    """Give the forum the tags, reaction, order, layout and flags of the body."""
    order, layout = fields.integer("default_sort_order", 0, 1), fields.integer("default_forum_layout", 0, 2)
    setting, flags = fields.text("default_tag_setting", 1, 20), fields.integer("flags", 0, 2**31 - 1)
    items = fields.objects("available_tags", 0, MAX_TAGS)
    reaction = fields.nested("default_reaction_emoji")
    if setting not in (None, "match_some", "match_all"):
        fields.refuse("default_tag_setting")
    tags = None if items is None else [_read_tag(item, community) for item in items]
    emoji_id, emoji_name = _read_emoji(reaction, community) if reaction is not None else (None, None)
    fields.adopt([*(items or ()), *([reaction] if reaction is not None else ())])
    fields.check()
    if tags is not None:
        _check_names(tags)
        channel.tags = tags
    if flags is not None and flags & HIDES_DOWNLOADS and channel.type != MEDIA:
        message = "Hiding media downloads is only possible in media channels."
        raise ApiError(400, "HIDE_MEDIA_DOWNLOAD_OPTION_MEDIA_ONLY", message)
    channel.flags = channel.flags if flags is None else flags
    channel.default_sort_order = order if fields.has("default_sort_order") else channel.default_sort_order
    channel.default_layout = channel.default_layout if layout is None else layout
    channel.default_tag_setting = setting or channel.default_tag_setting
    if fields.has("default_reaction_emoji"):
        channel.default_reaction = None if reaction is None else (emoji_id, emoji_name)


async def create_tag(call: Call) -> Reply:
    """POST /channels/:channel_id/tags"""
    return await _change(call, None)


async def edit_tag(call: Call) -> Reply:
    """PUT /channels/:channel_id/tags/:tag_id"""
    return await _change(call, _tag(call))


async def delete_tag(call: Call) -> Reply:
    """DELETE /channels/:channel_id/tags/:tag_id; posts lose it"""
    forum, tag = _forum(call), _tag(call)
    forum.tags = [other for other in forum.tags if other.id != tag.id]
    for thread in call.community.threads.values():
        if tag.id in thread.tags:
            thread.tags.remove(tag.id)
            call.community.save_thread(thread)
    _save(call, forum)
    return NO_CONTENT


async def _change(call: Call, tag: ForumTag | None) -> Reply:
    fields = await call.fields()
    wanted = _read_tag(fields, call.community)
    fields.check()
    forum = _forum(call)
    if tag is None and len(forum.tags) >= MAX_TAGS:
        raise ApiError(400, "MAX_FORUM_TAGS", "You've reached the maximum of forum tags.")
    if tag is not None:
        wanted.id = tag.id
    tags = [wanted if tag is not None and other.id == tag.id else other for other in forum.tags]
    tags = [*tags, wanted] if tag is None else tags
    _check_names(tags)
    forum.tags = tags
    _save(call, forum)
    return reply(forum_tag(wanted))


def _read_tag(fields: Fields, community: Community) -> ForumTag:
    id, name = fields.snowflake("id"), fields.text("name", 1, 50, is_required=True)
    is_moderated = fields.boolean("moderated") or False
    emoji_id, emoji_name = _read_emoji(fields, community)
    return ForumTag(id or community.next_id(), name or "", is_moderated, emoji_id, emoji_name)


def _read_emoji(fields: Fields, community: Community) -> tuple[int | None, str | None]:
    """The emoji of a tag, which must be one of the guild's own or of Unicode."""
    emoji_id, emoji_name = fields.snowflake("emoji_id"), fields.text("emoji_name", 1, 64)
    if emoji_id is not None and emoji_id not in community.emojis:
        fields.refuse("emoji_id", "CUSTOM_EMOJI_NOT_FOUND", "Custom emoji wasn't found.")
    return emoji_id, None if emoji_id is not None else emoji_name


def _check_names(tags: list[ForumTag]) -> None:
    if len({tag.name.lower() for tag in tags}) < len(tags):
        raise ApiError(400, "FORUM_TAG_NAMES_MUST_BE_UNIQUE", "Forum tag names must be unique.")


def _forum(call: Call) -> Channel:
    channel = call.open_channel()
    if channel.type not in (FORUM, MEDIA):
        raise invalid_channel_type()
    return channel


def _tag(call: Call) -> ForumTag:
    wanted = call.snowflake("tag_id")
    for tag in _forum(call).tags:
        if tag.id == wanted:
            return tag
    raise ApiError(404, "UNKNOWN_FORUM_TAG", "Forum tag wasn't found.")


def _save(call: Call, forum: Channel) -> None:
    call.community.save_channel(forum)
    call.context.gateway.dispatch("CHANNEL_UPDATE", shown_channel(forum, call.community))
