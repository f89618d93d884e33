"""The nouns of a community, as compact records."""

from typing import Any

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody who writes: a member, a bot or a webhook."""

    id: int
    username: str
    display_name: str | None
    nick: str | None = None
    avatar: str | None = None
    roles: tuple[int, ...] = ()
    joined_ms: int = 0
    is_bot: bool = False
    is_webhook: bool = False
    has_left: bool = False
    languages: tuple[str, ...] = ("en",)
    talkativeness: float = 1.0


class Role(msgspec.Struct, frozen=True):
    """A named set of permissions."""

    id: int
    name: str
    position: int
    color: int = 0
    permissions: int = 0
    is_hoisted: bool = False
    is_mentionable: bool = False
    is_managed_by: int | None = None


class Emoji(msgspec.Struct, frozen=True):
    """A custom emoji."""

    id: int
    name: str
    is_animated: bool = False
    size: int = 0
    """How many bytes its picture has at least."""

    @property
    def markup(self) -> str:
        """The emoji as it stands in a message's text."""
        return f"<{'a' if self.is_animated else ''}:{self.name}:{self.id}>"


class Sticker(msgspec.Struct, frozen=True):
    """A sticker of the guild: format 1 png, 2 apng, 3 lottie, 4 gif."""

    id: int
    name: str
    description: str
    tags: str
    format_type: int


class Overwrite(msgspec.Struct, frozen=True):
    """What a channel allows or denies one role (type 0) or member (type 1)."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


class ForumTag(msgspec.Struct, frozen=True):
    """A tag that posts of a forum can carry."""

    id: int
    name: str
    emoji_name: str | None = None
    is_moderated: bool = False
    emoji_id: int | None = None


class Channel(msgspec.Struct, frozen=True):
    """A channel or a category."""

    id: int
    type: int
    name: str
    position: int
    parent_id: int | None = None
    topic: str | None = None
    is_nsfw: bool = False
    slowmode: int = 0
    bitrate: int = 64000
    user_limit: int = 0
    overwrites: tuple[Overwrite, ...] = ()
    tags: tuple[ForumTag, ...] = ()
    theme: str = ""


class Thread(msgspec.Struct, frozen=True):
    """A thread or a forum post."""

    id: int
    parent_id: int
    owner_id: int
    name: str
    type: int = 11
    is_archived: bool = False
    is_locked: bool = False
    is_pinned: bool = False
    archive_ms: int = 0
    auto_archive_minutes: int = 4320
    tags: tuple[int, ...] = ()
    members: tuple[int, ...] = ()
    theme: str = ""


class Attachment(msgspec.Struct, frozen=True):
    """A file on a message; its bytes follow from its id and size."""

    id: int
    filename: str
    size: int
    content_type: str
    width: int | None = None
    height: int | None = None
    description: str | None = None
    duration: float | None = None
    waveform: str | None = None
    trouble: str = ""
    """What always happens to it on the CDN: "expired", "gone", "half" or "slow"."""


class Reaction(msgspec.Struct, frozen=True):
    """One emoji under a message and who put it there."""

    emoji: Emoji | str
    people: tuple[int, ...]


class Poll(msgspec.Struct, frozen=True):
    """A question with answers and their voters."""

    question: str
    answers: tuple[tuple[str, str | None], ...]
    voters: tuple[tuple[int, ...], ...]
    expires_ms: int
    allows_many: bool = False
    is_over: bool = True


class Message(msgspec.Struct, kw_only=True, gc=False):
    """A message; `type` and `flags` are Discord's."""

    id: int
    author: int
    content: str = ""
    type: int = 0
    flags: int = 0
    edited_ms: int = 0
    reply_to: int = 0
    reference_channel: int = 0
    thread_id: int = 0
    pinned_ms: int = 0
    attachments: tuple[Attachment, ...] = ()
    embeds: tuple[dict[str, Any], ...] = ()
    reactions: tuple[Reaction, ...] = ()
    stickers: tuple[int, ...] = ()
    poll: Poll | None = None
    forwarded: "Message | None" = None
    components: tuple[dict[str, Any], ...] = ()
    command: tuple[str, int] | None = None
    """The command this answers and who gave it."""


class Community(msgspec.Struct):
    """Everything a guild holds."""

    seed: int
    id: int
    name: str
    description: str
    icon: str
    banner: str
    owner_id: int
    bot: Person
    application_id: int
    people: dict[int, Person]
    roles: list[Role]
    emojis: list[Emoji]
    stickers: list[Sticker]
    channels: dict[int, Channel]
    threads: dict[int, Thread]
    messages: dict[int, list[Message]]
    """Messages by channel or thread, oldest first."""
    gone_assets: tuple[str, ...] = ()
    """Pictures that the CDN has no more."""
