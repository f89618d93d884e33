"""What a community consists of, as the server keeps it."""

from __future__ import annotations

from typing import Any

import msgspec

TEXT, VOICE, CATEGORY, ANNOUNCEMENT, FORUM, MEDIA, LINK = 0, 2, 4, 5, 15, 16, 998
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
DEFAULT, RECIPIENT_ADD, NAME_CHANGE, PIN_NOTICE, MEMBER_JOIN = 0, 1, 4, 6, 7
THREAD_CREATED, REPLY, THREAD_STARTER = 18, 19, 21
HAS_THREAD = 1 << 5
PINNED_POST = 1 << 1
REQUIRES_TAG = 1 << 4
AGE_RESTRICTED_GUILD = 3
FLEXIBLE_NAMES = "TEXT_CHANNEL_FLEXIBLE_NAMES"
FOUNDING_FEATURES = ("ANIMATED_BANNER", "ANIMATED_ICON", "BANNER", "INVITE_SPLASH")
DEFAULT_PERMISSIONS = 8933636165185
ADMINISTRATOR = 8


class User(msgspec.Struct):
    """Somebody with an account."""

    id: int
    username: str
    discriminator: str
    is_bot: bool = False
    global_name: str | None = None


class Member(msgspec.Struct):
    """A user in the community."""

    id: int
    roles: list[int]
    joined_at: str


class Guild(msgspec.Struct):
    """The community's own settings."""

    id: int
    name: str
    owner_id: int
    system_channel_id: int | None = None
    system_channel_flags: int = 0
    afk_channel_id: int | None = None
    afk_timeout: int = 300
    icon: str | None = None
    banner: str | None = None
    banner_size: tuple[int, int] | None = None
    splash: str | None = None
    splash_size: tuple[int, int] | None = None
    splash_card_alignment: int = 0
    embed_splash: str | None = None
    embed_splash_size: tuple[int, int] | None = None
    toggled_features: list[str] = []
    verification_level: int = 0
    mfa_level: int = 0
    nsfw_level: int = 0
    explicit_content_filter: int = 0
    default_message_notifications: int = 0
    message_history_cutoff: str | None = None
    content_warning_level: int = 0
    content_warning_text: str | None = None

    @property
    def features(self) -> list[str]:
        """Every feature, sorted as the server lists them."""
        return [*FOUNDING_FEATURES, *sorted(self.toggled_features)]


class Role(msgspec.Struct):
    """A role; @everyone carries the id of the guild."""

    id: int
    name: str
    permissions: int
    color: int = 0
    position: int = 1
    hoist_position: int | None = None
    is_hoisted: bool = False
    is_mentionable: bool = False


class Overwrite(msgspec.Struct):
    """What a channel allows or denies one role (type 0) or member (type 1)."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


class ForumTag(msgspec.Struct):
    """A tag that posts of a forum can carry."""

    id: int
    name: str
    is_moderated: bool = False
    emoji_id: int | None = None
    emoji_name: str | None = None


class Channel(msgspec.Struct):
    """A channel, category or link."""

    id: int
    type: int
    name: str
    position: int
    parent_id: int | None = None
    topic: str | None = None
    url: str | None = None
    is_nsfw: bool = False
    rate_limit_per_user: int = 0
    bitrate: int | None = None
    user_limit: int | None = None
    rtc_region: str | None = None
    last_message_id: int | None = None
    last_pin_timestamp: str | None = None
    overwrites: list[Overwrite] = []
    nsfw_override: bool | None = None
    content_warning_level: int = 0
    content_warning_text: str | None = None
    voice_connection_limit: int | None = None
    auto_archive_minutes: int | None = None
    thread_rate_limit_per_user: int | None = None
    flags: int = 0
    tags: list[ForumTag] = []
    default_reaction: tuple[int | None, str | None] | None = None
    default_sort_order: int | None = None
    default_layout: int = 0
    default_tag_setting: str | None = None


class Thread(msgspec.Struct):
    """A thread below a channel, or a post of a forum; its id is that of the message that began it, if one did."""

    id: int
    type: int
    name: str
    parent_id: int
    owner_id: int
    created_at: str
    archived_at: str
    is_archived: bool = False
    is_locked: bool = False
    is_invitable: bool = True
    auto_archive_minutes: int = 4320
    rate_limit_per_user: int = 0
    flags: int = 0
    tags: list[int] = []
    members: dict[int, str] = {}
    """Who takes part, and since when."""
    sent: int = 0
    last_message_id: int | None = None
    last_pin_timestamp: str | None = None


Place = Channel | Thread
"""Where messages can stand."""


class Attachment(msgspec.Struct):
    """A stored file of a message."""

    id: int
    channel_id: int
    filename: str
    content_type: str
    size: int
    expires_at: str | None
    title: str | None = None
    description: str | None = None
    flags: int = 0
    duration: int | None = None
    waveform: str | None = None
    content_hash: str | None = None
    dimensions: tuple[int, int] | None = None
    placeholder: str | None = None
    is_media: bool = False


class Reaction(msgspec.Struct):
    """One emoji below a message and who chose it."""

    name: str
    id: int | None
    is_animated: bool
    users: list[int]


class Reference(msgspec.Struct):
    """The message that this one answers (type 0) or forwards (type 1)."""

    channel_id: int
    message_id: int
    guild_id: int | None = None
    type: int = 0


class StickerItem(msgspec.Struct):
    """A sticker as a message remembers it."""

    id: int
    name: str
    is_animated: bool


class Snapshot(msgspec.Struct):
    """A forwarded message as it was."""

    content: str
    timestamp: str
    type: int
    flags: int
    mentions: tuple[int, ...]
    embeds: tuple[dict[str, Any], ...]
    attachments: tuple[Attachment, ...]


class Message(msgspec.Struct, gc=False):
    """A message; `webhook_id` is set where a webhook spoke under `author_name`."""

    id: int
    channel_id: int
    author_id: int
    content: str = ""
    type: int = DEFAULT
    flags: int = 0
    webhook_id: int | None = None
    author_name: str | None = None
    author_avatar: str | None = None
    edited_timestamp: str | None = None
    pinned_at: str | None = None
    mentions_everyone: bool = False
    mentions: tuple[int, ...] = ()
    mention_roles: tuple[int, ...] = ()
    embeds: tuple[dict[str, Any], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    stickers: tuple[StickerItem, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    reference: Reference | None = None
    snapshot: Snapshot | None = None
    nonce: str | None = None


class Emoji(msgspec.Struct):
    """A custom emoji."""

    id: int
    name: str
    is_animated: bool
    user_id: int


class Sticker(msgspec.Struct):
    """A custom sticker."""

    id: int
    name: str
    description: str
    tags: list[str]
    is_animated: bool
    user_id: int


class Webhook(msgspec.Struct):
    """A webhook and its token."""

    id: int
    channel_id: int
    name: str
    token: str
    user_id: int
    avatar: str | None = None


class Invite(msgspec.Struct):
    """An invitation; the id is only the server's own."""

    id: int
    code: str
    channel_id: int
    user_id: int
    max_age: int
    max_uses: int
    is_temporary: bool
    created_at: str
    expires_at: str | None
