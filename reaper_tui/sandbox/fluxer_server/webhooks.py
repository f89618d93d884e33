"""Webhooks: create, list, change, delete, execute."""

from __future__ import annotations

import hmac
import secrets
import sys

from . import payloads
from .avatars import EXTENSIONS, image_hash
from .calls import NO_CONTENT, Call, Reply, reply
from .community import Community
from .embeds import text, url
from .entities import FORUM, MEDIA, Channel, Message, Place, Thread, Webhook
from .errors import (
    ApiError,
    invalid_channel_type,
    invalid_image,
    limit_reached,
    thread_locked,
    unknown_channel,
    unknown_webhook,
)
from .fields import Fields
from .images import picture_of
from .message_input import (
    FORWARD,
    Draft,
    Parts,
    PostInput,
    WebhookInput,
    descriptions_of,
    draft_of,
    input_of,
    is_multipart,
    pair_files,
    read_json,
    receive_parts,
)
from .messages import check_forward, earlier_message, refer, shown, sticker_item, store_draft, tell, wake
from .text import normalised, utf16_length
from .threads import open_post

MAX_PER_GUILD = 1000
TOKEN_BYTES = 48


async def list_of_channel(call: Call) -> Reply:
    """GET /channels/:channel_id/webhooks"""
    channel = call.open_channel()
    return reply([_shown(call, hook) for hook in call.community.webhooks.values() if hook.channel_id == channel.id])


async def list_of_guild(call: Call) -> Reply:
    """GET /guilds/:guild_id/webhooks"""
    call.guild()
    return reply([_shown(call, hook) for hook in call.community.webhooks.values()])


async def create(call: Call) -> Reply:
    """POST /channels/:channel_id/webhooks"""
    fields = await call.fields()
    name = _name(fields, is_required=True)
    image = fields.image("avatar")
    fields.check()
    channel = call.open_channel()
    if channel.type not in call.community.generation.webhook_types:
        raise invalid_channel_type()
    _check_room(call.community, channel.id)
    assert name is not None
    token = secrets.token_urlsafe(TOKEN_BYTES).replace("-", "a").replace("_", "b")
    webhook = Webhook(call.community.next_id(), channel.id, name, token, call.caller.id)
    webhook.avatar = await _avatar(call, webhook.id, image)
    call.community.save_webhook(webhook)
    _announce(call, channel.id)
    return reply(_shown(call, webhook))


async def get(call: Call) -> Reply:
    """GET /webhooks/:webhook_id"""
    return reply(_shown(call, _webhook(call)))


async def get_by_token(call: Call) -> Reply:
    """GET /webhooks/:webhook_id/:token"""
    return reply(payloads.webhook(webhook_by_token(call), call.community))


async def edit(call: Call) -> Reply:
    """PATCH /webhooks/:webhook_id"""
    fields = await call.fields()
    name = _name(fields)
    image = fields.image("avatar")
    channel_id = fields.snowflake("channel_id")
    fields.check()
    webhook = _webhook(call)
    if channel_id is not None and channel_id != webhook.channel_id:
        if channel_id not in call.community.channels:
            raise unknown_channel()
        _check_room(call.community, channel_id)
    await _change(call, webhook, fields, name, image, channel_id)
    return reply(_shown(call, webhook))


async def edit_by_token(call: Call) -> Reply:
    """PATCH /webhooks/:webhook_id/:token"""
    fields = await call.fields()
    name = _name(fields)
    image = fields.image("avatar")
    fields.check()
    webhook = webhook_by_token(call)
    await _change(call, webhook, fields, name, image)
    return reply(payloads.webhook(webhook, call.community))


async def delete(call: Call) -> Reply:
    """DELETE /webhooks/:webhook_id"""
    return _remove(call, _webhook(call))


async def delete_by_token(call: Call) -> Reply:
    """DELETE /webhooks/:webhook_id/:token"""
    return _remove(call, webhook_by_token(call))


async def execute(call: Call) -> Reply:
    """POST /webhooks/:webhook_id/:token"""
    parts, generation = Parts(), call.community.generation
    try:
        if is_multipart(call.request):
            webhook_by_token(call)
            await receive_parts(call.request, call.context.files, parts, generation)
            body = input_of(parts, WebhookInput)
            draft = draft_of(body, generation)
            draft.files = pair_files(descriptions_of(body), parts, generation)
        else:
            body = await read_json(call.request, WebhookInput, is_lenient=True)
            draft = draft_of(body, generation)
        return await _send(call, body, draft)
    finally:
        if parts.uploads:
            await parts.discard(call.context.files)


async def _send(call: Call, body: WebhookInput, draft: Draft) -> Reply:
    """Store the message; what webhooks of the generation do not heed is dropped without a word."""
    username = None if body.username is None else text(body.username, 80)
    avatar_url = None if body.avatar_url is None else url(body.avatar_url)
    webhook = webhook_by_token(call)
    generation = call.community.generation
    place = target_of(call, webhook, body)
    draft.check_content(generation.max_content)
    reference = draft.reference if generation.has_rich_webhooks else None
    if reference is not None and reference.type == FORWARD:
        check_forward(draft)
    else:
        draft.check_not_empty()
    nonce = draft.nonce if _heeds_nonces(call) else None
    earlier = earlier_message(call.community, webhook.id, place.id, nonce)
    if earlier is not None:
        return reply(shown(earlier, call.context))
    avatar = None if avatar_url is None else await call.context.avatars.hash_of(webhook.id, avatar_url)
    message = Message(
        call.community.next_id(),
        place.id,
        webhook.user_id,
        webhook_id=webhook.id,
        author_name=sys.intern(username or webhook.name),
        author_avatar=avatar or webhook.avatar,
        nonce=nonce,
    )
    if reference is not None:
        refer(call.community, place.id, message, reference)
    if generation.has_rich_webhooks:
        message.stickers = tuple(sticker_item(call.community, sticker_id) for sticker_id in draft.sticker_ids)
    if isinstance(place, Channel) and place.type in (FORUM, MEDIA):
        post = PostInput(body.thread_name or "", applied_tags=body.applied_tags)
        await open_post(call, place, post, draft, message)
    else:
        wake(call, place)
        await store_draft(message, draft, call.context)
    if nonce is not None:
        call.community.remember_nonce(message)
    waits = call.request.query.get("wait") in ("true", "True", "1")
    if not waits and not call.context.gateway.has_listeners:
        return NO_CONTENT
    payload = shown(message, call.context)
    if body.thread_name is None or not generation.has_threads:
        tell(call, "MESSAGE_CREATE", payload)
    return reply(payload) if waits else NO_CONTENT


