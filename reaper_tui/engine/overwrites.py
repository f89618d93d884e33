"""Who may do what in a channel, carried over so that nothing private is public for a moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reaper_tui.model.community import Channel, ChannelKind, Overwrite
from reaper_tui.model.permissions import carried

VIEW_CHANNEL = 1 << 10


def overwrites_for(
    channel: Channel,
    channels: Mapping[int, Channel],
    guild_id: int,
    community_id: int,
    roles: Mapping[int, int],
    *,
    keep_all: bool,
    members: Mapping[int, int] | None = None,
    has_threads: bool = False,
    seen_only_by: Collection[int] | None = None,
) -> tuple[Overwrite, ...]:
    """Return the target's overwrites for a source channel.

    Roles that were not carried over fall away with what they allowed, never what @everyone is denied. A thread takes
    its channel's; a private one, or one whose channel is not known, is closed to everyone. Without `keep_all` only the
    closed door itself is kept. `seen_only_by` are the target roles that see channels which say nothing, None for all.
    `members` are the people of the source who are members of the target, by their ids there.
    """
    source: Channel | None = channel
    if channel.kind is ChannelKind.THREAD:
        source = channels.get(channel.parent_id or 0)
    kept: dict[int, Overwrite] = {}
    for overwrite in source.overwrites if source else ():
        if overwrite.is_member:
            subject_id = (members or {}).get(overwrite.subject_id)
        else:
            subject_id = community_id if overwrite.subject_id == guild_id else roles.get(overwrite.subject_id)
        if subject_id is None:
            continue
        allow = carried(overwrite.allow, has_threads=has_threads)
        deny = carried(overwrite.deny, has_threads=has_threads)
        if not keep_all:
            allow, deny = allow & VIEW_CHANNEL, deny & VIEW_CHANNEL
        if allow or deny:
            kept[subject_id] = Overwrite(subject_id, overwrite.is_member, allow, deny)
    if channel.is_private or source is None:
        return (_closed(kept, community_id),)
    everyone = kept.get(community_id)
    if seen_only_by is not None and not (everyone and everyone.allow & VIEW_CHANNEL):
        is_open_to_roles = not (everyone and everyone.deny & VIEW_CHANNEL)
        kept[community_id] = _closed(kept, community_id)
        for role_id in seen_only_by if is_open_to_roles else ():
            old = kept.get(role_id, Overwrite(role_id, False, 0, 0))
            if not old.deny & VIEW_CHANNEL:
                kept[role_id] = Overwrite(role_id, False, old.allow | VIEW_CHANNEL, old.deny)
    return tuple(kept.values())


def _closed(kept: Mapping[int, Overwrite], community_id: int) -> Overwrite:
    everyone = kept.get(community_id, Overwrite(community_id, False, 0, 0))
    return Overwrite(community_id, False, everyone.allow & ~VIEW_CHANNEL, everyone.deny | VIEW_CHANNEL)
