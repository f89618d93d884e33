"""Every route of the API, with its bucket."""

from __future__ import annotations

from . import (
    channels,
    expressions,
    forums,
    guilds,
    instance,
    media,
    message_history,
    messages,
    people,
    pins,
    reactions,
    roles,
    thread_lists,
    threads,
    uploads,
    webhook_messages,
    webhooks,
)
from .buckets import Bucket
from .generation import Generation
from .routing import Route

CHANNEL = "/channels/:channel_id"
GUILD = "/guilds/:guild_id"
MESSAGE = f"{CHANNEL}/messages/:message_id"
WEBHOOK = "/webhooks/:webhook_id"
WEBHOOK_MESSAGE = f"{WEBHOOK}/:token/messages/:message_id"
REACTION = f"{MESSAGE}/reactions"


def _channel(name: str, limit: int, seconds: int = 10) -> Bucket:
    return Bucket(f"channel:{name}", limit, seconds, "channel_id")


def _guild(name: str, limit: int, seconds: int = 10) -> Bucket:
    return Bucket(f"guild:{name}", limit, seconds, "guild_id")


def _webhook(name: str, limit: int) -> Bucket:
    return Bucket(f"webhook:{name}", limit, 10, "webhook_id")


_CHANNEL_UPDATE = _channel("update", 20)
_PINS = _channel("pins", 20)
_REACTIONS = _channel("reactions", 30)
_WEBHOOK_READ, _WEBHOOK_UPDATE, _WEBHOOK_DELETE = _webhook("read", 100), _webhook("update", 20), _webhook("delete", 20)


def _by_token(name: str, limit: int) -> Bucket:
    return Bucket(f"webhook:{name}", limit, 60, "webhook_id", is_exempt_from_global=True)


_WEBHOOK_EXECUTE = _by_token("execute", 60)

