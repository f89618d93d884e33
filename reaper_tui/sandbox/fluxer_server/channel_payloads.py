"""Channels, threads and their tags in the API's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .entities import (
    ANNOUNCEMENT,
    CATEGORY,
    FORUM,
    LINK,
    MEDIA,
    PRIVATE_THREAD,
    TEXT,
    VOICE,
    Channel,
    ForumTag,
    Overwrite,
    Thread,
)

if TYPE_CHECKING:
    from .community import Community

Json = dict[str, Any]
MAX_COUNTED_MEMBERS = 50


def overwrite(entity: Overwrite) -> Json:
    """A permission overwrite."""
    return {"id": str(entity.id), "type": entity.type, "allow": str(entity.allow), "deny": str(entity.deny)}


def channel(entity: Channel, community: Community) -> Json:
    """A channel of any type, with the keys that this type has."""
    if community.generation.has_threads:
        return _newer_channel(entity, community.guild.id)
    result: Json = {"id": str(entity.id), "guild_id": str(community.guild.id), "name": entity.name}
    if entity.type == TEXT:
        result["topic"] = entity.topic
    if entity.type == LINK:
        result["url"] = entity.url
    result |= {"type": entity.type, "position": entity.position}
    if entity.type in (TEXT, VOICE, LINK):
        result["parent_id"] = _id(entity.parent_id)
    if entity.type == TEXT:
        result["last_message_id"] = _id(entity.last_message_id)
        result["last_pin_timestamp"] = entity.last_pin_timestamp
    if entity.type == VOICE:
        result |= {"bitrate": entity.bitrate, "user_limit": entity.user_limit, "rtc_region": entity.rtc_region}
    result["permission_overwrites"] = [overwrite(item) for item in entity.overwrites]
    if entity.type == TEXT:
        result |= {"nsfw": entity.is_nsfw, "rate_limit_per_user": entity.rate_limit_per_user}
    return result


def _newer_channel(entity: Channel, guild_id: int) -> Json:
    result: Json = {
        "id": str(entity.id),
        "guild_id": str(guild_id),
        "name": entity.name,
        "type": entity.type,
        "position": entity.position,
        "permission_overwrites": [overwrite(item) for item in entity.overwrites],
    }
    if entity.type == CATEGORY:
        return result
    result["parent_id"] = _id(entity.parent_id)
    if entity.type == LINK:
        return result | {"url": entity.url}
    result |= {
        "nsfw": entity.is_nsfw,
        "nsfw_override": entity.nsfw_override,
        "content_warning_level": entity.content_warning_level,
        "content_warning_text": entity.content_warning_text,
        "rate_limit_per_user": entity.rate_limit_per_user,
        "last_message_id": _id(entity.last_message_id),
        "topic": entity.topic,
    }
    if entity.type == VOICE:
        return result | {
            "bitrate": entity.bitrate,
            "user_limit": entity.user_limit,
            "voice_connection_limit": entity.voice_connection_limit or 5,
            "rtc_region": entity.rtc_region,
        }
    if entity.type in (TEXT, ANNOUNCEMENT):
        result["last_pin_timestamp"] = entity.last_pin_timestamp
    if entity.auto_archive_minutes is not None:
        result["default_auto_archive_duration"] = entity.auto_archive_minutes
    if entity.thread_rate_limit_per_user is not None:
        result["default_thread_rate_limit_per_user"] = entity.thread_rate_limit_per_user
    if entity.type in (FORUM, MEDIA):
        emoji_id, emoji_name = entity.default_reaction or (None, None)
        reaction = {"emoji_id": _id(emoji_id), "emoji_name": emoji_name}
        result |= {
            "available_tags": [forum_tag(tag) for tag in entity.tags],
            "default_reaction_emoji": None if entity.default_reaction is None else reaction,
            "default_sort_order": entity.default_sort_order,
            "default_tag_setting": entity.default_tag_setting or "match_some",
            "flags": entity.flags,
        }
    if entity.type == FORUM:
        result["default_forum_layout"] = entity.default_layout
    return result


def forum_tag(entity: ForumTag) -> Json:
    """A tag of a forum."""
    return {
        "id": str(entity.id),
        "name": entity.name,
        "moderated": entity.is_moderated,
        "emoji_id": _id(entity.emoji_id),
        "emoji_name": entity.emoji_name,
    }


def thread(entity: Thread, community: Community) -> Json:
    """A thread; a post of a forum also has tags."""
    count = len(community.message_ids.get(entity.id, ()))
    metadata: Json = {
        "archived": entity.is_archived,
        "auto_archive_duration": entity.auto_archive_minutes,
        "archive_timestamp": entity.archived_at,
        "locked": entity.is_locked,
        "create_timestamp": entity.created_at,
    }
    if entity.type == PRIVATE_THREAD:
        metadata["invitable"] = entity.is_invitable
    result: Json = {
        "id": str(entity.id),
        "guild_id": str(community.guild.id),
        "type": entity.type,
        "name": entity.name,
        "parent_id": str(entity.parent_id),
        "owner_id": str(entity.owner_id),
        "last_message_id": _id(entity.last_message_id),
        "last_pin_timestamp": entity.last_pin_timestamp,
        "rate_limit_per_user": entity.rate_limit_per_user,
        "flags": entity.flags,
        "message_count": count,
        "total_message_sent": entity.sent,
        "member_count": min(len(entity.members), MAX_COUNTED_MEMBERS),
        "member_ids_preview": [str(id) for id in list(entity.members)[:5]],
        "thread_metadata": metadata,
    }
    if community.channels[entity.parent_id].type in (FORUM, MEDIA):
        result["applied_tags"] = [str(tag) for tag in entity.tags]
    if community.bot.id in entity.members:
        result["member"] = thread_member(entity, community.bot.id)
    return result


def thread_member(entity: Thread, user_id: int) -> Json:
    """Somebody in a thread."""
    return {
        "id": str(entity.id),
        "user_id": str(user_id),
        "join_timestamp": entity.members[user_id],
        "flags": 0,
    }


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)
