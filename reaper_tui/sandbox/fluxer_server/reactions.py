"""Reactions below messages."""

from __future__ import annotations

import re

from . import payloads
from .calls import NO_CONTENT, Call, Reply, reply
from .entities import Message, Reaction
from .errors import invalid_field, limit_reached, unknown_user
from .messages import check_open

MAX_DISTINCT = 30
MAX_PAGE = 100
_CUSTOM = re.compile(r"(?P<name>\w{1,32}):(?P<id>\d+)", re.ASCII)
_SYMBOL = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_MODIFIERS = "[\ufe0f\U0001f3fb-\U0001f3ff]*"
_UNICODE = re.compile(
    f"(?:[#*0-9]\ufe0f?\u20e3"
    f"|[\U0001f1e6-\U0001f1ff]{{2}}"
    f"|\U0001f3f4[\U000e0020-\U000e007f]+"
    f"|{_SYMBOL}{_MODIFIERS}(?:\u200d{_SYMBOL}{_MODIFIERS})*)"
)


async def who(call: Call) -> Reply:
    """GET /channels/:channel_id/messages/:message_id/reactions/:emoji"""
    message = call.message(call.place())
    reaction = _find(message, call.parameters["emoji"])
    users = [] if reaction is None else reaction.users[:MAX_PAGE]
    return reply([payloads.user(call.community.users[user_id]) for user_id in users])


async def users(call: Call) -> Reply:
    """GET /channels/:channel_id/messages/:message_id/reactions/:emoji/users, by id"""
    limit, after = call.request.query.get("limit", "25"), call.request.query.get("after", "0")
    if not limit.isdecimal() or not 1 <= int(limit) <= MAX_PAGE or not after.isdecimal():
        message = "The value for `limit` must be an integer between 1 and 100."
        raise invalid_field("limit", "VALUE_MUST_BE_INTEGER_IN_RANGE", message)
    reaction = _find(call.message(call.place()), call.parameters["emoji"])
    found = sorted(user_id for user_id in (reaction.users if reaction is not None else ()) if user_id > int(after))
    page = found[: int(limit)]
    items = [payloads.user(call.community.users[user_id]) for user_id in page]
    has_more = len(found) > len(page)
    return reply({"items": items, "has_more": has_more, "next_after": str(page[-1]) if has_more else None})


async def add(call: Call) -> Reply:
    """PUT /channels/:channel_id/messages/:message_id/reactions/:emoji/@me"""
    message = _changeable(call)
    emoji = call.parameters["emoji"]
    reaction = _find(message, emoji)
    if reaction is None:
        reaction = _new(call, emoji)
        if len(message.reactions) >= MAX_DISTINCT:
            raise limit_reached("MAX_REACTIONS", "reactions")
        message.reactions = (*message.reactions, reaction)
    if call.caller.id not in reaction.users:
        reaction.users.append(call.caller.id)
        call.community.save_message(message)
        _announce(call, "MESSAGE_REACTION_ADD", message, reaction)
    return NO_CONTENT


async def remove_mine(call: Call) -> Reply:
    """DELETE /channels/:channel_id/messages/:message_id/reactions/:emoji/@me"""
    _remove(call, call.caller.id)
    return NO_CONTENT


async def remove_of_user(call: Call) -> Reply:
    """DELETE /channels/:channel_id/messages/:message_id/reactions/:emoji/:user_id"""
    user_id = call.snowflake("user_id")
    if user_id not in call.community.users:
        raise unknown_user()
    _remove(call, user_id)
    return NO_CONTENT


async def remove_emoji(call: Call) -> Reply:
    """DELETE /channels/:channel_id/messages/:message_id/reactions/:emoji"""
    message = _changeable(call)
    reaction = _find(message, call.parameters["emoji"])
    if reaction is not None:
        message.reactions = tuple(item for item in message.reactions if item is not reaction)
        call.community.save_message(message)
        _announce(call, "MESSAGE_REACTION_REMOVE_EMOJI", message, reaction)
    return NO_CONTENT


async def remove_all(call: Call) -> Reply:
    """DELETE /channels/:channel_id/messages/:message_id/reactions"""
    message = _changeable(call)
    message.reactions = ()
    call.community.save_message(message)
    _announce(call, "MESSAGE_REACTION_REMOVE_ALL", message, None)
    return NO_CONTENT


def _changeable(call: Call) -> Message:
    place = call.place()
    check_open(place)
    return call.message(place)


def _find(message: Message, emoji: str) -> Reaction | None:
    custom = _CUSTOM.fullmatch(emoji)
    id = None if custom is None else int(custom["id"])
    return next((r for r in message.reactions if r.id == id and (id is not None or r.name == emoji)), None)


def _new(call: Call, emoji: str) -> Reaction:
    custom = _CUSTOM.fullmatch(emoji)
    if custom is not None:
        known = call.community.emojis.get(int(custom["id"]))
        if known is None:
            raise invalid_field("emoji", "CUSTOM_EMOJI_NOT_FOUND", "Custom emoji wasn't found.")
        return Reaction(known.name, known.id, known.is_animated, [])
    if not _UNICODE.fullmatch(emoji):
        raise invalid_field("emoji", "NOT_A_VALID_UNICODE_EMOJI", "Not a valid unicode emoji.")
    return Reaction(emoji, None, False, [])


def _remove(call: Call, user_id: int) -> None:
    message = _changeable(call)
    reaction = _find(message, call.parameters["emoji"])
    if reaction is not None and user_id in reaction.users:
        reaction.users.remove(user_id)
        message.reactions = tuple(item for item in message.reactions if item.users)
        call.community.save_message(message)
        _announce(call, "MESSAGE_REACTION_REMOVE", message, reaction)


def _announce(call: Call, event: str, message: Message, reaction: Reaction | None) -> None:
    where: payloads.Json = {
        "guild_id": str(call.community.guild.id),
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "user_id": str(call.caller.id),
    }
    if reaction is not None:
        where["emoji"] = {"id": None if reaction.id is None else str(reaction.id), "name": reaction.name}
    call.context.gateway.dispatch(event, where)
