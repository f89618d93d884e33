"""A community's structure: roles, channels, expressions, and who may see what."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.forum import Forum
from reaper_tui.model.ids import unix_seconds


class ChannelKind(StrEnum):
    """What a channel is; `other` stands for a type this version does not know."""

    TEXT = "text"
    VOICE = "voice"
    CATEGORY = "category"
    ANNOUNCEMENT = "announcement"
    STAGE = "stage"
    FORUM = "forum"
    MEDIA = "media"
    THREAD = "thread"
    OTHER = "other"


KINDS_WITH_MESSAGES = frozenset(
    {
        ChannelKind.TEXT,
        ChannelKind.VOICE,
        ChannelKind.ANNOUNCEMENT,
        ChannelKind.STAGE,
        ChannelKind.THREAD,
    }
)
KINDS_WITH_POSTS = frozenset({ChannelKind.FORUM, ChannelKind.MEDIA})


class Overwrite(msgspec.Struct, frozen=True):
    """What a role or a member may do in one channel, as permission bits."""

    subject_id: int
    is_member: bool
    allow: int
    deny: int


class Role(msgspec.Struct, frozen=True):
    """A role; the one whose id equals the guild's is @everyone."""

    id: int
    name: str
    color: int = 0
    permissions: int = 0
    position: int = 0
    is_hoisted: bool = False
    is_mentionable: bool = False
    is_managed: bool = False


class Channel(msgspec.Struct, frozen=True):
    """A channel, category or thread; a thread's `parent_id` is its channel, `tags` its own or those its forum offers.

    `is_pinned` tells the post that a forum shows first; 0 `auto_archive_minutes` are unknown.
    """

    id: int
    kind: ChannelKind
    name: str
    parent_id: int | None = None
    position: int = 0
    topic: str = ""
    is_nsfw: bool = False
    slowmode_seconds: int = 0
    bitrate: int = 0
    user_limit: int = 0
    overwrites: tuple[Overwrite, ...] = ()
    last_message_id: int | None = None
    is_private: bool = False
    is_archived: bool = False
    tags: tuple[str, ...] = ()
    message_count: int | None = None
    cannot_read: str = ""
    is_locked: bool = False
    is_pinned: bool = False
    auto_archive_minutes: int = 0
    forum: Forum | None = None

    @property
    def has_messages(self) -> bool:
        """Return whether messages can stand in it."""
        return self.kind in KINDS_WITH_MESSAGES


class Emoji(msgspec.Struct, frozen=True):
    """A custom emoji; `url` is where its image can be fetched."""

    id: int
    name: str
    url: str
    is_animated: bool = False


class Sticker(msgspec.Struct, frozen=True):
    """A custom sticker; `format` is png, apng, gif or lottie."""

    id: int
    name: str
    url: str
    format: str = "png"
    description: str = ""
    tags: tuple[str, ...] = ()


class Guild(msgspec.Struct, frozen=True):
    """A source server as far as the bot can see it.

    `hidden_channel_ids` exist but may not be viewed; `notes` are things a reader should know before the start.
    """

    id: int
    name: str
    roles: tuple[Role, ...] = ()
    channels: tuple[Channel, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    stickers: tuple[Sticker, ...] = ()
    icon_url: str = ""
    banner_url: str = ""
    hidden_channel_ids: tuple[int, ...] = ()
    can_read_content: bool = True
    notes: tuple[str, ...] = ()
    content_filter: int = 0

    def containers(self) -> tuple[Channel, ...]:
        """Return the channels and threads that can hold messages."""
        return tuple(channel for channel in self.channels if channel.has_messages)


class Webhook(msgspec.Struct, frozen=True):
    """A webhook on the target; its token is a secret and never part of a representation."""

    id: int
    channel_id: int
    name: str
    token: str

    def __repr__(self) -> str:
        return f"Webhook(id={self.id}, channel_id={self.channel_id}, name={self.name!r})"


class Limits(msgspec.Struct, frozen=True):
    """What a Fluxer instance takes, from discovery; defaults are a hosted community's of February 2026.

    Lengths count UTF-16 units, sizes bytes; `emojis` is for static and animated ones together, 0 where each kind counts
    for itself.
    """

    message_length: int = 2000
    attachment_bytes: int = 26_214_400
    attachments_per_message: int = 10
    embeds_per_message: int = 10
    embed_characters: int = 6000
    guild_channels: int = 500
    channels_per_category: int = 50
    guild_roles: int = 250
    emojis: int = 0
    static_emojis: int = 50
    animated_emojis: int = 50
    stickers: int = 50
    webhooks_per_channel: int = 15
    webhooks_per_guild: int = 1000
    emoji_bytes: int = 393_216
    sticker_bytes: int = 524_288


class Community(msgspec.Struct, frozen=True):
    """A target community as it stands now; `bot_id` is who writes.

    `bot_role_position` is where the bot's highest role stands, None when that does not bind it or is not known;
    `answer_seconds` is how long its server takes for a small answer.
    """

    id: int
    name: str
    bot_id: int
    roles: tuple[Role, ...] = ()
    channels: tuple[Channel, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    stickers: tuple[Sticker, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    limits: Limits = Limits()
    capabilities: TargetCapabilities = TargetCapabilities()
    features: frozenset[str] = frozenset()
    link_base: str = "https://fluxer.app"
    has_icon: bool = False
    content_filter: int = 0
    notes: tuple[str, ...] = ()
    bot_role_position: int | None = None
    answer_seconds: float = 0.05


def ordered_channels(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """Return channels as a sidebar shows them: loose ones, then each category; threads follow their channel.

    Voice stands below text within a category, as both platforms draw it.
    """
    categories = [channel for channel in channels if channel.kind is ChannelKind.CATEGORY]
    known = {channel.id for channel in categories}
    children: dict[int | None, list[Channel]] = {}
    for channel in channels:
        if channel.kind is ChannelKind.CATEGORY:
            continue
        is_thread = channel.kind is ChannelKind.THREAD
        parent = channel.parent_id if is_thread or channel.parent_id in known else None
        children.setdefault(parent, []).append(channel)

    def in_order(parent: int | None) -> list[Channel]:
        rows = sorted(children.get(parent, []), key=_sidebar_key)
        return [found for row in rows for found in (row, *sorted(children.get(row.id, []), key=_sidebar_key))]

    result = in_order(None)
    for category in sorted(categories, key=_sidebar_key):
        result += [category, *in_order(category.id)]
    return tuple(result)


def _sidebar_key(channel: Channel) -> tuple[bool, int, float]:
    is_voice = channel.kind in (ChannelKind.VOICE, ChannelKind.STAGE)
    return is_voice, channel.position, unix_seconds(channel.id) + channel.id % 4096 / 1e9