_ALWAYS = [
    Route("GET", "/.well-known/fluxer", instance.well_known, Bucket("instance:info", 60, 60), needs_user=False),
    Route("GET", "/gateway/bot", instance.gateway_bot, Bucket("gateway:bot_info", 60, 60), needs_user=False),
    Route("GET", "/users/@me", people.me, Bucket("user:settings:get", 40, 10)),
    Route("GET", "/users/@me/guilds", guilds.list_mine, Bucket("guild:list", 40, 10)),
    Route("GET", "/users/:user_id", people.user, Bucket("user:get", 100, 10, "user_id")),
    Route("GET", GUILD, guilds.get, _guild("read", 100)),
    Route("PATCH", GUILD, guilds.edit, _guild("update", 20)),
    Route("GET", f"{GUILD}/audit-logs", guilds.audit_log, _guild("audit_logs", 20)),
    Route("GET", f"{GUILD}/channels", channels.list_of_guild, _guild("channels:list", 60)),
    Route("POST", f"{GUILD}/channels", channels.create, _guild("channel:create", 10, 60)),
    Route("PATCH", f"{GUILD}/channels", channels.reorder, _guild("channel:positions", 30)),
    Route("GET", f"{GUILD}/roles", roles.list_of_guild, _guild("role:list", 60)),
    Route("POST", f"{GUILD}/roles", roles.create, _guild("role:create", 10, 60)),
    Route("PATCH", f"{GUILD}/roles", roles.reorder, _guild("role:positions", 20)),
    Route("PATCH", f"{GUILD}/roles/hoist-positions", roles.reorder_hoisted, _guild("role:hoist_positions", 20)),
    Route("DELETE", f"{GUILD}/roles/hoist-positions", roles.reset_hoisted, _guild("role:hoist_reset", 10, 60)),
    Route("PATCH", f"{GUILD}/roles/:role_id", roles.edit, _guild("role:update", 20)),
    Route("DELETE", f"{GUILD}/roles/:role_id", roles.delete, _guild("role:delete", 10, 60)),
    Route("GET", f"{GUILD}/members", people.members, _guild("members", 40)),
    Route("GET", f"{GUILD}/members/:user_id", people.member, _guild("members", 40)),
    Route("PUT", f"{GUILD}/members/:user_id/roles/:role_id", roles.give, _guild("member:role:add", 20)),
    Route("DELETE", f"{GUILD}/members/:user_id/roles/:role_id", roles.take, _guild("member:role:remove", 20)),
    Route("GET", f"{GUILD}/emojis", expressions.list_emojis, _guild("emojis:list", 60)),
    Route("POST", f"{GUILD}/emojis/bulk", expressions.create_emojis, _guild("emoji:bulk_create", 6, 60)),
    Route("PATCH", f"{GUILD}/emojis/:emoji_id", expressions.rename_emoji, _guild("emoji:update", 20)),
    Route("GET", f"{GUILD}/stickers", expressions.list_stickers, _guild("sticker:list", 60)),
    Route("POST", f"{GUILD}/stickers/bulk", expressions.create_stickers, _guild("sticker:bulk_create", 6, 60)),
    Route("PATCH", f"{GUILD}/stickers/:sticker_id", expressions.edit_sticker, _guild("sticker:update", 20)),
    Route("GET", f"{GUILD}/webhooks", webhooks.list_of_guild, Bucket("webhook:list:guild", 40, 10, "guild_id")),
    Route("GET", f"{GUILD}/invites", people.invites, Bucket("invite:list:guild", 40, 10, "guild_id")),
    Route("GET", CHANNEL, channels.get, _channel("read", 100)),
    Route("PATCH", CHANNEL, channels.edit, _CHANNEL_UPDATE),
    Route("DELETE", CHANNEL, channels.delete, _channel("delete", 20)),
    Route("PUT", f"{CHANNEL}/permissions/:overwrite_id", channels.put_overwrite, _CHANNEL_UPDATE),
    Route("DELETE", f"{CHANNEL}/permissions/:overwrite_id", channels.delete_overwrite, _CHANNEL_UPDATE),
    Route("GET", f"{CHANNEL}/invites", people.invites, Bucket("invite:list:channel", 40, 10, "channel_id")),
    Route("POST", f"{CHANNEL}/invites", people.create_invite, Bucket("invite:create", 20, 60, "channel_id")),
    Route("POST", f"{CHANNEL}/typing", messages.typing, _channel("typing", 20)),
    Route("GET", f"{CHANNEL}/webhooks", webhooks.list_of_channel, Bucket("webhook:list:channel", 40, 10, "channel_id")),
    Route("POST", f"{CHANNEL}/webhooks", webhooks.create, Bucket("webhook:create", 10, 60, "channel_id")),
    Route("GET", f"{CHANNEL}/messages", message_history.page, _channel("messages:read", 100)),
    Route("POST", f"{CHANNEL}/messages", messages.create, _channel("message:create", 20)),
    Route("GET", f"{CHANNEL}/messages/pins", pins.list_of_channel, _PINS),
    Route("POST", f"{CHANNEL}/messages/bulk-delete", messages.bulk_delete, _channel("message:bulk_delete", 10)),
    Route("PUT", f"{CHANNEL}/pins/:message_id", pins.pin, _PINS),
    Route("DELETE", f"{CHANNEL}/pins/:message_id", pins.unpin, _PINS),
    Route("GET", MESSAGE, message_history.get, _channel("message:read", 100)),
    Route("PATCH", MESSAGE, messages.edit, _channel("message:update", 20)),
    Route("DELETE", MESSAGE, messages.delete, _channel("message:delete", 20)),
    Route("DELETE", REACTION, reactions.remove_all, _REACTIONS),
    Route("GET", f"{REACTION}/:emoji", reactions.who, _REACTIONS),
    Route("DELETE", f"{REACTION}/:emoji", reactions.remove_emoji, _REACTIONS),
    Route("PUT", f"{REACTION}/:emoji/@me", reactions.add, _REACTIONS),
    Route("DELETE", f"{REACTION}/:emoji/@me", reactions.remove_mine, _REACTIONS),
    Route("DELETE", f"{REACTION}/:emoji/:user_id", reactions.remove_of_user, _REACTIONS),
    Route("GET", WEBHOOK, webhooks.get, _WEBHOOK_READ),
    Route("PATCH", WEBHOOK, webhooks.edit, _WEBHOOK_UPDATE),
    Route("DELETE", WEBHOOK, webhooks.delete, _WEBHOOK_DELETE),
    Route("GET", f"{WEBHOOK}/:token", webhooks.get_by_token, _WEBHOOK_READ, needs_user=False),
    Route("PATCH", f"{WEBHOOK}/:token", webhooks.edit_by_token, _WEBHOOK_UPDATE, needs_user=False),
    Route("DELETE", f"{WEBHOOK}/:token", webhooks.delete_by_token, _WEBHOOK_DELETE, needs_user=False),
    Route("POST", f"{WEBHOOK}/:token", webhooks.execute, _WEBHOOK_EXECUTE, needs_user=False),
]

