"""A raw Discord message to the model's, whatever its kind and however odd."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reaper_tui.model.ids import optional_snowflake
from reaper_tui.model.message import (
    CONTEXT_REPLY,
    POLL_RESULT,
    THREAD_STARTER,
    Attachment,
    Author,
    Message,
    Quote,
    Reaction,
    Reference,
    Snapshot,
    StickerItem,
)
from reaper_tui.reader.cdn import STICKER_FORMATS, Cdn
from reaper_tui.reader.components import component_lines, file_part
from reaper_tui.reader.polls import poll_from, poll_result_text
from reaper_tui.reader.wire import decoded, fraction, record, records, text, whole

THREAD_CREATED = 18
SUPPRESS_EMBEDS = 1 << 2
VOICE_MESSAGE = 1 << 13
SPOILER_FILE = 1 << 3
FORWARD = 1
_SHOWN_BY_STARTER = (
    *("author", "member", "webhook_id", "application_id", "mentions", "poll"),
    *("content", "attachments", "embeds", "sticker_items", "stickers", "components"),
)
DELETED_USER = "Deleted User"
_DELETED_NAME = re.compile(r"deleted_user_[0-9a-z]+|Deleted User( [0-9a-f]{8})?")


def message_from(payload: bytes, cdn: Cdn) -> Message:
    """Return what a message's JSON says; what is missing or malformed is left empty."""
    raw = record(decoded(payload))
    kind = _kind(raw)
    flags = whole(raw.get("flags"))
    reference = _reference(raw.get("message_reference"))
    referenced = record(raw.get("referenced_message"))
    # a thread's first notice carries nothing itself: Discord shows the message the thread hangs on
    body = {**raw, **_visible(referenced)} if kind == THREAD_STARTER and referenced else raw
    attachments = _attachments(body)
    poll_result = poll_result_text(raw.get("embeds")) if kind == POLL_RESULT else ""
    content = text(body.get("content"))
    is_answer = reference is not None and not reference.is_forward and kind not in (THREAD_STARTER, POLL_RESULT)
    return Message(
        id=optional_snowflake(raw.get("id")) or 0,
        channel_id=optional_snowflake(raw.get("channel_id")) or 0,
        kind=kind,
        author=_author(body, raw, cdn),
        content=content or poll_result,
        edited_at=text(raw.get("edited_timestamp")),
        attachments=attachments,
        embeds=() if poll_result else tuple(records(body.get("embeds"))),
        stickers=_stickers(body, cdn),
        reactions=tuple(_reactions(raw.get("reactions"))),
        snapshots=tuple(_snapshots(raw.get("message_snapshots"), cdn)),
        reference=reference,
        quote=_quote(referenced) if is_answer and referenced else None,
        is_quote_deleted=reference is not None
        and not referenced
        and "referenced_message" in raw
        and (is_answer or kind == THREAD_STARTER),
        poll=poll_from(body.get("poll")),
        component_text=tuple(component_lines(body.get("components"), _addresses(attachments))),
        interaction=_interaction(raw, kind),
        mentions=dict(_mentions(body.get("mentions"))),
        thread_name=text(record(raw.get("thread")).get("name")) or (content if kind == THREAD_CREATED else ""),
        is_pinned=raw.get("pinned") is True,
        is_voice_message=bool(flags & VOICE_MESSAGE),
        suppresses_embeds=bool(flags & SUPPRESS_EMBEDS),
    )


def user_name(user: Mapping[str, Any], member: Mapping[str, Any] | None = None) -> str:
    """Return the name a user was shown by: nick, else global name, else user name."""
    username = text(user.get("username"))
    if is_deleted_user(user):
        return DELETED_USER
    nick = text((member or {}).get("nick"))
    return nick or text(user.get("global_name")) or username or "unknown"


def is_deleted_user(user: Mapping[str, Any]) -> bool:
    """Return whether an account is one of those Discord leaves behind when somebody deletes theirs."""
    return user.get("bot") is not True and _DELETED_NAME.fullmatch(text(user.get("username"))) is not None


def _kind(raw: Mapping[str, Any]) -> int:
    number = raw.get("type")
    return number if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 1 << 31 else 0


def _visible(referenced: Mapping[str, Any]) -> dict[str, Any]:
    shown = (
        "author",
        "content",
        "attachments",
        "embeds",
        "sticker_items",
        "stickers",
        "components",
        "poll",
        "mentions",
    )
    return {key: referenced[key] for key in (*shown, "webhook_id", "application_id", "member") if key in referenced}


