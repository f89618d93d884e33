"""Entities in the API's JSON."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from .channel_payloads import Json, channel, thread
from .community import Community
from .entities import (
    AGE_RESTRICTED_GUILD,
    HAS_THREAD,
    Attachment,
    Emoji,
    Guild,
    Invite,
    Member,
    Message,
    Role,
    Snapshot,
    Sticker,
    User,
    Webhook,
)
from .generation import Generation
from .snowflakes import iso_from_milliseconds, milliseconds_of

ALL_BITS = "18446744073709551615"


def user(entity: User) -> Json:
    """A user as others see them."""
    return {
        "id": str(entity.id),
        "username": entity.username,
        "discriminator": entity.discriminator,
        "global_name": entity.global_name,
        "avatar": None,
        "avatar_color": None,
        "bot": entity.is_bot,
        "flags": 0,
    }


_PRIVATE: Json = {
    "is_staff": False,
    "acls": [],
    "traits": [],
    "email": None,
    "email_bounced": False,
    "phone": None,
    "bio": None,
    "pronouns": None,
    "accent_color": None,
    "banner": None,
    "banner_color": None,
    "mfa_enabled": False,
    "authenticator_types": [],
    "verified": False,
    "premium_type": 0,
    "premium_since": None,
    "premium_until": None,
    "premium_will_cancel": False,
    "premium_billing_cycle": None,
    "premium_lifetime_sequence": None,
    "password_last_changed_at": None,
    "required_actions": None,
    "nsfw_allowed": False,
    "has_dismissed_premium_onboarding": False,
    "has_ever_purchased": False,
}


def private_user(entity: User) -> Json:
    """A user as they see themselves."""
    return user(entity) | _PRIVATE


def _pictures(entity: Guild) -> Json:
    result: Json = {"icon": entity.icon}
    for name, key, size in (
        ("banner", entity.banner, entity.banner_size),
        ("splash", entity.splash, entity.splash_size),
    ):
        width, height = size or (None, None)
        result |= {name: key, f"{name}_width": width, f"{name}_height": height}
    result["splash_card_alignment"] = entity.splash_card_alignment
    width, height = entity.embed_splash_size or (None, None)
    return result | {"embed_splash": entity.embed_splash, "embed_splash_width": width, "embed_splash_height": height}


def guild(entity: Guild, generation: Generation) -> Json:
    """The guild's settings."""
    result: Json = {
        "id": str(entity.id),
        "name": entity.name,
        **_pictures(entity),
        "vanity_url_code": None,
        "owner_id": str(entity.owner_id),
        "system_channel_id": _id(entity.system_channel_id),
        "system_channel_flags": entity.system_channel_flags,
        "rules_channel_id": None,
        "afk_channel_id": _id(entity.afk_channel_id),
        "afk_timeout": entity.afk_timeout,
        "features": entity.features,
        "verification_level": entity.verification_level,
        "mfa_level": entity.mfa_level,
        "nsfw_level": entity.nsfw_level,
        "explicit_content_filter": entity.explicit_content_filter,
        "default_message_notifications": entity.default_message_notifications,
        "disabled_operations": 0,
        "message_history_cutoff": entity.message_history_cutoff,
    }
    if generation.has_full_guild:
        result |= {
            "nsfw": entity.nsfw_level == AGE_RESTRICTED_GUILD,
            "content_warning_level": entity.content_warning_level,
            "content_warning_text": entity.content_warning_text,
        }
    return result


def whole_guild(community: Community) -> Json:
    """The guild with what is in it."""
    creators = community.users
    return guild(community.guild, community.generation) | {
        "roles": [role(item) for item in community.roles.values()],
        "emojis": [emoji(item, creators[item.user_id]) for item in community.emojis.values()],
        "stickers": [sticker(item, creators[item.user_id]) for item in community.stickers.values()],
        "channels": [channel(item, community) for item in community.channels.values()],
        "member_count": len(community.members),
        "online_count": 1,
    }


