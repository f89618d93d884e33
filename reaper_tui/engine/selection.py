"""Which channels a run carries over: an id selects what it names and everything below it."""

from __future__ import annotations

from reaper_tui.model.community import Channel, Guild
from reaper_tui.profile.settings import CopySettings


def selected_channels(guild: Guild, copy: CopySettings) -> frozenset[int]:
    """Return the ids of the channels and threads that a profile selects, categories of theirs included."""
    by_id = {channel.id: channel for channel in guild.channels}
    wanted = None if copy.channels == "all" else {str(entry) for entry in copy.channels}
    refused = {str(entry) for entry in copy.exclude}
    chosen: set[int] = set()
    for channel in guild.channels:
        line = _ancestry(channel, by_id)
        if any(str(entry.id) in refused for entry in line):
            continue
        if wanted is None or any(str(entry.id) in wanted for entry in line):
            chosen.update(entry.id for entry in line)
    return frozenset(chosen)


def unknown_choices(guild: Guild, copy: CopySettings) -> tuple[str, ...]:
    """Return ids of the profile that are no channel of the guild."""
    known = {str(channel.id) for channel in guild.channels}
    listed = [] if copy.channels == "all" else list(copy.channels)
    return tuple(entry for entry in (*listed, *copy.exclude) if entry not in known)


def _ancestry(channel: Channel, by_id: dict[int, Channel]) -> tuple[Channel, ...]:
    line = [channel]
    while (parent := line[-1].parent_id) is not None and parent in by_id and len(line) < 4:
        line.append(by_id[parent])
    return tuple(line)
