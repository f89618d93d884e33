"""Messages: send, read back, edit, delete."""

from __future__ import annotations

from . import attachments, channel_payloads, payloads
from .calls import NO_CONTENT, Call, Context, Reply, reply
from .community import Community
from .embeds import link_uploads
from .entities import (
    DEFAULT,
    REPLY,
    Attachment,
    Channel,
    Message,
    Place,
    Reference,
    Snapshot,
    StickerItem,
    Thread,
)
from .errors import (
    ApiError,
    empty_message,
    invalid_field,
    invalid_message_data,
    thread_archived,
    unknown_channel,
    unknown_message,
)
from .generation import Generation
from .mentions import mentions_of
from .message_input import (
    FORWARD,
    Draft,
    FileDescription,
    MessageInput,
    Parts,
    descriptions_of,
    draft_of,
    input_of,
    is_multipart,
    pair_files,
    read_json,
    receive_parts,
)
from .snowflakes import iso_from_milliseconds, milliseconds_of
from .text import without_unknown_emojis
from .uploads import sent_ahead

MAX_PAGE = 100
VIRUS_TEXT = "Hm, it looks like that file might've been a virus."


def shown(message: Message, context: Context, *, with_reactions: bool = False) -> payloads.Json:
    """The message in the API's JSON."""
    return payloads.message(message, context.community, context.media, with_reactions=with_reactions)


async def store_draft(message: Message, draft: Draft, context: Context, thread: Thread | None = None) -> None:
    """Finish a message with the draft's text, embeds and files, then add it to its channel, or to a new thread."""
    community = context.community
    message.content = without_unknown_emojis(draft.content or "", community.emojis)
    message.flags = (draft.flags or 0) & community.generation.sendable_flags
    message.embeds = tuple(draft.embeds or ())
    if attachments.has_virus(draft.files):
        message.content = VIRUS_TEXT
    elif draft.files:
        link_uploads(message.embeds, {item.filename: item.index for item, _ in draft.files})
        message.attachments = await attachments.keep(community, context.files, message.channel_id, draft.files)
        ids = {item.index: kept.id for (item, _), kept in zip(draft.files, message.attachments, strict=True)}
        for embed in message.embeds:
            for key in ("image", "thumbnail"):
                if "attachment_id" in embed.get(key, {}):
                    embed[key]["attachment_id"] = ids[embed[key]["attachment_id"]]
    else:
        link_uploads(message.embeds, {})
    if thread is not None:
        community.save_thread(thread)
    if community.place(message.channel_id) is None:
        raise unknown_channel()
    community.save_message(message)


async def create(call: Call) -> Reply:
    """POST /channels/:channel_id/messages"""
    parts, generation = Parts(), call.community.generation
    try:
        if is_multipart(call.request):
            await receive_parts(call.request, call.context.files, parts, generation)
            body = input_of(parts, MessageInput)
            draft = draft_of(body, generation)
            described = [item for item in descriptions_of(body) if not _is_sent_ahead(item, generation)]
            draft.files = pair_files(described, parts, generation)
        else:
            body = await read_json(call.request, MessageInput, is_lenient=False)
            draft = draft_of(body, generation)
        return await _send(call, draft, body)
    finally:
        if parts.uploads:
            await parts.discard(call.context.files)


def _is_sent_ahead(item: FileDescription, generation: Generation) -> bool:
    return generation.has_uploads and item.upload_name is not None


