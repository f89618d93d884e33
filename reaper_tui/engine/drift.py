"""What the source no longer has since an earlier run: told by name, and left standing on the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reaper_tui.engine.matching import mapped_targets
from reaper_tui.journal.records import Mapping as MappingRecord
from reaper_tui.model.community import Community, Guild
from reaper_tui.model.plan import Exclusion

REASON = "it was deleted on Discord since; it stays on Fluxer, delete it there by hand"


def gone_from_source(guild: Guild, community: Community, mappings: Sequence[MappingRecord]) -> tuple[Exclusion, ...]:
    """Return what an earlier run made or adopted, still stands, and has no source any more."""
    hidden = set(guild.hidden_channel_ids)
    channels = {channel.id for channel in guild.channels} | hidden
    present_channels = {channel.id for channel in community.channels}
    sides: tuple[tuple[str, str, Iterable[int], Iterable[int]], ...] = (
        ("role", "role {}", (role.id for role in guild.roles), (role.id for role in community.roles)),
        ("emoji", "emoji :{}:", (emoji.id for emoji in guild.emojis), (emoji.id for emoji in community.emojis)),
        ("sticker", "sticker {}", (row.id for row in guild.stickers), (row.id for row in community.stickers)),
        ("category", "category {}", channels, present_channels),
        ("channel", "#{}", channels, present_channels),
    )
    names = {(record.kind, record.source_id): record.name for record in mappings}
    found: list[Exclusion] = []
    for kind, words, at_source, at_target in sides:
        known, present = set(at_source), set(at_target)
        for source_id, target_id in mapped_targets(mappings, kind).items():
            if source_id not in known and target_id in present:
                found.append(Exclusion(words.format(names[kind, source_id]), REASON, source_id))
    return tuple(found)
