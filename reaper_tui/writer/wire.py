"""Fluxer's JSON read into nouns; absent and odd fields become defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

from reaper_tui.model.community import Channel, ChannelKind, Emoji, Overwrite, Role, Sticker, Webhook
from reaper_tui.model.forum import TargetThread
from reaper_tui.model.ids import optional_snowflake, parse_snowflake
from reaper_tui.model.outgoing import TargetMessage

Json = Mapping[str, Any]
_KINDS = {
    0: ChannelKind.TEXT,
    2: ChannelKind.VOICE,
    4: ChannelKind.CATEGORY,
    5: ChannelKind.ANNOUNCEMENT,
    10: ChannelKind.THREAD,
    11: ChannelKind.THREAD,
    12: ChannelKind.THREAD,
    15: ChannelKind.FORUM,
    16: ChannelKind.MEDIA,
}
CHANNEL_TYPES = {
    ChannelKind.TEXT: 0,
    ChannelKind.VOICE: 2,
    ChannelKind.CATEGORY: 4,
    ChannelKind.ANNOUNCEMENT: 5,
    ChannelKind.FORUM: 15,
    ChannelKind.MEDIA: 16,
}
PRIVATE_THREAD = 12


def objects(value: object) -> list[Json]:
    """Return the JSON objects of a list, other things left out."""
    if not isinstance(value, list):
        return []
    return [cast("Json", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def mapping(value: object) -> Json:
    """Return a JSON object, an empty one for anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def number(value: object) -> int:
    """Return a whole number, 0 for anything else; permission bits come as text."""
    try:
        return int(value) if isinstance(value, int | str | float) else 0
    except (ValueError, OverflowError):
        return 0


def text(value: object) -> str:
    """Return text, empty for anything else."""
    return value if isinstance(value, str) else ""


def role_of(raw: Json) -> Role:
    """Return a role."""
    return Role(
        id=parse_snowflake(raw.get("id")),
        name=text(raw.get("name")),
        color=number(raw.get("color")),
        permissions=number(raw.get("permissions")),
        position=number(raw.get("position")),
        is_hoisted=raw.get("hoist") is True,
        is_mentionable=raw.get("mentionable") is True,
        is_managed=raw.get("managed") is True,
    )


def channel_of(raw: Json) -> Channel:
    """Return a channel with its overwrites."""
    return Channel(
        id=parse_snowflake(raw.get("id")),
        kind=_KINDS.get(number(raw.get("type")), ChannelKind.OTHER),
        name=text(raw.get("name")),
        parent_id=optional_snowflake(raw.get("parent_id")),
        position=number(raw.get("position")),
        topic=text(raw.get("topic")),
        is_nsfw=raw.get("nsfw") is True,
        slowmode_seconds=number(raw.get("rate_limit_per_user")),
        bitrate=number(raw.get("bitrate")),
        user_limit=number(raw.get("user_limit")),
        overwrites=tuple(_overwrite_of(row) for row in objects(raw.get("permission_overwrites"))),
        last_message_id=optional_snowflake(raw.get("last_message_id")),
    )


def overwrites_to_wire(overwrites: object, mask: int) -> list[dict[str, Any]]:
    """Return overwrites as the API takes them, only the bits it knows."""
    rows = cast("list[Overwrite]", overwrites)
    return [
        {
            "id": str(row.subject_id),
            "type": 1 if row.is_member else 0,
            "allow": str(row.allow & mask),
            "deny": str(row.deny & mask),
        }
        for row in rows
    ]


def emoji_of(raw: Json, media: str) -> Emoji:
    """Return an emoji and where its image is."""
    emoji_id, is_animated = parse_snowflake(raw.get("id")), raw.get("animated") is True
    return Emoji(emoji_id, text(raw.get("name")), f"{media}/emojis/{emoji_id}.webp" if media else "", is_animated)