def place_of_message(call: Call, webhook: Webhook) -> Place:
    """The webhook's channel, or the thread there that the query names."""
    channel = call.community.channels[webhook.channel_id]
    wanted = call.request.query.get("thread_id")
    if wanted is None or not call.community.generation.has_threads:
        return channel
    thread = call.community.threads.get(int(wanted)) if wanted.isdecimal() else None
    if thread is None or thread.parent_id != channel.id:
        raise unknown_channel()
    return thread


def target_of(call: Call, webhook: Webhook, body: WebhookInput) -> Place:
    """Where a message of the webhook is to stand: a forum stands for a new post in it."""
    place = place_of_message(call, webhook)
    if not call.community.generation.has_threads:
        return place
    channel = call.community.channel_of(place)
    is_forum, has_name = channel.type in (FORUM, MEDIA), body.thread_name is not None
    if has_name and not is_forum:
        message = "A thread name needs a forum."
        raise ApiError(400, "WEBHOOK_THREAD_NAME_REQUIRES_FORUM", message)
    if is_forum and isinstance(place, Thread) and has_name:
        raise ApiError(400, "WEBHOOK_FORUM_TARGET_CONFLICT", "Either a thread or a thread name, not both.")
    if is_forum and not isinstance(place, Thread) and not has_name:
        raise ApiError(400, "WEBHOOK_FORUM_TARGET_REQUIRED", "A forum needs a thread or a thread name.")
    if isinstance(place, Thread) and place.is_locked:
        raise thread_locked()
    return place


def _heeds_nonces(call: Call) -> bool:
    server = call.context.server
    return server.honours_webhook_nonces or (call.community.generation.has_rich_webhooks and not server.ignores_nonces)


def _name(fields: Fields, *, is_required: bool = False) -> str | None:
    value = fields.text("name", 0, 100_000, is_required=is_required)
    if value is None:
        return None
    clean = normalised(value)
    if not 1 <= utf16_length(clean) <= 80:
        fields.refuse("name", "WEBHOOK_NAME_LENGTH_INVALID", "Webhook name must be between 1 and 80 characters.")
    return clean


def _check_room(community: Community, channel_id: int) -> None:
    """Refuse a 16th webhook in a channel and a 1001st in the guild."""
    most = community.generation.limits.max_webhooks_per_channel
    if sum(hook.channel_id == channel_id for hook in community.webhooks.values()) >= most:
        raise limit_reached("MAX_WEBHOOKS_PER_CHANNEL", "webhooks per channel", max_webhooks_per_channel=most)
    if len(community.webhooks) >= MAX_PER_GUILD:
        raise limit_reached("MAX_WEBHOOKS_PER_GUILD", "webhooks per guild", max_webhooks_per_guild=MAX_PER_GUILD)


async def _avatar(call: Call, webhook_id: int, image: bytes | None) -> str | None:
    if image is None:
        return None
    picture = picture_of(image)
    if picture is None:
        raise invalid_image("avatar", EXTENSIONS)
    hash = image_hash(image, is_animated=picture.is_animated)
    await call.context.files.save(image, "avatars", str(webhook_id), hash.removeprefix("a_"))
    return hash


async def _change(
    call: Call, webhook: Webhook, fields: Fields, name: str | None, image: bytes | None, channel_id: int | None = None
) -> None:
    if fields.has("avatar"):
        webhook.avatar = await _avatar(call, webhook.id, image)
    webhook.name = name or webhook.name
    webhook.channel_id = channel_id or webhook.channel_id
    call.community.save_webhook(webhook)
    _announce(call, webhook.channel_id)


def _remove(call: Call, webhook: Webhook) -> Reply:
    call.community.remove_webhook(webhook)
    _announce(call, webhook.channel_id)
    return NO_CONTENT


def _webhook(call: Call) -> Webhook:
    webhook = call.community.webhooks.get(call.snowflake("webhook_id"))
    if webhook is None:
        raise unknown_webhook()
    return webhook


def webhook_by_token(call: Call) -> Webhook:
    """The webhook of the path, for whoever knows its token."""
    webhook = _webhook(call)
    if not hmac.compare_digest(webhook.token.encode(), call.parameters["token"].encode()):
        raise unknown_webhook()
    return webhook


def _shown(call: Call, webhook: Webhook) -> payloads.Json:
    return payloads.webhook(webhook, call.community, call.community.users[webhook.user_id])


def _announce(call: Call, channel_id: int) -> None:
    where = {"guild_id": str(call.community.guild.id), "channel_id": str(channel_id)}
    call.context.gateway.dispatch("WEBHOOKS_UPDATE", where)
