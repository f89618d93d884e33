"""What of the source already stands on the target: by the journal, else by a name that leaves no doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import KINDS_WITH_POSTS, Channel, ChannelKind
from reaper_tui.model.names import clean_name, text_channel_name

Key = TypeVar("Key", bound=Hashable)

TARGET_KIND: Mapping[ChannelKind, str] = {
    ChannelKind.TEXT: "text",
    ChannelKind.ANNOUNCEMENT: "text",
    ChannelKind.FORUM: "text",
    ChannelKind.MEDIA: "text",
    ChannelKind.THREAD: "text",
    ChannelKind.VOICE: "voice",
    ChannelKind.STAGE: "voice",
    ChannelKind.CATEGORY: "category",
}


WITH_TEXT_NAMES = frozenset({"text", "announcement", "forum", "media"})


def target_kind(kind: ChannelKind, can: TargetCapabilities, *, has_native_posts: bool) -> str:
    """Return the kind of channel that stands for one of the source, empty when there is none.

    A forum is one only where its posts become threads.
    """
    if kind is ChannelKind.ANNOUNCEMENT and can.has_announcements:
        return kind.value
    if kind in KINDS_WITH_POSTS and can.has_forums and has_native_posts:
        return kind.value
    return TARGET_KIND.get(kind, "")


def mapped_targets(mappings: Iterable[MappingRecord], kind: str) -> dict[int, int]:
    """Return the target ids that the journal holds for a kind, by source id."""
    return {
        mapping.source_id: mapping.target_id
        for mapping in mappings
        if mapping.kind == kind and mapping.target_id is not None and mapping.outcome in ("created", "reused")
    }


def name_matches(wanted: Mapping[int, Key], existing: Mapping[int, Key]) -> dict[int, int]:
    """Return source → target for keys that occur exactly once on both sides."""
    claims = Counter(wanted.values())
    offers = Counter(existing.values())
    by_key = {key: target_id for target_id, key in existing.items() if offers[key] == 1}
    return {source_id: by_key[key] for source_id, key in wanted.items() if claims[key] == 1 and offers.get(key, 0) == 1}


def channel_key(channel: Channel, kind: str, parent_name: str) -> tuple[str, str, str]:
    """Return what makes a channel recognisable: its kind on the target, its stored name, its category's name."""
    name = text_channel_name(channel.name) if kind in WITH_TEXT_NAMES else clean_name(channel.name)
    return kind, name.casefold(), parent_name.casefold()