def sticker_of(raw: Json, media: str) -> Sticker:
    """Return a sticker and where its image is."""
    sticker_id = parse_snowflake(raw.get("id"))
    return Sticker(
        id=sticker_id,
        name=text(raw.get("name")),
        url=f"{media}/stickers/{sticker_id}.webp" if media else "",
        format="apng" if raw.get("animated") is True else "png",
        description=text(raw.get("description")),
        tags=tuple(tag for tag in cast("list[object]", raw.get("tags") or []) if isinstance(tag, str))
        if isinstance(raw.get("tags"), list)
        else (),
    )


def webhook_of(raw: Json) -> Webhook | None:
    """Return a webhook, None for one that cannot be posted with."""
    webhook_id, channel_id = optional_snowflake(raw.get("id")), optional_snowflake(raw.get("channel_id"))
    token = text(raw.get("token"))
    if webhook_id is None or channel_id is None or not token:
        return None
    return Webhook(webhook_id, channel_id, text(raw.get("name")), token)


def message_of(raw: Json) -> TargetMessage:
    """Return a message; raise ValueError when it has no ids."""
    attachments = objects(raw.get("attachments"))
    channel_id = parse_snowflake(raw.get("channel_id"))
    shown = _files_in_embeds(raw, channel_id, {text(row.get("id")) for row in attachments})
    return TargetMessage(
        id=parse_snowflake(raw.get("id")),
        channel_id=channel_id,
        webhook_id=optional_snowflake(raw.get("webhook_id")),
        username=text(mapping(raw.get("author")).get("username")),
        content=text(raw.get("content")),
        attachment_count=len(attachments) + len(shown),
        attachment_names=(*(text(row.get("filename")) for row in attachments), *shown.values()),
        embed_count=len(objects(raw.get("embeds"))),
        kind=number(raw.get("type")),
        reply_to=optional_snowflake(mapping(raw.get("message_reference")).get("message_id")),
        attachment_bytes=sum(number(row.get("size")) for row in attachments),
        author_id=optional_snowflake(mapping(raw.get("author")).get("id")),
        edited_at=text(raw.get("edited_timestamp")),
        thread_id=optional_snowflake(mapping(raw.get("thread")).get("id")),
        is_pinned=raw.get("pinned") is True,
        flags=number(raw.get("flags")),
        own_reactions=tuple(_own_reactions(raw)),
        attachment_urls=tuple(address for row in attachments if (address := text(row.get("url")))),
    )


def thread_of(raw: Json) -> TargetThread:
    """Return a thread; raise ValueError when it has no id."""
    state = mapping(raw.get("thread_metadata"))
    return TargetThread(
        id=parse_snowflake(raw.get("id")),
        parent_id=optional_snowflake(raw.get("parent_id")),
        name=text(raw.get("name")),
        is_archived=state.get("archived") is True,
        is_locked=state.get("locked") is True,
        is_private=number(raw.get("type")) == PRIVATE_THREAD,
    )


def _files_in_embeds(raw: Json, channel_id: int, listed: set[str]) -> dict[str, str]:
    """Return the names, by id, of files that newer servers show in an embed and no longer among the attachments."""
    found: dict[str, str] = {}
    for embed in objects(raw.get("embeds")):
        for place in ("image", "thumbnail"):
            address = text(mapping(embed.get(place)).get("url")) if embed.get("type") == "rich" else ""
            steps = address.partition("?")[0].split("/")[-4:]
            if len(steps) == 4 and steps[:2] == ["attachments", str(channel_id)] and steps[2] not in listed:
                found[steps[2]] = unquote(steps[3])
    return found


def _own_reactions(raw: Json) -> Iterator[str]:
    for row in objects(raw.get("reactions")):
        emoji = mapping(row.get("emoji"))
        name, emoji_id = text(emoji.get("name")), optional_snowflake(emoji.get("id"))
        if row.get("me") is True and name:
            yield name if emoji_id is None else f"{name}:{emoji_id}"


def _overwrite_of(raw: Json) -> Overwrite:
    return Overwrite(
        subject_id=number(raw.get("id")),
        is_member=number(raw.get("type")) == 1,
        allow=number(raw.get("allow")),
        deny=number(raw.get("deny")),
    )
