"""What a listener wants to hear of."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from reaper_tui.stream.events import KINDS, Event

MOST_CHANNELS = 200


class FilterError(ValueError):
    """A filter that says something unknown; it would never match and is better refused."""


class Filter(msgspec.Struct, frozen=True):
    """Channels and kinds that match; None for all of them. Equal filters share one copy of what is sent."""

    channels: frozenset[int] | None = None
    kinds: frozenset[str] | None = None

    def matches(self, event: Event) -> bool:
        """Return whether the listener wants this event."""
        return (self.channels is None or event.channel_id in self.channels) and (
            self.kinds is None or event.kind in self.kinds
        )

    def within(self, channels: Collection[int]) -> Filter:
        """Return what is left when only these channels may be seen; empty for no such limit."""
        if not channels:
            return self
        allowed = frozenset(channels)
        return Filter(allowed if self.channels is None else allowed & self.channels, self.kinds)


def parse_filter(channels: str, kinds: str) -> Filter:
    """Return the filter that comma lists of channel ids and kinds stand for; raise FilterError naming what is wrong."""
    ids = [part.strip() for part in channels.split(",") if part.strip()]
    if len(ids) > MOST_CHANNELS:
        raise FilterError(f"ch names {len(ids)} channels, at most {MOST_CHANNELS} are possible")
    for part in ids:
        if not (part.isascii() and part.isdigit() and 0 < int(part) < 1 << 63):
            raise FilterError(f"ch: {part[:40]!r} is no channel id")
    names = frozenset(part.strip() for part in kinds.split(",") if part.strip())
    if unknown := sorted(names - KINDS):
        raise FilterError(f"type: {unknown[0][:40]!r} is none of {', '.join(sorted(KINDS))}")
    wanted = None if not names or names == KINDS else names
    return Filter(frozenset(map(int, ids)) or None, wanted)
