"""What is about to be posted, and what stands on the target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

SAFE_FLAGS_SUPPRESS_EMBEDS = 4


class FileSlot(msgspec.Struct, frozen=True):
    """A file a part wants: fetched from `url`, `size` in bytes as declared (None when unknown).

    `key` is the attachment's or sticker's id, unique within the message. `is_lottie` files are drawn on the way, the
    link of `is_pasted` ones is renewed before it is used; a voice message's have a waveform, as the source wrote it.
    """

    key: int
    url: str
    filename: str
    size: int | None = None
    description: str = ""
    is_spoiler: bool = False
    is_lottie: bool = False
    is_pasted: bool = False
    duration_seconds: float = 0.0
    waveform: str = ""


class Part(msgspec.Struct, frozen=True):
    """One post of a message: most messages are one part, long ones several; files go in the order given.

    `reply_line` says in words what a native reply answers, for when the answered post is gone; content has room for it.
    A part with `voice_line` is a voice message, its file alone; the line is said where the target takes none.
    """

    content: str
    username: str
    avatar_url: str = ""
    embeds: tuple[dict[str, Any], ...] = ()
    files: tuple[FileSlot, ...] = ()
    suppresses_embeds: bool = False
    reply_to: int | None = None
    reply_line: str = ""
    voice_line: str = ""


class Composition(msgspec.Struct, frozen=True):
    """How a message goes over: `rule` names why it is skipped, else `parts` are posted in order.

    `placeholders` are the files that stay behind, each with its reason: (file name, reason).
    """

    parts: tuple[Part, ...] = ()
    rule: str = ""
    placeholders: tuple[tuple[str, str], ...] = ()


class SpooledFile(msgspec.Struct, frozen=True):
    """A file ready to be sent: on disk, or a small one as `data`, and then nothing lies at its path."""

    key: int
    path: Path
    filename: str
    size: int
    description: str = ""
    is_spoiler: bool = False
    duration_seconds: float = 0.0
    waveform: str = ""
    data: bytes | None = None


class TargetMessage(msgspec.Struct, frozen=True):
    """A message as the target shows it.

    `channel_id` is the thread when it stands in one, `thread_id` the thread that was started from it. `own_reactions`
    are the bot's, as Unicode or `name:id`.
    """

    id: int
    channel_id: int
    webhook_id: int | None
    username: str
    content: str
    attachment_count: int = 0
    attachment_names: tuple[str, ...] = ()
    embed_count: int = 0
    kind: int = 0
    reply_to: int | None = None
    attachment_bytes: int = 0
    author_id: int | None = None
    edited_at: str = ""
    thread_id: int | None = None
    is_pinned: bool = False
    flags: int = 0
    own_reactions: tuple[str, ...] = ()
    attachment_urls: tuple[str, ...] = ()
