"""Pinned messages."""

from __future__ import annotations

from .calls import NO_CONTENT, Call, Reply, reply
from .community import Community
from .entities import DEFAULT, PIN_NOTICE, REPLY, Message, Place, Reference
from .errors import ApiError, invalid_format
from .messages import check_open, shown, tell

MAX_PAGE = 50


async def list_of_channel(call: Call) -> Reply:
    """GET /channels/:channel_id/messages/pins, the latest pin first"""
    limit, before = call.request.query.get("limit", str(MAX_PAGE)), call.request.query.get("before")
    if not limit.isdecimal() or not 1 <= int(limit) <= MAX_PAGE:
        raise invalid_format("limit")
    channel = call.place()
    pinned = last_pinned_first(call.community, channel.id)
    if before is not None:
        pinned = [message for message in pinned if (message.pinned_at or "") < before]
    page = pinned[: int(limit)]
    items = [{"message": shown(message, call.context), "pinned_at": message.pinned_at} for message in page]
    return reply({"items": items, "has_more": len(pinned) > len(page)})


def last_pinned_first(community: Community, place_id: int) -> list[Message]:
    """The pinned messages of a channel or thread."""
    pinned = [community.messages[id] for id in community.pinned_ids.get(place_id, ())]
    return sorted(pinned, key=lambda message: (message.pinned_at or "", message.id), reverse=True)


async def pin(call: Call) -> Reply:
    """PUT /channels/:channel_id/pins/:message_id; leaves a notice in the channel"""
    channel = call.place()
    check_open(channel)
    message = call.message(channel)
    if message.type not in (DEFAULT, REPLY):
        raise ApiError(400, "CANNOT_MODIFY_SYSTEM_WEBHOOK", "You can't edit system messages.")
    if message.pinned_at is not None:
        return NO_CONTENT
    message.pinned_at = call.community.now_iso()
    call.community.pinned_ids.setdefault(channel.id, set()).add(message.id)
    call.community.save_message(message)
    channel.last_pin_timestamp = message.pinned_at
    call.community.save_place(channel)
    notice = Message(call.community.next_id(), channel.id, call.caller.id, type=PIN_NOTICE)
    notice.reference = Reference(channel.id, message.id)
    call.community.save_message(notice)
    _announce(call, channel)
    tell(call, "MESSAGE_CREATE", shown(notice, call.context))
    return NO_CONTENT


async def unpin(call: Call) -> Reply:
    """DELETE /channels/:channel_id/pins/:message_id"""
    channel = call.place()
    check_open(channel)
    message = call.message(channel)
    if message.pinned_at is not None:
        message.pinned_at = None
        call.community.pinned_ids[channel.id].discard(message.id)
        call.community.save_message(message)
        _announce(call, channel)
    return NO_CONTENT


def _announce(call: Call, channel: Place) -> None:
    where = {"channel_id": str(channel.id), "guild_id": str(call.community.guild.id)}
    pinned_at = {"last_pin_timestamp": channel.last_pin_timestamp}
    call.context.gateway.dispatch("CHANNEL_PINS_UPDATE", where | pinned_at)
