"""Forums and threads: what a forum asks of its posts, and a thread as it stands on the target."""

from __future__ import annotations

import msgspec

REQUIRE_TAG = 1 << 4


class ForumTag(msgspec.Struct, frozen=True):
    """A tag of a forum; `emoji_id` is a custom emoji, `emoji_name` a Unicode one."""

    name: str
    is_moderated: bool = False
    emoji_id: int | None = None
    emoji_name: str = ""


class Forum(msgspec.Struct, frozen=True):
    """How a forum or media channel is set up; layout and sort order are Discord's numbers, the same on Fluxer.

    The emoji that reacts by default is a custom one, by its id, or a Unicode one.
    """

    tags: tuple[ForumTag, ...] = ()
    reaction_emoji_id: int | None = None
    reaction_emoji_name: str = ""
    sort_order: int | None = None
    layout: int = 0
    requires_tag: bool = False


class TargetThread(msgspec.Struct, frozen=True):
    """A thread or forum post on the target; `parent_id` is its channel."""

    id: int
    parent_id: int | None
    name: str
    is_archived: bool = False
    is_locked: bool = False
    is_private: bool = False
