"""Which threads there are, and who takes part in them."""

from __future__ import annotations

from . import channel_payloads
from .calls import NO_CONTENT, Call, Reply, reply
from .entities import CATEGORY, PRIVATE_THREAD, RECIPIENT_ADD, Message, Thread
from .errors import ApiError, invalid_channel_type, invalid_field, unknown_channel, unknown_user
from .messages import shown, tell

MAX_MEMBERS = 1000


async def active(call: Call) -> Reply:
    """GET /guilds/:guild_id/threads/active"""
    call.guild()
    found = [thread for thread in call.community.threads.values() if not thread.is_archived]
    return reply(_listed(call, sorted(found, key=lambda thread: thread.id, reverse=True)))


async def archived_public(call: Call) -> Reply:
    """GET /channels/:channel_id/threads/archived/public"""
    return _archived(call, is_private=False)


async def archived_private(call: Call) -> Reply:
    """GET /channels/:channel_id/threads/archived/private"""
    return _archived(call, is_private=True)


async def archived_joined(call: Call) -> Reply:
    """GET /channels/:channel_id/users/@me/threads/archived/private, by id"""
    limit = _limit(call, 2, 100)
    found = [thread for thread in _closed(call, is_private=True) if call.caller.id in thread.members]
    found.sort(key=lambda thread: thread.id, reverse=True)
    before = call.request.query.get("before")
    if before is not None:
        found = [thread for thread in found if thread.id < int(before or 0)]
    return reply(_listed(call, found[:limit]) | {"has_more": len(found) > limit})


async def members(call: Call) -> Reply:
    """GET /channels/:channel_id/thread-members"""
    thread, limit = _thread(call), _limit(call, 1, 100)
    after = int(call.request.query.get("after") or 0)
    ids = sorted(user_id for user_id in thread.members if user_id > after)
    return reply([channel_payloads.thread_member(thread, user_id) for user_id in ids[:limit]])


async def member(call: Call) -> Reply:
    """GET /channels/:channel_id/thread-members/:user_id"""
    thread, user_id = _thread(call), _user_id(call)
    if user_id not in thread.members:
        raise ApiError(404, "UNKNOWN_THREAD_MEMBER", "Thread member wasn't found.")
    return reply(channel_payloads.thread_member(thread, user_id))


async def add_member(call: Call) -> Reply:
    """PUT /channels/:channel_id/thread-members/:user_id; whoever adds another leaves a notice"""
    thread, user_id = _thread(call), _user_id(call)
    if user_id not in call.community.members:
        raise unknown_user()
    if user_id in thread.members:
        return NO_CONTENT
    if len(thread.members) >= MAX_MEMBERS:
        raise ApiError(400, "MAX_THREAD_MEMBERS", "This thread is full.")
    thread.members[user_id] = call.community.now_iso()
    call.community.save_thread(thread)
    if user_id != call.caller.id:
        notice = Message(call.community.next_id(), thread.id, call.caller.id, f"<@{user_id}>", type=RECIPIENT_ADD)
        notice.mentions = (user_id,)
        call.community.save_message(notice)
        tell(call, "MESSAGE_CREATE", shown(notice, call.context))
    return NO_CONTENT


async def remove_member(call: Call) -> Reply:
    """DELETE /channels/:channel_id/thread-members/:user_id"""
    thread = _thread(call)
    if thread.members.pop(_user_id(call), None) is not None:
        call.community.save_thread(thread)
    return NO_CONTENT


def _thread(call: Call) -> Thread:
    place = call.open_place()
    if not isinstance(place, Thread):
        raise unknown_channel()
    return place


def _user_id(call: Call) -> int:
    return call.caller.id if call.parameters["user_id"] == "@me" else call.snowflake("user_id")


def _limit(call: Call, least: int, most: int) -> int:
    text = call.request.query.get("limit", "50")
    if not text.isdecimal() or not least <= int(text) <= most:
        message = f"The value for `limit` must be an integer between {least} and {most}."
        raise invalid_field("limit", "VALUE_MUST_BE_INTEGER_IN_RANGE", message)
    return int(text)


def _closed(call: Call, *, is_private: bool) -> list[Thread]:
    channel = call.open_channel()
    if channel.type == CATEGORY:
        raise invalid_channel_type()
    return [
        thread
        for thread in call.community.threads.values()
        if thread.parent_id == channel.id and thread.is_archived and (thread.type == PRIVATE_THREAD) is is_private
    ]


def _archived(call: Call, *, is_private: bool) -> Reply:
    limit, before = _limit(call, 2, 100), call.request.query.get("before")
    found = _closed(call, is_private=is_private)
    found.sort(key=lambda thread: (thread.archived_at, thread.id), reverse=True)
    if before is not None:
        found = [thread for thread in found if thread.archived_at < before]
    return reply(_listed(call, found[:limit]) | {"has_more": len(found) > limit})


def _listed(call: Call, threads: list[Thread]) -> channel_payloads.Json:
    bot_id = call.caller.id
    joined = [channel_payloads.thread_member(thread, bot_id) for thread in threads if bot_id in thread.members]
    return {"threads": [channel_payloads.thread(thread, call.community) for thread in threads], "members": joined}
