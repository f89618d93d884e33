"""Where channels stand: the position of a new one, and what a move does to all of them."""

from __future__ import annotations

from collections.abc import Mapping

from .entities import CATEGORY, VOICE, Channel
from .errors import invalid_field


def next_position(type: int, parent_id: int | None, channels: Mapping[int, Channel]) -> int:
    """The position of a new channel: after the last sibling of its kind, at the end if it has no category."""
    parent = None if parent_id is None else channels.get(parent_id)
    if type == CATEGORY or parent is None:
        return max((channel.position for channel in channels.values()), default=0) + 1
    siblings = [channel for channel in channels.values() if channel.parent_id == parent_id]
    texts = [channel.position for channel in siblings if channel.type != VOICE]
    voices = [channel.position for channel in siblings if channel.type == VOICE]
    before = (voices or texts) if type == VOICE else texts
    return max(before, default=parent.position) + 1


def reordered(
    channels: Mapping[int, Channel], target: Channel, parent_id: int | None, position: int | None
) -> list[Channel] | None:
    """All channels in their new order, or None if nothing changes; `position` counts among siblings."""
    if parent_id is not None:
        parent = channels.get(parent_id)
        if parent is None or parent.type != CATEGORY:
            raise invalid_field("parent_id", "PARENT_MUST_BE_CATEGORY", "Parent channel must be a category.")
        if target.type == CATEGORY:
            raise invalid_field("parent_id", "CATEGORIES_CANNOT_HAVE_PARENTS", "Categories can't have parents.")
    ordered = sorted(channels.values(), key=lambda channel: (channel.position, str(channel.id)))
    is_block = target.type == CATEGORY
    block = [c for c in ordered if c.id == target.id or (is_block and c.parent_id == target.id)]
    moving = {channel.id for channel in block}
    rest = [channel for channel in ordered if channel.id not in moving]
    siblings = [channel for channel in rest if channel.parent_id == parent_id]
    at = _insertion(rest, siblings, parent_id, _rank(target, siblings, position))
    final = [*rest[:at], *block, *rest[at:]]
    _check_voice_below_text(final, target, parent_id)
    is_same = parent_id == target.parent_id and [c.id for c in final] == [c.id for c in ordered]
    return None if is_same else final


def place_after(
    channels: Mapping[int, Channel], target: Channel, parent_id: int | None, preceding_id: int | None
) -> int:
    """The place among the siblings right after one of them, or before all."""
    ordered = sorted(channels.values(), key=lambda channel: (channel.position, str(channel.id)))
    siblings = [channel.id for channel in ordered if channel.parent_id == parent_id and channel.id != target.id]
    if preceding_id is None:
        return 0
    if preceding_id not in siblings:
        text = "The preceding channel must be a sibling."
        raise invalid_field("preceding_sibling_id", "INVALID_PARENT_CHANNEL", text)
    return siblings.index(preceding_id) + 1


def _rank(target: Channel, siblings: list[Channel], position: int | None) -> int:
    """The index among the siblings."""
    if position is not None:
        return min(max(position, 0), len(siblings))
    if target.type == VOICE:
        return len(siblings)
    return next((index for index, sibling in enumerate(siblings) if sibling.type == VOICE), len(siblings))


def _insertion(rest: list[Channel], siblings: list[Channel], parent_id: int | None, rank: int) -> int:
    """The index in the flat list; a preceding category counts with the channels right behind it."""
    if rank > 0:
        preceding = siblings[rank - 1]
        end = rest.index(preceding) + 1
        while preceding.type == CATEGORY and end < len(rest) and rest[end].parent_id == preceding.id:
            end += 1
        return end
    if parent_id is None:
        return 0
    return next(index for index, channel in enumerate(rest) if channel.id == parent_id) + 1


def _check_voice_below_text(final: list[Channel], target: Channel, parent_id: int | None) -> None:
    categories_with_voice: set[int] = set()
    for channel in final:
        parent = parent_id if channel.id == target.id else channel.parent_id
        if parent is None:
            continue
        if channel.type == VOICE:
            categories_with_voice.add(parent)
        elif channel.type != CATEGORY and parent in categories_with_voice:
            code = "VOICE_CHANNELS_CANNOT_BE_ABOVE_TEXT_CHANNELS"
            text = "Voice channels can't be positioned above text channels within the same category."
            raise invalid_field("preceding_sibling_id", code, text)