def role(entity: Role) -> Json:
    """A role."""
    return {
        "id": str(entity.id),
        "name": entity.name,
        "color": entity.color,
        "position": entity.position,
        "hoist_position": entity.hoist_position,
        "permissions": str(entity.permissions),
        "hoist": entity.is_hoisted,
        "mentionable": entity.is_mentionable,
    }


def member(entity: Member, community: Community) -> Json:
    """A member with their user."""
    return {
        "user": user(community.users[entity.id]),
        "nick": None,
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "roles": [str(role_id) for role_id in entity.roles],
        "joined_at": entity.joined_at,
        "mute": False,
        "deaf": False,
        "communication_disabled_until": None,
    }


def emoji(entity: Emoji, creator: User | None = None) -> Json:
    """An emoji, in lists with its creator."""
    result: Json = {"id": str(entity.id), "name": entity.name, "animated": entity.is_animated}
    return result if creator is None else result | {"user": user(creator)}


def sticker(entity: Sticker, creator: User | None = None) -> Json:
    """A sticker, in lists with its creator."""
    result: Json = {
        "id": str(entity.id),
        "name": entity.name,
        "description": entity.description,
        "tags": entity.tags,
        "animated": entity.is_animated,
    }
    return result if creator is None else result | {"user": user(creator)}


def webhook(entity: Webhook, community: Community, creator: User | None = None) -> Json:
    """A webhook; whoever asks by token does not see the creator."""
    result: Json = {
        "id": str(entity.id),
        "guild_id": str(community.guild.id),
        "channel_id": str(entity.channel_id),
        "name": entity.name,
        "avatar": entity.avatar,
        "token": entity.token,
    }
    if community.generation.has_rich_webhooks:
        result["type"] = 1
    return result if creator is None else result | {"user": user(creator)}


def invite(entity: Invite, community: Community) -> Json:
    """An invite with its guild, channel and inviter."""
    target = community.channels.get(entity.channel_id)
    return {
        "code": entity.code,
        "type": 0,
        "guild": {
            "id": str(community.guild.id),
            "name": community.guild.name,
            **_pictures(community.guild),
            "features": community.guild.features,
        },
        "channel": {"id": str(entity.channel_id), "name": target and target.name, "type": target and target.type},
        "inviter": user(community.users[entity.user_id]),
        "member_count": len(community.members),
        "presence_count": 1,
        "expires_at": entity.expires_at,
        "temporary": entity.is_temporary,
        "created_at": entity.created_at,
        "uses": 0,
        "max_uses": entity.max_uses,
        "max_age": entity.max_age,
    }


def attachment(entity: Attachment, media: str, generation: Generation) -> Json:
    """A stored file and where it is served."""
    address = f"{media}/attachments/{entity.channel_id}/{entity.id}/{entity.filename}"
    result: Json = {
        "id": str(entity.id),
        "filename": entity.filename,
        "title": entity.title,
        "description": entity.description,
        "content_type": entity.content_type,
    }
    if entity.content_hash is not None or generation.has_full_guild:
        result["content_hash"] = entity.content_hash
    result |= {"size": entity.size, "url": address, "proxy_url": address}
    if entity.dimensions is not None:
        result["width"], result["height"] = entity.dimensions
    if entity.placeholder is not None:
        result["placeholder"] = entity.placeholder
    result["flags"] = entity.flags
    if entity.is_media:
        result["nsfw"] = False
    if entity.duration is not None:
        result["duration"] = entity.duration
    if entity.waveform is not None:
        result["waveform"] = entity.waveform
    result["expires_at"] = entity.expires_at
    return result


def _embed_media(stored: Json, attachments: Sequence[Attachment], media: str, generation: Generation) -> Json:
    source = next((item for item in attachments if item.id == stored.get("attachment_id")), None)
    if source is None:
        scheme, _, rest = str(stored["url"]).partition("://")
        result: Json = {"url": stored["url"], "proxy_url": f"{media}/external/unsigned/{scheme}/{quote(rest)}"}
    else:
        shown = attachment(source, media, generation)
        keys = ("url", "proxy_url", "content_type", "content_hash", "width", "height", "placeholder")
        result = {key: shown[key] for key in keys if key in shown}
    if "description" in stored:
        result["description"] = stored["description"]
    return result | {"flags": 0}


