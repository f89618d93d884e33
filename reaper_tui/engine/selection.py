"""Which channels a run carries over: an id selects what it names and everything below it."""

from __future__ import annotations

from typing import NamedTuple

from reaper_tui.model.community import Channel, Guild
from reaper_tui.profile.settings import CopySettings


class Selected(NamedTuple):
    """`carried` are the channels and threads a profile selects, `standing` also those they stand in."""

    carried: frozenset[int]
    standing: frozenset[int]


def selected_channels(guild: Guild, copy: CopySettings) -> Selected:
    """Return the ids of what a profile selects."""
    by_id = {channel.id: channel for channel in guild.channels}
    wanted = None if copy.channels == "all" else {str(entry) for entry in copy.channels}
    refused = {str(entry) for entry in copy.exclude}
    carried: set[int] = set()
    standing: set[int] = set()
    for channel in guild.channels:
        line = _ancestry(channel, by_id)
        if any(str(entry.id) in refused for entry in line):
            continue
        if wanted is None or any(str(entry.id) in wanted for entry in line):
            carried.add(channel.id)
            standing.update(entry.id for entry in line)
    return Selected(frozenset(carried), frozenset(standing))


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