async def _send(call: Call, draft: Draft, body: MessageInput) -> Reply:
    channel = call.open_place()
    generation = call.community.generation
    if isinstance(channel, Channel) and channel.type not in generation.post_types:
        message = "You can't send messages in a non-text channel."
        raise ApiError(400, "CANNOT_SEND_MESSAGES_IN_NON_TEXT_CHANNEL", message)
    if generation.needs_session and not call.community.has_session_started:
        message = "You must start a session before sending messages."
        raise invalid_field("content", "MUST_START_SESSION_BEFORE_SENDING", message)
    ahead = [item for item in descriptions_of(body) if _is_sent_ahead(item, generation)]
    found = sent_ahead(call, channel.id, [(item.index, item.upload_name or "") for item in ahead])
    draft.files += [(item, upload) for item, (_, upload) in zip(ahead, found, strict=True)]
    is_forward = draft.reference is not None and draft.reference.type == FORWARD
    draft.check_content(generation.max_content)
    if is_forward:
        check_forward(draft)
    else:
        draft.check_not_empty()
    if call.context.server.ignores_nonces:
        draft.nonce = None
    earlier = earlier_message(call.community, call.caller.id, channel.id, draft.nonce)
    if earlier is not None:
        return reply(shown(earlier, call.context) | {"nonce": draft.nonce})
    for plan, _ in found:
        call.context.uploads.forget(plan)
    message = Message(0, channel.id, call.caller.id, nonce=draft.nonce)
    message.stickers = tuple(sticker_item(call.community, sticker_id) for sticker_id in draft.sticker_ids)
    replied = None if draft.reference is None else refer(call.community, channel.id, message, draft.reference)
    users, roles, message.mentions_everyone = mentions_of(
        draft.content or "", call.caller.id, replied, draft.allowed_mentions, call.community
    )
    message.mentions, message.mention_roles = users, roles
    message.id = call.community.next_id()
    wake(call, channel)
    await store_draft(message, draft, call.context)
    if draft.nonce is not None:
        call.community.remember_nonce(message)
    payload = shown(message, call.context)
    if draft.nonce is not None:
        payload["nonce"] = draft.nonce
    tell(call, "MESSAGE_CREATE", payload)
    return reply(payload)


def tell(call: Call, event: str, payload: payloads.Json) -> None:
    """Tell the gateway of a message."""
    where: payloads.Json = {"guild_id": str(call.community.guild.id)}
    place = call.community.place(int(payload["channel_id"]))
    if call.community.generation.has_threads and place is not None:
        where["channel_type"] = place.type
    call.context.gateway.dispatch(event, payload | where)


def check_open(place: Place) -> None:
    """Refuse to change anything in an archived thread."""
    if isinstance(place, Thread) and place.is_archived:
        raise thread_archived()


def wake(call: Call, place: Place) -> None:
    """Bring back an archived thread in which somebody speaks."""
    if isinstance(place, Thread) and place.is_archived:
        place.is_archived, place.archived_at = False, call.community.now_iso()
        call.community.save_thread(place)
        call.context.gateway.dispatch("THREAD_UPDATE", channel_payloads.thread(place, call.community))


def earlier_message(community: Community, author_id: int, channel_id: int, nonce: str | None) -> Message | None:
    """The message that the nonce of a bot or webhook made before; none if it is gone."""
    place = None if nonce is None else community.recall_nonce(author_id, nonce)
    if place is None:
        return None
    if place[0] != channel_id:
        raise unknown_message()
    return community.messages.get(place[1])


def check_forward(draft: Draft) -> None:
    """Refuse a forward that says anything of its own."""
    if not draft.is_empty:
        text = "Forwarded messages can't include content, embeds, attachments, or stickers."
        raise invalid_field("message_reference", "FORWARD_MESSAGES_CANNOT_CONTAIN_CONTENT", text)


def sticker_item(community: Community, sticker_id: int) -> StickerItem:
    """The sticker as a message remembers it."""
    sticker = community.stickers.get(sticker_id)
    if sticker is None:
        raise invalid_field("sticker", "CUSTOM_STICKER_NOT_FOUND", "Custom sticker wasn't found.")
    return StickerItem(sticker.id, sticker.name, sticker.is_animated)


def refer(community: Community, channel_id: int, message: Message, reference: Reference) -> Message | None:
    """Make the message a reply or a forward; returns the message that a reply answers."""
    target = community.messages.get(reference.message_id)
    source_id = reference.channel_id if reference.type == FORWARD else channel_id
    if reference.type == FORWARD and community.place(source_id) is None:
        raise unknown_channel()
    if target is None or target.channel_id != source_id:
        raise unknown_message()
    message.reference = Reference(target.channel_id, target.id, community.guild.id, reference.type)
    if reference.type == FORWARD:
        message.snapshot = Snapshot(
            content=target.content,
            timestamp=iso_from_milliseconds(milliseconds_of(target.id)),
            type=target.type,
            flags=target.flags,
            mentions=target.mentions,
            embeds=target.embeds,
            attachments=target.attachments,
        )
        return None
    if target.type not in (DEFAULT, REPLY):
        text = "You can't reply to a system message."
        raise invalid_field("message_reference", "CANNOT_REPLY_TO_SYSTEM_MESSAGE", text)
    message.type = REPLY
    return target


