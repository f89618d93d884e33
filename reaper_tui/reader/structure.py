"""Raw roles, channels, emojis and stickers to their nouns, one by one, so that an odd one spoils no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reaper_tui.model.community import KINDS_WITH_POSTS, Channel, ChannelKind, Emoji, Overwrite, Role, Sticker
from reaper_tui.model.forum import REQUIRE_TAG, Forum, ForumTag
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.cdn import STICKER_FORMATS, Cdn
from reaper_tui.reader.wire import record, records, text, whole

OBFUSCATED_NAME = "___hidden___"
OBFUSCATED_FLAG = 1 << 17
PRIVATE_THREAD = 12
PINNED = 1 << 1
KINDS = {
    0: ChannelKind.TEXT,
    2: ChannelKind.VOICE,
    4: ChannelKind.CATEGORY,
    5: ChannelKind.ANNOUNCEMENT,
    10: ChannelKind.THREAD,
    11: ChannelKind.THREAD,
    PRIVATE_THREAD: ChannelKind.THREAD,
    13: ChannelKind.STAGE,
    15: ChannelKind.FORUM,
    16: ChannelKind.MEDIA,
}


def is_obfuscated(raw: Mapping[str, Any]) -> bool:
    """Return whether a channel is only shown as existing, its content withheld."""
    return bool(whole(raw.get("flags")) & OBFUSCATED_FLAG) or raw.get("name") == OBFUSCATED_NAME


def role_from(raw: Mapping[str, Any]) -> Role | None:
    """Return a role, None without an id."""
    role_id = optional_snowflake(raw.get("id"))
    if role_id is None:
        return None
    return Role(
        id=role_id,
        name=text(raw.get("name")),
        color=whole(raw.get("color")),
        permissions=whole(raw.get("permissions")),
        position=whole(raw.get("position")),
        is_hoisted=raw.get("hoist") is True,
        is_mentionable=raw.get("mentionable") is True,
        is_managed=raw.get("managed") is True,
    )


def channel_from(raw: Mapping[str, Any], tag_names: Mapping[int, str]) -> Channel | None:
    """Return a channel or thread, None without an id; `tag_names` are the forum tags known by id."""
    channel_id = optional_snowflake(raw.get("id"))
    if channel_id is None:
        return None
    number = raw.get("type")
    kind = KINDS.get(number, ChannelKind.OTHER) if isinstance(number, int) else ChannelKind.OTHER
    if kind is ChannelKind.THREAD:
        applied: list[Any] = raw["applied_tags"] if isinstance(raw.get("applied_tags"), list) else []
        tags = tuple(tag_names[tag] for tag in map(optional_snowflake, applied) if tag is not None and tag in tag_names)
    else:
        tags = tuple(text(tag.get("name")) for tag in records(raw.get("available_tags")))
    count, state = raw.get("message_count"), record(raw.get("thread_metadata"))
    is_forum = kind in KINDS_WITH_POSTS
    return Channel(
        id=channel_id,
        kind=kind,
        name=text(raw.get("name")),
        parent_id=optional_snowflake(raw.get("parent_id")),
        position=whole(raw.get("position")),
        topic=text(raw.get("topic")),
        is_nsfw=raw.get("nsfw") is True,
        slowmode_seconds=whole(raw.get("rate_limit_per_user")),
        bitrate=whole(raw.get("bitrate")),
        user_limit=whole(raw.get("user_limit")),
        overwrites=tuple(_overwrites(raw.get("permission_overwrites"))),
        last_message_id=optional_snowflake(raw.get("last_message_id")),
        is_private=number == PRIVATE_THREAD,
        is_archived=state.get("archived") is True,
        tags=tags,
        message_count=whole(count) if isinstance(count, int) else None,
        is_locked=state.get("locked") is True,
        is_pinned=kind is ChannelKind.THREAD and bool(whole(raw.get("flags")) & PINNED),
        auto_archive_minutes=whole(state.get("auto_archive_duration") or raw.get("default_auto_archive_duration")),
        forum=_forum(raw) if is_forum else None,
    )


def tag_names_from(raw_channels: list[dict[str, Any]]) -> dict[int, str]:
    """Return the names of all forum tags by id."""
    names: dict[int, str] = {}
    for raw in raw_channels:
        for tag in records(raw.get("available_tags")):
            tag_id = optional_snowflake(tag.get("id"))
            if tag_id is not None:
                names[tag_id] = text(tag.get("name"))
    return names


def emoji_from(raw: Mapping[str, Any], cdn: Cdn) -> Emoji | None:
    """Return a custom emoji, None without an id."""
    emoji_id = optional_snowflake(raw.get("id"))
    if emoji_id is None:
        return None
    is_animated = raw.get("animated") is True
    return Emoji(id=emoji_id, name=text(raw.get("name")), url=cdn.emoji(emoji_id, is_animated), is_animated=is_animated)


def sticker_from(raw: Mapping[str, Any], cdn: Cdn) -> Sticker | None:
    """Return a custom sticker, None without an id."""
    sticker_id = optional_snowflake(raw.get("id"))
    if sticker_id is None:
        return None
    sticker_format = STICKER_FORMATS.get(whole(raw.get("format_type")), "png")
    return Sticker(
        id=sticker_id,
        name=text(raw.get("name")),
        url=cdn.sticker(sticker_id, sticker_format),
        format=sticker_format,
        description=text(raw.get("description")),
        tags=tuple(tag.strip() for tag in text(raw.get("tags")).split(",") if tag.strip()),
    )


def _forum(raw: Mapping[str, Any]) -> Forum:
    reaction = record(raw.get("default_reaction_emoji"))
    order = raw.get("default_sort_order")
    return Forum(
        tags=tuple(
            ForumTag(
                name=text(tag.get("name")),
                is_moderated=tag.get("moderated") is True,
                emoji_id=optional_snowflake(tag.get("emoji_id")),
                emoji_name=text(tag.get("emoji_name")),
            )
            for tag in records(raw.get("available_tags"))
        ),
        reaction_emoji_id=optional_snowflake(reaction.get("emoji_id")),
        reaction_emoji_name=text(reaction.get("emoji_name")),
        sort_order=order if order in (0, 1) else None,
        layout=whole(raw.get("default_forum_layout")),
        requires_tag=bool(whole(raw.get("flags")) & REQUIRE_TAG),
    )


def _overwrites(value: object) -> list[Overwrite]:
    found: list[Overwrite] = []
    for raw in records(value):
        subject = optional_snowflake(raw.get("id"))
        if subject is not None:
            is_member = raw.get("type") in (1, "1", "member")
            found.append(Overwrite(subject, is_member, whole(raw.get("allow")), whole(raw.get("deny"))))
    return found
