"""Messages of a webhook, read, changed and deleted by whoever knows its token."""

from __future__ import annotations

from .calls import NO_CONTENT, Call, Reply, reply
from .entities import Message
from .errors import missing_permissions, unknown_message
from .message_input import WebhookInput, draft_of, read_json
from .messages import change_message, check_editable, check_open, forget, shown, tell
from .webhooks import place_of_message, webhook_by_token


async def get(call: Call) -> Reply:
    """GET /webhooks/:webhook_id/:token/messages/:message_id"""
    return reply(shown(_own(call), call.context, with_reactions=True))


async def edit(call: Call) -> Reply:
    """PATCH /webhooks/:webhook_id/:token/messages/:message_id: text, embeds and flags; name, picture and files stay"""
    body = await read_json(call.request, WebhookInput, is_lenient=True)
    draft = draft_of(body, call.community.generation)
    message = _own(call)
    check_open(place_of_message(call, webhook_by_token(call)))
    check_editable(message)
    if draft.flags is None:
        draft.check_not_empty()
    change_message(call, message, draft, message.attachments)
    payload = shown(message, call.context)
    tell(call, "MESSAGE_UPDATE", payload)
    return reply(payload)


async def delete(call: Call) -> Reply:
    """DELETE /webhooks/:webhook_id/:token/messages/:message_id"""
    message = _own(call)
    await forget(call, [message])
    where = {"channel_id": str(message.channel_id), "guild_id": str(call.community.guild.id), "id": str(message.id)}
    call.context.gateway.dispatch("MESSAGE_DELETE", where)
    return NO_CONTENT


def _own(call: Call) -> Message:
    """The message of the path, which the webhook must have written where it, or the named thread, is now."""
    webhook = webhook_by_token(call)
    place = place_of_message(call, webhook)
    message = call.community.messages.get(call.snowflake("message_id"))
    if message is None or message.channel_id != place.id:
        raise unknown_message()
    if message.webhook_id != webhook.id:
        raise missing_permissions()
    return message