_FEBRUARY_2026 = [
    Route("PATCH", f"{GUILD}/text-channel-flexible-names", guilds.set_flexible_names, _guild("update", 20)),
    Route("POST", f"{GUILD}/emojis", expressions.create_emoji, _guild("emoji:create", 20)),
    Route("DELETE", f"{GUILD}/emojis/:emoji_id", expressions.delete_emoji, _guild("emoji:delete", 20)),
    Route("POST", f"{GUILD}/stickers", expressions.create_sticker, _guild("sticker:create", 20)),
    Route("DELETE", f"{GUILD}/stickers/:sticker_id", expressions.delete_sticker, _guild("sticker:delete", 20)),
]

_UPLOADS = _channel("attachment:upload", 10)
_CURRENT = [
    Route("GET", "/openapi.json", instance.openapi, Bucket("instance:info", 60, 60), needs_user=False),
    Route("POST", f"{GUILD}/emojis", expressions.create_emoji, _guild("emoji:create", 10, 30)),
    Route("DELETE", f"{GUILD}/emojis/:emoji_id", expressions.delete_emoji, _guild("emoji:delete", 10, 30)),
    Route("POST", f"{GUILD}/stickers", expressions.create_sticker, _guild("sticker:create", 10, 30)),
    Route("DELETE", f"{GUILD}/stickers/:sticker_id", expressions.delete_sticker, _guild("sticker:delete", 10, 30)),
    Route("GET", f"{REACTION}/:emoji/users", reactions.users, _REACTIONS),
    Route("POST", "/attachments/refresh-urls", media.refresh, Bucket("attachment:refresh_urls", 20, 10)),
    Route("POST", f"{CHANNEL}/attachments", uploads.create, _UPLOADS),
    Route("POST", f"{CHANNEL}/attachments/complete", uploads.complete, _UPLOADS),
    Route("GET", WEBHOOK_MESSAGE, webhook_messages.get, _by_token("message_get", 60), needs_user=False),
    Route("PATCH", WEBHOOK_MESSAGE, webhook_messages.edit, _by_token("message_edit", 30), needs_user=False),
    Route("DELETE", WEBHOOK_MESSAGE, webhook_messages.delete, _by_token("message_delete", 30), needs_user=False),
]

_THREAD_START = _channel("thread:create", 10)
_ARCHIVED = _channel("threads:archived:list", 20)
_TAGS = _channel("forum_tags", 10)
_PRIVATE = "threads/archived/private"
_MEMBERS = f"{CHANNEL}/thread-members"
_THREADS = [
    Route("GET", f"{GUILD}/threads/active", thread_lists.active, _guild("threads:active", 5)),
    Route("POST", f"{MESSAGE}/threads", threads.start_from_message, _THREAD_START),
    Route("POST", f"{CHANNEL}/threads", threads.start, _THREAD_START),
    Route("GET", f"{CHANNEL}/threads/archived/public", thread_lists.archived_public, _ARCHIVED),
    Route("GET", f"{CHANNEL}/{_PRIVATE}", thread_lists.archived_private, _ARCHIVED),
    Route("GET", f"{CHANNEL}/users/@me/{_PRIVATE}", thread_lists.archived_joined, _ARCHIVED),
    Route("GET", _MEMBERS, thread_lists.members, _channel("thread:members:list", 20)),
    Route("GET", f"{_MEMBERS}/:user_id", thread_lists.member, _channel("thread:member:get", 40)),
    Route("PUT", f"{_MEMBERS}/:user_id", thread_lists.add_member, _channel("thread:member:put", 10)),
    Route("DELETE", f"{_MEMBERS}/:user_id", thread_lists.remove_member, _channel("thread:member:delete", 10)),
    Route("POST", f"{CHANNEL}/tags", forums.create_tag, _TAGS),
    Route("PUT", f"{CHANNEL}/tags/:tag_id", forums.edit_tag, _TAGS),
    Route("DELETE", f"{CHANNEL}/tags/:tag_id", forums.delete_tag, _TAGS),
]


def routes_of(generation: Generation) -> list[Route]:
    """The routes that servers of the generation have."""
    aged = _CURRENT if generation.has_rich_webhooks else _FEBRUARY_2026
    return [*_ALWAYS, *aged, *(_THREADS if generation.has_threads else ())]
