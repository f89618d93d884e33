"""Threads and posts of forums: open, change, close, delete."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import channel_payloads
from .calls import NO_CONTENT, Call, Reply, reply
from .channel_payloads import Json
from .community import Community
from .entities import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    DEFAULT,
    FORUM,
    MEDIA,
    NAME_CHANGE,
    PINNED_POST,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    REPLY,
    REQUIRES_TAG,
    TEXT,
    THREAD_CREATED,
    Channel,
    Message,
    Reference,
    Thread,
)
from .errors import ApiError, invalid_channel_type, invalid_field, invalid_format
from .message_input import (
    Draft,
    MessageInput,
    Parts,
    PostInput,
    descriptions_of,
    draft_of,
    input_of,
    is_multipart,
    pair_files,
    read_json,
    receive_parts,
)
from .messages import shown, store_draft, tell
from .text import normalised, utf16_length

MAX_ACTIVE = 1000
MAX_TAGS = 5
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
NEWEST_WITHOUT_NOTICE = 5
MAX_SLOWMODE = 21_600


async def start_from_message(call: Call) -> Reply:
    """POST /channels/:channel_id/messages/:message_id/threads"""
    body = await read_json(call.request, PostInput, is_lenient=False)
    channel = call.open_channel()
    if channel.type not in (TEXT, ANNOUNCEMENT):
        raise invalid_channel_type()
    source = call.message(channel)
    if source.type not in (DEFAULT, REPLY):
        raise invalid_channel_type()
    if source.id in call.community.threads:
        raise ApiError(400, "THREAD_ALREADY_CREATED_FOR_MESSAGE", "A thread has already been created for this message.")
    type = ANNOUNCEMENT_THREAD if channel.type == ANNOUNCEMENT else PUBLIC_THREAD
    thread = _thread_of(body, call.community, channel, source.id, type, call.caller.id)
    call.community.save_thread(thread)
    _announce(call, "THREAD_CREATE", thread, {"newly_created": True})
    tell(call, "MESSAGE_UPDATE", shown(source, call.context))
    if source.id not in call.community.message_ids[channel.id][-NEWEST_WITHOUT_NOTICE:]:
        _leave_notice(call, channel, thread)
    return Reply(201, reply(channel_payloads.thread(thread, call.community)).body)


async def start(call: Call) -> Reply:
    """POST /channels/:channel_id/threads: a thread without a message, or a post with its first one"""
    parts = Parts()
    try:
        if is_multipart(call.request):
            await receive_parts(call.request, call.context.files, parts, call.community.generation)
            body = input_of(parts, PostInput)
        else:
            body = await read_json(call.request, PostInput, is_lenient=False)
        channel = call.open_channel()
        if channel.type in (FORUM, MEDIA):
            return await _post(call, channel, body, parts)
        return _start_bare(call, channel, body)
    finally:
        if parts.uploads:
            await parts.discard(call.context.files)


def _start_bare(call: Call, channel: Channel, body: PostInput) -> Reply:
    allowed = {TEXT: (PUBLIC_THREAD, PRIVATE_THREAD), ANNOUNCEMENT: (ANNOUNCEMENT_THREAD, PUBLIC_THREAD)}
    if channel.type not in allowed:
        raise invalid_channel_type()
    type = PUBLIC_THREAD if body.type is None else body.type
    if type not in allowed[channel.type]:
        raise invalid_format("type")
    thread = _thread_of(body, call.community, channel, call.community.next_id(), type, call.caller.id)
    call.community.save_thread(thread)
    _announce(call, "THREAD_CREATE", thread, {"newly_created": True})
    if type != PRIVATE_THREAD:
        _leave_notice(call, channel, thread)
    return Reply(201, reply(channel_payloads.thread(thread, call.community)).body)


async def _post(call: Call, channel: Channel, body: PostInput, parts: Parts) -> Reply:
    generation = call.community.generation
    if body.type not in (None, PUBLIC_THREAD):
        raise invalid_format("type")
    inner = body.message or MessageInput()
    draft = draft_of(inner, generation)
    draft.files = pair_files(descriptions_of(inner), parts, generation)
    draft.check_content(generation.max_content)
    draft.check_not_empty()
    message = Message(call.community.next_id(), 0, call.caller.id)
    thread = await open_post(call, channel, body, draft, message)
    payload = channel_payloads.thread(thread, call.community) | {"message": shown(message, call.context)}
    return Reply(201, reply(payload).body)


async def open_post(call: Call, forum: Channel, body: PostInput, draft: Draft, message: Message) -> Thread:
    """Make the message the first one of a new post; it gets its channel, the post its id."""
    thread = _thread_of(body, call.community, forum, message.id, PUBLIC_THREAD, message.author_id)
    message.channel_id = thread.id
    await store_draft(message, draft, call.context, thread)
    _announce(call, "THREAD_CREATE", thread, {"newly_created": True})
    tell(call, "MESSAGE_CREATE", shown(message, call.context))
    return thread


async def edit(call: Call, thread: Thread) -> Reply:
    """PATCH /channels/:channel_id of a thread; an archived one changes only together with its return"""
    fields = await call.fields()
    name, is_archived, is_locked = fields.text("name", 1, 100), fields.boolean("archived"), fields.boolean("locked")
    minutes = fields.integer("auto_archive_duration", 60, 10_080)
    rate_limit, flags = fields.integer("rate_limit_per_user", 0, MAX_SLOWMODE), fields.integer("flags", 0, 2**31 - 1)
    is_invitable, tags = fields.boolean("invitable"), fields.strings("applied_tags", MAX_TAGS, 20)
    if minutes is not None and minutes not in ARCHIVE_MINUTES:
        fields.refuse("auto_archive_duration")
    fields.check()
    parent = call.community.channels[thread.parent_id]
    other = (name, minutes, rate_limit, flags, is_invitable, tags)
    if thread.is_archived and is_archived is not False and any(value is not None for value in other):
        raise ApiError(400, "THREAD_ARCHIVED", "This thread is archived.")
    chosen = None if tags is None else tags_of(parent, tags)
    if flags is not None:
        _check_pin(call.community, thread, flags)
    if is_archived is False and thread.is_archived:
        _check_room(call.community)
    if is_archived is not None and is_archived != thread.is_archived:
        thread.is_archived, thread.archived_at = is_archived, call.community.now_iso()
    renamed = name is not None and name != thread.name
    thread.name = name or thread.name
    thread.is_locked = thread.is_locked if is_locked is None else is_locked
    thread.auto_archive_minutes = minutes or thread.auto_archive_minutes
    thread.rate_limit_per_user = thread.rate_limit_per_user if rate_limit is None else rate_limit
    thread.flags = thread.flags if flags is None else flags & PINNED_POST
    thread.is_invitable = thread.is_invitable if is_invitable is None else is_invitable
    thread.tags = thread.tags if chosen is None else chosen
    call.community.save_thread(thread)
    if renamed:
        notice = Message(call.community.next_id(), thread.id, call.caller.id, thread.name, type=NAME_CHANGE)
        call.community.save_message(notice)
        tell(call, "MESSAGE_CREATE", shown(notice, call.context))
    return reply(_announce(call, "THREAD_UPDATE", thread))


async def delete(call: Call, thread: Thread) -> Reply:
    """DELETE /channels/:channel_id of a thread"""
    call.community.remove_thread(thread)
    await call.context.files.remove("attachments", str(thread.id))
    where = {"id": str(thread.id), "guild_id": str(call.community.guild.id), "parent_id": str(thread.parent_id)}
    call.context.gateway.dispatch("THREAD_DELETE", where | {"type": thread.type})
    return NO_CONTENT


def tags_of(forum: Channel, wanted: Sequence[str | int]) -> list[int]:
    """The ids of tags that the forum has."""
    if len(wanted) > MAX_TAGS:
        raise invalid_format("applied_tags")
    known = {str(tag.id): tag.id for tag in forum.tags}
    chosen = [known.get(str(id)) for id in wanted]
    if any(id is None for id in chosen):
        raise ApiError(404, "UNKNOWN_FORUM_TAG", "Forum tag wasn't found.")
    if forum.flags & REQUIRES_TAG and not chosen:
        raise ApiError(400, "FORUM_TAG_REQUIRED", "A tag is required to create a post in this channel.")
    return [id for id in dict.fromkeys(chosen) if id is not None]


def _thread_of(body: PostInput, community: Community, parent: Channel, id: int, type: int, owner_id: int) -> Thread:
    name = normalised(body.name)
    if not 1 <= utf16_length(name) <= 100:
        raise invalid_field("name", "STRING_LENGTH_INVALID", "String length must be between 1 and 100 characters.")
    minutes = body.auto_archive_duration
    if minutes is not None and minutes not in ARCHIVE_MINUTES:
        raise invalid_format("auto_archive_duration")
    if not 0 <= (body.rate_limit_per_user or 0) <= MAX_SLOWMODE:
        raise invalid_format("rate_limit_per_user")
    _check_room(community)
    now = community.now_iso()
    return Thread(
        id=id,
        type=type,
        name=sys.intern(name),
        parent_id=parent.id,
        owner_id=owner_id,
        created_at=now,
        archived_at=now,
        is_invitable=body.invitable is not False,
        auto_archive_minutes=minutes or 4320,
        rate_limit_per_user=body.rate_limit_per_user or parent.thread_rate_limit_per_user or 0,
        tags=tags_of(parent, body.applied_tags or ()) if parent.type in (FORUM, MEDIA) else [],
        members={owner_id: now},
    )


def _check_room(community: Community) -> None:
    if sum(not thread.is_archived for thread in community.threads.values()) >= MAX_ACTIVE:
        raise ApiError(400, "MAX_ACTIVE_THREADS", "You've reached the maximum of active threads.")


def _check_pin(community: Community, thread: Thread, flags: int) -> None:
    is_post = community.channels[thread.parent_id].type in (FORUM, MEDIA)
    others = [other for other in community.threads.values() if other.parent_id == thread.parent_id and other != thread]
    if flags & PINNED_POST and (not is_post or any(other.flags & PINNED_POST for other in others)):
        raise ApiError(400, "MAX_PINNED_THREADS_IN_FORUM", "Only one thread can be pinned in a forum.")


def _leave_notice(call: Call, channel: Channel, thread: Thread) -> None:
    """Say in the channel that a thread has begun."""
    notice = Message(call.community.next_id(), channel.id, call.caller.id, thread.name, type=THREAD_CREATED)
    notice.reference = Reference(thread.id, 0, call.community.guild.id)
    call.community.save_message(notice)
    tell(call, "MESSAGE_CREATE", shown(notice, call.context))


def _announce(call: Call, event: str, thread: Thread, extra: Json | None = None) -> Json:
    payload = channel_payloads.thread(thread, call.community)
    call.context.gateway.dispatch(event, payload | (extra or {}))
    return payload
