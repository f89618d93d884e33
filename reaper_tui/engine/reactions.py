"""Reactions that the bot itself puts below a post: one of each emoji the target knows."""

from __future__ import annotations

import msgspec

from reaper_tui.engine.directory import TargetMap
from reaper_tui.model.message import Message

MOST = 30


def wanted_reactions(message: Message, target: TargetMap) -> list[str]:
    """Return the emojis to react with, as Unicode or `name:id`; those the target does not have are left out."""
    wanted: dict[str, None] = {}
    for reaction in message.reactions:
        if reaction.emoji_id is None:
            wanted.setdefault(reaction.name)
        elif found := target.emojis.get(reaction.emoji_id):
            emoji_id, name, _ = found
            wanted.setdefault(f"{name}:{emoji_id}")
    return [emoji for emoji in wanted if emoji][:MOST]


def placed_reactions(reacted: str) -> list[str]:
    """Return the emojis that stand already, from the journal's record."""
    return msgspec.json.decode(reacted, type=list[str]) if reacted else []