def _author(body: Mapping[str, Any], raw: Mapping[str, Any], cdn: Cdn) -> Author:
    user = record(body.get("author"))
    member = record(body.get("member")) or record(user.get("member"))
    user_id = optional_snowflake(user.get("id")) or 0
    webhook_id = optional_snowflake(body.get("webhook_id"))
    guild_id = optional_snowflake(raw.get("guild_id"))
    worn = text(member.get("avatar"))
    is_deleted = is_deleted_user(user) and webhook_id is None
    return Author(
        id=user_id,
        name=user_name(user, member) if webhook_id is None else text(user.get("username")) or "unknown",
        avatar_url=cdn.member_avatar(guild_id, user_id, worn)
        if worn and guild_id
        else cdn.avatar(user_id, text(user.get("avatar"))),
        is_bot=user.get("bot") is True,
        # an app's answer to a command carries its application's id as the webhook's
        is_webhook=webhook_id is not None and webhook_id != optional_snowflake(body.get("application_id")),
        is_deleted=is_deleted,
    )


def _attachments(body: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for raw in records(body.get("attachments")):
        filename = text(raw.get("filename")) or "file"
        found.append(
            Attachment(
                id=optional_snowflake(raw.get("id")) or 0,
                filename=filename,
                url=text(raw.get("url")) or text(raw.get("proxy_url")),
                size=max(0, whole(raw.get("size"))),
                content_type=text(raw.get("content_type")),
                description=text(raw.get("description")),
                is_spoiler=filename.startswith("SPOILER_") or bool(whole(raw.get("flags")) & SPOILER_FILE),
                duration_seconds=max(0.0, fraction(raw.get("duration_secs"))),
                waveform=text(raw.get("waveform")),
            )
        )
    return tuple(found)


def _stickers(body: Mapping[str, Any], cdn: Cdn) -> tuple[StickerItem, ...]:
    found: list[StickerItem] = []
    for raw in records(body.get("sticker_items")) or records(body.get("stickers")):
        sticker_id = optional_snowflake(raw.get("id"))
        if sticker_id is not None:
            sticker_format = STICKER_FORMATS.get(whole(raw.get("format_type")), "png")
            url = cdn.sticker(sticker_id, sticker_format)
            found.append(StickerItem(sticker_id, text(raw.get("name")), url, sticker_format))
    return tuple(found)


def _reactions(value: object) -> list[Reaction]:
    found: list[Reaction] = []
    for raw in records(value):
        emoji = record(raw.get("emoji"))
        emoji_id = optional_snowflake(emoji.get("id"))
        name = text(emoji.get("name"))
        count = whole(raw.get("count"))
        if count > 0 and (name or emoji_id is not None):
            found.append(Reaction(name, count, emoji_id, emoji.get("animated") is True))
    return found


def _snapshots(value: object, cdn: Cdn) -> list[Snapshot]:
    found: list[Snapshot] = []
    for raw in records(value):
        body = record(raw.get("message"))
        attachments = _attachments(body)
        lines = [text(body.get("content")), *component_lines(body.get("components"), _addresses(attachments))]
        found.append(
            Snapshot(
                content="\n".join(filter(None, lines)),
                attachments=attachments,
                embeds=tuple(records(body.get("embeds"))),
                stickers=_stickers(body, cdn),
            )
        )
    return found


def _reference(value: object) -> Reference | None:
    raw = record(value)
    if not raw:
        return None
    return Reference(
        message_id=optional_snowflake(raw.get("message_id")),
        channel_id=optional_snowflake(raw.get("channel_id")),
        guild_id=optional_snowflake(raw.get("guild_id")),
        is_forward=whole(raw.get("type")) == FORWARD,
    )


def _quote(referenced: Mapping[str, Any]) -> Quote:
    content = text(referenced.get("content"))
    if not content:
        content = text(record(record(referenced.get("poll")).get("question")).get("text"))
    if not content:
        content = next(iter(component_lines(referenced.get("components"))), "")
    has_files = any(records(referenced.get(key)) for key in ("attachments", "sticker_items", "stickers"))
    author = record(referenced.get("author"))
    return Quote(user_name(author, record(referenced.get("member"))), content, has_files)


def _interaction(raw: Mapping[str, Any], kind: int) -> str:
    old, new = record(raw.get("interaction")), record(raw.get("interaction_metadata"))
    source = old or new
    if not source:
        return ""
    name = text(old.get("name")) or text(new.get("name"))
    person = user_name(record(source.get("user")), record(source.get("member")))
    command = name if kind == CONTEXT_REPLY else f"/{name}"
    return f"{command if name else 'a command'} by {person}"


def _mentions(value: object) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for user in records(value):
        user_id = optional_snowflake(user.get("id"))
        if user_id is not None:
            found.append((user_id, user_name(user, record(user.get("member")))))
    return found


def _addresses(attachments: tuple[Attachment, ...]) -> frozenset[str]:
    return frozenset(file_part(attachment.url) for attachment in attachments)