def _embed(stored: Json, attachments: Sequence[Attachment], media: str, generation: Generation) -> Json:
    result = dict(stored)
    for key in ("image", "thumbnail"):
        if key in stored:
            result[key] = _embed_media(stored[key], attachments, media, generation)
    return result


def _snapshot(entity: Snapshot, media: str, generation: Generation) -> Json:
    result: Json = {"content": entity.content, "timestamp": entity.timestamp}
    if entity.mentions:
        result["mentions"] = [str(id) for id in entity.mentions]
    result["embeds"] = [_embed(item, entity.attachments, media, generation) for item in entity.embeds]
    result["attachments"] = [attachment(item, media, generation) for item in entity.attachments]
    return result | {"type": entity.type, "flags": entity.flags}


def _author(entity: Message, community: Community) -> Json:
    if entity.webhook_id is None:
        return user(community.users[entity.author_id])
    return {
        "id": str(entity.webhook_id),
        "username": entity.author_name,
        "discriminator": "0000",
        "global_name": None,
        "avatar": entity.author_avatar,
        "avatar_color": None,
        "bot": True,
        "flags": 0,
    }


def message(
    entity: Message, community: Community, media: str, *, with_reactions: bool = False, is_reply_shown: bool = True
) -> Json:
    """A message; the one it answers is shown inside, as it is now."""
    generation = community.generation
    result: Json = {
        "id": str(entity.id),
        "channel_id": str(entity.channel_id),
        "author": _author(entity, community),
    }
    if entity.webhook_id is not None:
        result["webhook_id"] = str(entity.webhook_id)
    result |= {
        "type": entity.type,
        "flags": entity.flags,
        "content": entity.content,
        "timestamp": iso_from_milliseconds(milliseconds_of(entity.id)),
        "edited_timestamp": entity.edited_timestamp,
        "pinned": entity.pinned_at is not None,
        "mention_everyone": entity.mentions_everyone,
    }
    is_bare = generation.omits_empty_lists
    if not is_bare:
        result["tts"] = False
    if entity.mentions or not is_bare:
        result["mentions"] = [user(community.users[id]) for id in entity.mentions]
    if entity.mention_roles or not is_bare:
        result["mention_roles"] = [str(id) for id in entity.mention_roles]
    result["embeds"] = [_embed(item, entity.attachments, media, generation) for item in entity.embeds]
    result["attachments"] = [attachment(item, media, generation) for item in entity.attachments]
    result["stickers"] = [
        {"id": str(item.id), "name": item.name, "animated": item.is_animated} for item in entity.stickers
    ]
    if with_reactions and entity.reactions:
        result["reactions"] = [
            _reaction(item.name, item.id, item.is_animated, item.users, community) for item in entity.reactions
        ]
    begun = community.threads.get(entity.id)
    if begun is not None and begun.parent_id == entity.channel_id:
        result["flags"] |= HAS_THREAD
        result["thread"] = thread(begun, community)
    reference = entity.reference
    if reference is not None:
        shown = {"channel_id": str(reference.channel_id)}
        if reference.message_id:
            shown["message_id"] = str(reference.message_id)
        if reference.guild_id is not None:
            shown["guild_id"] = str(reference.guild_id)
        result["message_reference"] = {**shown, "type": reference.type}
        if reference.type == 0 and reference.message_id and is_reply_shown:
            target = community.messages.get(reference.message_id)
            result["referenced_message"] = target and message(target, community, media, is_reply_shown=False)
    if entity.snapshot is not None:
        result["message_snapshots"] = [_snapshot(entity.snapshot, media, generation)]
    return result


def _reaction(name: str, id: int | None, is_animated: bool, users: list[int], community: Community) -> Json:
    shown: Json = {"name": name} if id is None else {"id": str(id), "name": name}
    if is_animated:
        shown["animated"] = True
    return {"emoji": shown, "count": len(users), "me": community.bot.id in users}


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)