async def edit(call: Call) -> Reply:
    """PATCH /channels/:channel_id/messages/:message_id"""
    generation = call.community.generation
    body = await read_json(call.request, MessageInput, is_lenient=False)
    draft = draft_of(body, generation)
    place = call.open_place()
    check_open(place)
    message = call.message(place)
    if message.webhook_id is not None or message.author_id != call.caller.id:
        text = "You can't edit another user's message."
        raise ApiError(403, "CANNOT_EDIT_OTHER_USER_MESSAGE", text)
    if generation.has_rich_webhooks:
        check_editable(message)
    elif any(item.filename is None for item in body.attachments or ()):
        raise invalid_message_data()
    change_message(call, message, draft, _kept(message, body))
    payload = shown(message, call.context)
    tell(call, "MESSAGE_UPDATE", payload)
    return reply(payload)


def check_editable(message: Message) -> None:
    """Refuse to edit a system message or a forward."""
    if message.type not in (DEFAULT, REPLY):
        raise ApiError(400, "CANNOT_MODIFY_SYSTEM_WEBHOOK", "You can't edit system messages.")
    if message.snapshot is not None:
        text = "Messages with snapshots can't be edited."
        raise invalid_field("message_reference", "MESSAGES_WITH_SNAPSHOTS_CANNOT_BE_EDITED", text)


def _kept(message: Message, body: MessageInput) -> tuple[Attachment, ...]:
    """The attachments that the edit lists, all if it lists none."""
    if body.attachments is None or any(item.filename is not None for item in body.attachments):
        return message.attachments
    listed = {str(item.id) for item in body.attachments}
    return tuple(attachment for attachment in message.attachments if str(attachment.id) in listed)


def change_message(call: Call, message: Message, draft: Draft, kept: tuple[Attachment, ...]) -> None:
    """Give the message the draft's text, embeds and flags; of its files only some are kept."""
    generation = call.community.generation
    draft.check_content(generation.max_content)
    content = message.content if draft.content is None else draft.content
    embeds = message.embeds if draft.embeds is None else tuple(draft.embeds)
    if not (content or embeds or kept or message.stickers):
        raise empty_message()
    if draft.embeds is not None:
        link_uploads(embeds, {item.filename: item.id for item in kept})
    content = without_unknown_emojis(content, call.community.emojis)
    if not generation.has_rich_webhooks or content != message.content:
        message.edited_timestamp = call.community.now_iso()
    message.content, message.embeds, message.attachments = content, embeds, kept
    if draft.flags is not None:
        message.flags = draft.flags & generation.sendable_flags
    call.community.save_message(message)


async def delete(call: Call) -> Reply:
    """DELETE /channels/:channel_id/messages/:message_id"""
    message = call.message(call.open_place())
    await forget(call, [message])
    call.context.gateway.dispatch("MESSAGE_DELETE", _where(call, message.channel_id) | {"id": str(message.id)})
    return NO_CONTENT


async def bulk_delete(call: Call) -> Reply:
    """POST /channels/:channel_id/messages/bulk-delete"""
    fields = await call.fields()
    ids = fields.strings("message_ids", 10_000, 20)
    fields.check()
    if not ids:
        raise invalid_field("message_ids", "MESSAGE_IDS_CANNOT_BE_EMPTY", "`message_ids` can't be empty.")
    if len(ids) > MAX_PAGE:
        text = "You can't delete more than {max} {max, plural, one {message} other {messages}} at once."
        raise invalid_field("message_ids", "CANNOT_DELETE_MORE_THAN_100_MESSAGES", text)
    channel = call.open_place()
    wanted = {int(id) for id in ids if id.isdecimal()}
    found = [
        message for id in wanted if (message := call.community.messages.get(id)) and message.channel_id == channel.id
    ]
    await forget(call, found)
    if found:
        where = _where(call, channel.id) | {"ids": [str(message.id) for message in found]}
        call.context.gateway.dispatch("MESSAGE_DELETE_BULK", where)
    return NO_CONTENT


async def typing(call: Call) -> Reply:
    """POST /channels/:channel_id/typing"""
    channel = call.place()
    where = _where(call, channel.id) | {"user_id": str(call.caller.id), "timestamp": int(call.community.clock())}
    call.context.gateway.dispatch("TYPING_START", where)
    return NO_CONTENT


async def forget(call: Call, messages: list[Message]) -> None:
    """Delete the messages with their files."""
    for message in messages:
        call.community.remove_message(message)
    for message in messages:
        for attachment in message.attachments:
            await call.context.files.remove("attachments", str(message.channel_id), str(attachment.id))


def _where(call: Call, channel_id: int) -> dict[str, object]:
    return {"channel_id": str(channel_id), "guild_id": str(call.community.guild.id)}
