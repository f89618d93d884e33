"""A message as it was read from the source, whatever its kind."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

DEFAULT = 0
REPLY = 19
SLASH_REPLY = 20
THREAD_STARTER = 21
CONTEXT_REPLY = 23
POLL_RESULT = 46


class RawMessage(NamedTuple):
    """A message as the source sent it: its id and its JSON."""

    id: int
    payload: bytes


class RecentPage(NamedTuple):
    """Messages read backwards, newest first; `is_end` when nothing older is there."""

    messages: tuple[RawMessage, ...]
    is_end: bool


class Author(msgspec.Struct, frozen=True):
    """Who wrote a message, as shown at the time; `avatar_url` is empty for the default avatar."""

    id: int
    name: str
    avatar_url: str = ""
    is_bot: bool = False
    is_webhook: bool = False
    is_deleted: bool = False


class Attachment(msgspec.Struct, frozen=True):
    """A file of a message; `size` in bytes as declared by the source, `waveform` a voice message's in base64."""

    id: int
    filename: str
    url: str
    size: int
    content_type: str = ""
    description: str = ""
    is_spoiler: bool = False
    duration_seconds: float = 0.0
    waveform: str = ""


class StickerItem(msgspec.Struct, frozen=True):
    """A sticker shown in a message; `format` is png, apng, gif or lottie."""

    id: int
    name: str
    url: str
    format: str = "png"


class Reaction(msgspec.Struct, frozen=True):
    """How many people reacted with one emoji; `emoji_id` is None for a Unicode emoji."""

    name: str
    count: int
    emoji_id: int | None = None
    is_animated: bool = False


class PollAnswer(msgspec.Struct, frozen=True):
    """One answer of a poll with its votes."""

    text: str
    votes: int
    emoji: str = ""


class Poll(msgspec.Struct, frozen=True):
    """A poll with its results as last seen."""

    question: str
    answers: tuple[PollAnswer, ...]
    is_final: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """What a forward carries of the message it forwards."""

    content: str = ""
    attachments: tuple[Attachment, ...] = ()
    embeds: tuple[dict[str, Any], ...] = ()
    stickers: tuple[StickerItem, ...] = ()


class Reference(msgspec.Struct, frozen=True):
    """The message another one points at: a reply's target, a forward's origin."""

    message_id: int | None
    channel_id: int | None = None
    guild_id: int | None = None
    is_forward: bool = False


class Quote(msgspec.Struct, frozen=True):
    """What a reply answers, in short, as the source sent it along."""

    author_name: str
    content: str
    has_files: bool = False


class Message(msgspec.Struct, frozen=True):
    """One source message; `kind` is Discord's type number, `mentions` map user ids to names."""

    id: int
    channel_id: int
    kind: int
    author: Author
    content: str = ""
    edited_at: str = ""
    attachments: tuple[Attachment, ...] = ()
    embeds: tuple[dict[str, Any], ...] = ()
    stickers: tuple[StickerItem, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    reference: Reference | None = None
    quote: Quote | None = None
    is_quote_deleted: bool = False
    poll: Poll | None = None
    component_text: tuple[str, ...] = ()
    interaction: str = ""
    mentions: dict[int, str] = {}
    thread_name: str = ""
    is_pinned: bool = False
    is_voice_message: bool = False
    suppresses_embeds: bool = False


def forwarded(message: Message) -> bool:
    """Return whether a message forwards another one."""
    return message.reference is not None and message.reference.is_forward
