"""What servers of one age can do; consulted wherever two ages differ."""

from __future__ import annotations

from dataclasses import dataclass

from .entities import ANNOUNCEMENT, CATEGORY, FLEXIBLE_NAMES, FORUM, LINK, MEDIA, TEXT, VOICE
from .limits import Limits

THREAD_PERMISSIONS = 0b1_0111 << 34
VIEW_CHANNEL_MEMBERS = 1 << 54
_PERMISSIONS = 15772633886359551
_FLAGS = 4 | 4096 | 8192


@dataclass(frozen=True)
class Generation:
    """The abilities and limits of servers of one age."""

    name: str
    build: str | None
    """What `X-Fluxer-Version` says; None where servers do not send it."""
    permissions: int
    channel_types: frozenset[int]
    post_types: frozenset[int]
    """Channels in which messages may be sent."""
    webhook_types: frozenset[int]
    """Channels that may have webhooks."""
    toggled_features: tuple[str, ...]
    sendable_flags: int
    limits: Limits
    least_content: int
    """Texts of bots and webhooks may be so long, whatever the limits say."""
    max_emoji_base64: int
    max_bitrate: int
    bitrate_cap: int
    """What a higher bitrate is stored as."""
    is_emoji_pool_shared: bool
    """Whether static and animated emojis count together."""
    has_precise_limits: bool
    """Rate limits in fractions of a second, with the headers Reset-After, Bucket and Scope."""
    needs_session: bool
    """A bot must have been on the gateway once before it may post."""
    needs_file_metadata: bool
    omits_empty_lists: bool
    """Messages lack `mentions`, `mention_roles` and `tts` where there is nothing to tell."""
    expires_files: bool
    has_rich_webhooks: bool
    """Webhooks heed nonces, replies, forwards and stickers, and their messages can be read, edited and deleted."""
    has_full_guild: bool
    """GET of the guild brings roles, channels, emojis and stickers."""
    has_uploads: bool
    """Files can be sent ahead of their message to presigned addresses."""
    has_threads: bool
    ranks_by_age: bool
    """Of two roles at one position the older ranks higher, and only movable roles are moved."""
    demands_version: bool
    """The gateway closes on clients that do not name the version they speak."""
    resume_seconds: float
    payloads_a_minute: int

    @property
    def max_content(self) -> int:
        """How long a text of a bot or webhook may be."""
        return max(self.limits.max_message_length, self.least_content)


FEBRUARY_2026 = Generation(
    name="2026-02",
    build=None,
    permissions=_PERMISSIONS,
    channel_types=frozenset({TEXT, VOICE, CATEGORY, LINK}),
    post_types=frozenset({TEXT}),
    webhook_types=frozenset({TEXT, VOICE, CATEGORY, LINK}),
    toggled_features=("INVITES_DISABLED", FLEXIBLE_NAMES, "DETACHED_BANNER"),
    sendable_flags=_FLAGS | 131072,
    limits=Limits(),
    least_content=0,
    max_emoji_base64=524_288,
    max_bitrate=320_000,
    bitrate_cap=320_000,
    is_emoji_pool_shared=False,
    has_precise_limits=False,
    needs_session=True,
    needs_file_metadata=True,
    omits_empty_lists=True,
    expires_files=True,
    has_rich_webhooks=False,
    has_full_guild=False,
    has_uploads=False,
    has_threads=False,
    ranks_by_age=False,
    demands_version=False,
    resume_seconds=10.0,
    payloads_a_minute=120,
)

CURRENT = Generation(
    name="current",
    build="2026.11.1-sandbox",
    permissions=_PERMISSIONS | THREAD_PERMISSIONS | VIEW_CHANNEL_MEMBERS,
    channel_types=frozenset({TEXT, VOICE, CATEGORY, ANNOUNCEMENT, FORUM, MEDIA, LINK}),
    post_types=frozenset({TEXT, VOICE, ANNOUNCEMENT}),
    webhook_types=frozenset({TEXT, VOICE, ANNOUNCEMENT, FORUM, MEDIA}),
    toggled_features=(
        "INVITES_DISABLED",
        FLEXIBLE_NAMES,
        "DETACHED_BANNER",
        "CLONE_EMOJI_ENABLED",
        "CLONE_STICKER_ENABLED",
        "HIDE_OWNER_CROWN",
    ),
    sendable_flags=_FLAGS,
    limits=Limits(max_guild_emojis=500, max_guild_stickers=500),
    least_content=4000,
    max_emoji_base64=699_052,
    max_bitrate=384_000,
    bitrate_cap=96_000,
    is_emoji_pool_shared=True,
    has_precise_limits=True,
    needs_session=False,
    needs_file_metadata=False,
    omits_empty_lists=False,
    expires_files=False,
    has_rich_webhooks=True,
    has_full_guild=True,
    has_uploads=True,
    has_threads=True,
    ranks_by_age=True,
    demands_version=True,
    resume_seconds=60.0,
    payloads_a_minute=600,
)

GENERATIONS = {generation.name: generation for generation in (FEBRUARY_2026, CURRENT)}
