"""Messages read back: pages of a channel or thread, and single ones."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from . import payloads
from .calls import Call, Reply, reply
from .entities import THREAD_STARTER, Message, Reference, Thread
from .errors import invalid_field
from .messages import MAX_PAGE, shown


async def page(call: Call) -> Reply:
    """GET /channels/:channel_id/messages, newest first"""
    query = call.request.query
    limit = query.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= MAX_PAGE:
        message = "The value for `limit` must be an integer between 1 and 100."
        raise invalid_field("limit", "VALUE_MUST_BE_INTEGER_IN_RANGE", message)
    bounds = {name: _bound(name, query.get(name)) for name in ("before", "after", "around")}
    channel = call.open_place()
    ids = call.community.message_ids.get(channel.id, [])
    chosen = _window(ids, int(limit), **bounds)
    messages = [call.community.messages[id] for id in reversed(chosen)]
    found = [shown(message, call.context, with_reactions=True) for message in messages]
    if isinstance(channel, Thread) and len(found) < int(limit) and (not chosen or chosen[0] == ids[0]):
        found += _starter(call, channel, bounds["before"], bounds["after"])
    return reply(found)


def _starter(call: Call, thread: Thread, before: int | None, after: int | None) -> list[payloads.Json]:
    """What stands above a thread that a message began: made when it is read."""
    source = call.community.messages.get(thread.id)
    is_within = (before is None or thread.id < before) and (after is None or thread.id > after)
    if source is None or source.channel_id == thread.id or not is_within:
        return []
    message = Message(thread.id, thread.id, thread.owner_id, type=THREAD_STARTER)
    message.reference = Reference(source.channel_id, source.id, call.community.guild.id)
    return [shown(message, call.context)]


def _bound(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()):
        raise invalid_field(name, "INVALID_SNOWFLAKE_FORMAT", "Invalid snowflake.")
    return int(value)


def _window(ids: list[int], limit: int, before: int | None, after: int | None, around: int | None) -> list[int]:
    """The ids of a page, oldest first; `after` alone gives the newest ones, as the real server does."""
    if around is not None:
        newer = limit // 2
        start = bisect_left(ids, around)
        end = bisect_right(ids, around)
        return (
            ids[max(0, end - (limit - newer)) : end] + ids[end : end + newer]
            if end > start
            else _split(ids, start, limit)
        )
    first = 0 if after is None else bisect_right(ids, after)
    last = len(ids) if before is None else bisect_left(ids, before)
    return ids[max(first, last - limit) : max(first, last)]


def _split(ids: list[int], at: int, limit: int) -> list[int]:
    newer = limit // 2
    return ids[max(0, at - (limit - newer)) : at + newer]


async def get(call: Call) -> Reply:
    """GET /channels/:channel_id/messages/:message_id"""
    place = call.open_place()
    if isinstance(place, Thread) and call.parameters["message_id"] == str(place.id):
        for starter in _starter(call, place, None, None):
            return reply(starter)
    return reply(shown(call.message(place), call.context, with_reactions=True))
