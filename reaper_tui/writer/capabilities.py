"""What an instance can do, told by its answers and never by the name of a version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import Limits
from reaper_tui.writer.client import HEADERS_OF_NOW
from reaper_tui.writer.probes import Routes

BOT_CHARACTERS = 4000
BOT_ATTACHMENT_BYTES = 52_428_800
LIMITS_OF_NOW = Limits(
    message_length=BOT_CHARACTERS,
    emojis=500,
    static_emojis=500,
    animated_emojis=500,
    stickers=500,
    emoji_bytes=524_288,
)
_KEYS = {
    "max_message_length": "message_length",
    "max_attachment_file_size": "attachment_bytes",
    "max_attachments_per_message": "attachments_per_message",
    "max_embeds_per_message": "embeds_per_message",
    "max_guild_channels": "guild_channels",
    "max_channels_per_category": "channels_per_category",
    "max_guild_roles": "guild_roles",
    "max_guild_emojis": "emojis",
    "max_guild_emojis_static": "static_emojis",
    "max_guild_emojis_animated": "animated_emojis",
    "max_guild_stickers": "stickers",
    "max_webhooks_per_channel": "webhooks_per_channel",
    "max_webhooks_per_guild": "webhooks_per_guild",
    "emoji_max_size": "emoji_bytes",
    "sticker_max_size": "sticker_bytes",
}
_ROOMIER = {
    "max_guild_emojis_static_more": ("static_emojis", frozenset({"MORE_EMOJI", "UNLIMITED_EMOJI"})),
    "max_guild_emojis_animated_more": ("animated_emojis", frozenset({"MORE_EMOJI", "UNLIMITED_EMOJI"})),
    "max_guild_stickers_more": ("stickers", frozenset({"MORE_STICKERS", "UNLIMITED_STICKERS"})),
}
_MORE = 250


class Answers(msgspec.Struct, frozen=True):
    """What answers have shown so far of how the server works; None means that nothing has shown it yet."""

    is_current: bool = False
    keeps_replies: bool | None = None
    takes_voice: bool | None = None

    @property
    def generation(self) -> str:
        """Return which generation of servers answers like this."""
        return "current" if self.is_current else "2026-02"

    def seen(self, headers: Iterable[str]) -> Answers:
        """Return the answers with one more, which came with these lower-case header names."""
        if self.is_current or not HEADERS_OF_NOW.intersection(headers):
            return self
        return msgspec.structs.replace(self, is_current=True)

    def capabilities(self, routes: Routes, *, presigned_uploads: bool) -> TargetCapabilities:
        """Return what the server can do."""
        return TargetCapabilities(
            edits_posts=routes.edits_posts,
            honours_nonces=self.is_current,
            keeps_replies=self.is_current if self.keeps_replies is None else self.keeps_replies,
            has_threads=routes.has_threads,
            has_forums=routes.has_threads,
            has_announcements=routes.has_announcements,
            has_voice_text=self.is_current,
            takes_voice_messages=self.takes_voice is not False,
            presigned_uploads=presigned_uploads,
        )


def limits_from(
    rules: Iterable[Mapping[str, Any]], features: frozenset[str], *, is_current: bool, is_self_hosted: bool
) -> Limits:
    """Return the limits for a bot and its webhooks in a guild: a plain rule replaces, a filtered one raises."""
    values: dict[str, int] = msgspec.structs.asdict(LIMITS_OF_NOW if is_current else Limits())
    for name, wanted in _ROOMIER.values():
        if features & wanted:
            values[name] = max(values[name], _MORE)
    ordered = sorted(rules, key=lambda rule: bool(rule.get("filters")))
    for rule in ordered:
        filters = _mapping(rule.get("filters"))
        # Newer servers hold bots to what everybody has; before, all of a self-hosted server were premium.
        if not _applies(filters, features, is_self_hosted and not is_current):
            continue
        for key, value in _mapping(rule.get("overrides")).items():
            name, wanted = _ROOMIER.get(key, (_KEYS.get(key, ""), frozenset[str]()))
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not name or not is_number or (key in _ROOMIER and not features & wanted):
                continue
            is_raised = bool(filters) or key in _ROOMIER
            values[name] = max(values[name], int(value)) if is_raised else int(value)
    if is_current:
        values["message_length"] = max(values["message_length"], BOT_CHARACTERS)
        values["attachment_bytes"] = min(values["attachment_bytes"], BOT_ATTACHMENT_BYTES)
    return Limits(**{name: max(0, value) for name, value in values.items()})


def _applies(filters: Mapping[str, Any], features: frozenset[str], is_self_hosted: bool) -> bool:
    traits = _names(filters.get("traits"))
    wanted = _names(filters.get("guildFeatures"))
    has_traits = not traits or (is_self_hosted and "premium" in traits)
    return has_traits and (not wanted or bool(wanted & features))


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _names(value: object) -> frozenset[str]:
    return frozenset(str(name) for name in cast("list[object]", value)) if isinstance(value, list) else frozenset()
