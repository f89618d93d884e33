"""People, roles, channels, threads, emojis, stickers and the guild as Discord writes them."""

from typing import Any

from reaper_tui.sandbox.community.nouns import Channel, Community, Emoji, Person, Role, Sticker, Thread
from reaper_tui.sandbox.community.snowflake import iso
from reaper_tui.sandbox.discord_server.store import CATEGORY, FORUM, MEDIA, PRIVATE_THREAD, VOICE, Store

Json = dict[str, Any]
STAGE = 13
_OBFUSCATED_FLAG = 1 << 17
_CONTENT_FLAG = 1 << 19
"""GATEWAY_MESSAGE_CONTENT_LIMITED: the intent is on, for a bot in fewer than a hundred guilds."""


def user(person: Person) -> Json:
    """Return a user object."""
    discriminator = "0000" if person.is_webhook else f"{person.id % 9000 + 1000}" if person.is_bot else "0"
    found: Json = {
        "id": str(person.id),
        "username": person.username,
        "discriminator": discriminator,
        "global_name": person.display_name,
        "avatar": person.avatar,
        "public_flags": 0,
        "flags": 0,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "clan": None,
        "primary_guild": None,
    }
    if person.is_bot:
        found["bot"] = True
    return found


def member(person: Person) -> Json:
    """Return a guild member object without its user."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": iso(person.joined_ms),
        "nick": person.nick,
        "pending": False,
        "premium_since": None,
        "roles": [str(role) for role in person.roles],
        "deaf": False,
        "mute": False,
    }


def role(found: Role) -> Json:
    """Return a role object."""
    color = found.color
    return {
        "id": str(found.id),
        "name": found.name,
        "description": None,
        "permissions": str(found.permissions),
        "position": found.position,
        "color": color,
        "colors": {"primary_color": color, "secondary_color": None, "tertiary_color": None},
        "hoist": found.is_hoisted,
        "managed": found.is_managed_by is not None,
        "mentionable": found.is_mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    } | ({"tags": {"bot_id": str(found.is_managed_by)}} if found.is_managed_by else {})


def emoji(found: Emoji) -> Json:
    """Return an emoji object."""
    return {
        "id": str(found.id),
        "name": found.name,
        "roles": [],
        "require_colons": True,
        "managed": False,
        "animated": found.is_animated,
        "available": True,
    }


def sticker(found: Sticker, guild_id: int) -> Json:
    """Return a sticker object."""
    return {
        "id": str(found.id),
        "name": found.name,
        "tags": found.tags,
        "type": 2,
        "format_type": found.format_type,
        "description": found.description,
        "asset": "",
        "available": True,
        "guild_id": str(guild_id),
    }


def channel(found: Channel, store: Store) -> Json:
    """Return a channel object."""
    community = store.community
    body: Json = {
        "id": str(found.id),
        "type": found.type,
        "guild_id": str(community.id),
        "name": found.name,
        "position": found.position,
        "parent_id": str(found.parent_id) if found.parent_id else None,
        "flags": 0,
        "permission_overwrites": [
            {"id": str(each.id), "type": each.type, "allow": str(each.allow), "deny": str(each.deny)}
            for each in found.overwrites
        ],
    }
    if found.type == CATEGORY:
        return body
    messages = community.messages.get(found.id, [])
    last_pin = store.last_pin_ms(found.id)
    body |= {
        "last_pin_timestamp": iso(last_pin) if last_pin else None,
        "nsfw": found.is_nsfw,
        "rate_limit_per_user": found.slowmode,
        "last_message_id": str(messages[-1].id) if messages else None,
        "topic": found.topic,
    }
    if found.type in (VOICE, STAGE):
        body |= {"bitrate": found.bitrate, "user_limit": found.user_limit, "rtc_region": None, "video_quality_mode": 1}
    elif found.type in (FORUM, MEDIA):
        posts = store.threads_of(found.id)
        body |= {
            "last_message_id": str(posts[0].id) if posts else None,
            "available_tags": [
                {
                    "id": str(t.id),
                    "name": t.name,
                    "moderated": t.is_moderated,
                    "emoji_id": str(t.emoji_id) if t.emoji_id else None,
                    "emoji_name": t.emoji_name,
                }
                for t in found.tags
            ],
            "default_reaction_emoji": {"emoji_id": None, "emoji_name": "💡"},
            "default_sort_order": None,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
            "default_auto_archive_duration": 4320,
            "template": "",
        }
    else:
        body["default_auto_archive_duration"] = 4320
    return body


def obfuscated(found: Channel, store: Store) -> Json:
    """Return what the gateway tells of a channel that the bot may not view."""
    guild_id = store.community.id
    body: Json = {
        "id": str(found.id),
        "type": found.type,
        "name": "___hidden___",
        "position": found.position,
        "parent_id": str(found.parent_id) if found.parent_id else None,
        "flags": _OBFUSCATED_FLAG,
        "permission_overwrites": [{"id": str(guild_id), "type": 0, "allow": "0", "deny": "1024"}],
    }
    if found.type != CATEGORY:
        body |= {"nsfw": False, "rate_limit_per_user": 0, "last_message_id": None, "topic": None}
    if found.type in (VOICE, STAGE):
        body |= {} if store.hides_barely else {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
    elif found.type in (FORUM, MEDIA):
        tags = None if store.hides_barely else list[Json]()
        body |= {"available_tags": tags, "default_reaction_emoji": None, "default_sort_order": None, "template": ""}
    return body


def thread(found: Thread, store: Store) -> Json:
    """Return a thread object."""
    messages = store.community.messages.get(found.id, [])
    has_own_opening = bool(messages) and (messages[0].id == found.id or messages[0].type == 21)
    count = len(messages) - has_own_opening
    metadata: Json = {
        "archived": found.is_archived,
        "archive_timestamp": iso(found.archive_ms),
        "auto_archive_duration": found.auto_archive_minutes,
        "locked": found.is_locked,
        "create_timestamp": iso((found.id >> 22) + 1_420_070_400_000),
    }
    if found.type == PRIVATE_THREAD:
        metadata["invitable"] = True
    body: Json = {
        "id": str(found.id),
        "type": found.type,
        "guild_id": str(store.community.id),
        "parent_id": str(found.parent_id),
        "owner_id": str(found.owner_id),
        "name": found.name,
        "last_message_id": str(messages[-1].id) if messages else None,
        "last_pin_timestamp": iso(last_pin) if (last_pin := store.last_pin_ms(found.id)) else None,
        "message_count": count,
        "total_message_sent": count,
        "member_count": len(found.members),
        "rate_limit_per_user": 0,
        "flags": 2 if found.is_pinned else 0,
        "thread_metadata": metadata,
    }
    if store.community.channels[found.parent_id].type in (FORUM, MEDIA):
        body["applied_tags"] = [str(tag) for tag in found.tags]
    return body


def guild(community: Community, with_counts: bool = False) -> Json:
    """Return a guild object as REST gives it."""
    body: Json = {
        "id": str(community.id),
        "name": community.name,
        "icon": community.icon,
        "description": community.description,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": ["COMMUNITY", "NEWS", "BANNER", "ANIMATED_ICON", "THREADS_ENABLED"],
        "banner": community.banner,
        "owner_id": str(community.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": _first_text_channel(community),
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 2,
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 2,
        "max_presences": None,
        "max_members": 25_000_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 1,
        "premium_subscription_count": 4,
        "preferred_locale": "en-GB",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": True,
        "nsfw": False,
        "nsfw_level": 0,
        "hub_type": None,
        "latest_onboarding_question_id": None,
        "incidents_data": None,
        "roles": [role(found) for found in community.roles],
        "emojis": [emoji(found) for found in community.emojis],
        "stickers": [sticker(found, community.id) for found in community.stickers],
    }
    if with_counts:
        count = sum(not person.is_webhook and not person.has_left for person in community.people.values())
        body |= {"approximate_member_count": count, "approximate_presence_count": count // 3}
    return body


def _first_text_channel(community: Community) -> str | None:
    return next((str(found.id) for found in community.channels.values() if found.type == 0), None)


def application(store: Store) -> Json:
    """Return the bot's application."""
    community = store.community
    return {
        "id": str(community.application_id),
        "name": "reaper",
        "icon": None,
        "description": "Copies communities.",
        "summary": "",
        "type": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": _CONTENT_FLAG if store.may_read_content else 0,
        "hook": True,
        "team": None,
        "owner": user(community.people[community.owner_id]),
        "redirect_uris": [],
        "tags": [],
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "install_params": None,
        "integration_types_config": {"0": {}},
        "bot": user(community.bot),
    }


def gateway_guild(store: Store) -> Json:
    """Return the guild as GUILD_CREATE brings it: with channels, those the bot may not view obfuscated, and threads."""
    community = store.community
    bot = community.bot
    return guild(community) | {
        "joined_at": iso(bot.joined_ms),
        "large": False,
        "unavailable": False,
        "member_count": len(community.people),
        "members": [member(bot) | {"user": user(bot)}],
        "channels": [
            channel(found, store) if store.is_visible(found) else obfuscated(found, store)
            for found in community.channels.values()
        ],
        "threads": [thread(found, store) for found in store.active_threads()],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "activity_instances": [],
        "version": 1,
    }
