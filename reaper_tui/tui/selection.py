"""Which channels are to be copied: a tree of marks that knows nothing of the screen.

A thread can be chosen without its channel's own messages; the channel is then made, but stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from reaper_tui.model.community import Channel, ChannelKind, Guild, ordered_channels
from reaper_tui.model.text import SafeText, sanitise_line

NAME_LENGTH = 100


class Mark(Enum):
    """Whether an entry and all below it are chosen."""

    OFF = "off"
    PARTIAL = "partial"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Entry:
    """A category, channel or thread; `estimate` counts its own messages, `is_choosable` tells whether it has a box."""

    id: int
    parent_id: int | None
    depth: int
    kind: ChannelKind
    name: SafeText
    estimate: int
    is_exact: bool
    has_messages: bool
    cannot_read: SafeText
    is_private: bool
    is_archived: bool
    is_choosable: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """What the marks add up to; channels are those that can hold messages and be read."""

    channels: int
    of_channels: int
    threads: int
    of_threads: int
    messages: int
    is_exact: bool


class Selection:
    """The marks of one guild's channels; a category's mark follows from what is below it."""

    def __init__(
        self,
        guild: Guild,
        estimates: Mapping[int, tuple[int, bool]],
        chosen: str | Iterable[str] = "all",
        excluded: Iterable[str] = (),
        sizes: Mapping[int, int] | None = None,
    ) -> None:
        self._sizes = sizes or {}
        self.entries: dict[int, Entry] = {}
        self._children: dict[int | None, list[int]] = {}
        rows = ordered_channels(guild.channels)
        known = {channel.id for channel in rows}
        parents = {channel.parent_id for channel in rows}
        for channel in rows:
            self._add(channel, known, channel.id in parents, estimates.get(channel.id))
        wanted = None if isinstance(chosen, str) and chosen == "all" else set(_ids(chosen))
        unwanted = set(_ids(excluded))
        self._chosen: set[int] = set()
        for entry in self.entries.values():
            lineage = {entry.id, *self.ancestors(entry.id)}
            if entry.is_choosable and (wanted is None or lineage & wanted) and not lineage & unwanted:
                self._chosen.add(entry.id)

    def children(self, entry_id: int | None) -> tuple[int, ...]:
        """Return what stands directly below an entry, None for the top."""
        return tuple(self._children.get(entry_id, ()))

    def ancestors(self, entry_id: int) -> tuple[int, ...]:
        """Return what an entry stands below, nearest first."""
        found: list[int] = []
        parent = self.entries[entry_id].parent_id
        while parent is not None and parent not in found:
            found.append(parent)
            parent = self.entries[parent].parent_id
        return tuple(found)

    def subtree(self, entry_id: int) -> tuple[int, ...]:
        """Return an entry and everything below it, in order."""
        return (entry_id, *(found for child in self.children(entry_id) for found in self.subtree(child)))

    def has_box(self, entry_id: int) -> bool:
        """Return whether anything in an entry's subtree can be chosen."""
        return any(self.entries[found].is_choosable for found in self.subtree(entry_id))

    def mark(self, entry_id: int) -> Mark:
        """Return the mark of an entry."""
        boxes = [found for found in self.subtree(entry_id) if self.entries[found].is_choosable]
        chosen = sum(found in self._chosen for found in boxes)
        if not chosen:
            return Mark.OFF
        return Mark.ON if chosen == len(boxes) else Mark.PARTIAL

    def toggle(self, entry_id: int) -> None:
        """Choose an entry with everything below it, or drop it when all of that is chosen already."""
        self.choose(entry_id, self.mark(entry_id) is not Mark.ON)

    def choose(self, entry_id: int, is_chosen: bool) -> None:
        """Choose or drop an entry with everything below it."""
        boxes = {found for found in self.subtree(entry_id) if self.entries[found].is_choosable}
        self._chosen = self._chosen | boxes if is_chosen else self._chosen - boxes

    def toggle_all(self) -> None:
        """Choose everything, or nothing when everything is chosen."""
        self._chosen = set() if self.is_everything else self._choosable()

    def invert(self) -> None:
        """Swap what is chosen and what is not."""
        self._chosen = self._choosable() - self._chosen

    @property
    def is_everything(self) -> bool:
        """Return whether all that can be chosen is."""
        return self._chosen == self._choosable()

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is chosen."""
        return not self._chosen

    def chosen_ids(self) -> tuple[int, ...]:
        """Return what is chosen, in the order of the sidebar."""
        return tuple(entry_id for entry_id in self.entries if entry_id in self._chosen)

    def setting(self) -> tuple[str | list[str], list[str]]:
        """Return `copy.channels` and `copy.exclude`: an id stands for itself and all below it."""
        if self.is_everything:
            return "all", []
        listed: list[str] = []
        excluded: list[str] = []
        pending = [(entry_id, False) for entry_id in reversed(self.children(None))]
        while pending:
            entry_id, is_covered = pending.pop()
            mark = self.mark(entry_id)
            if mark is Mark.OFF:
                excluded += [str(entry_id)] if is_covered and self.has_box(entry_id) else []
                continue
            is_listed = entry_id in self._chosen or mark is Mark.ON
            if is_listed and not is_covered:
                listed.append(str(entry_id))
            if mark is Mark.PARTIAL:
                pending += [(child, is_covered or is_listed) for child in reversed(self.children(entry_id))]
        return listed, excluded

    def totals(self) -> Totals:
        """Return the counts of what is chosen."""
        holders = [entry for entry in self.entries.values() if entry.has_messages and entry.is_choosable]
        chosen = [entry for entry in holders if entry.id in self._chosen]
        return Totals(
            channels=sum(entry.kind is not ChannelKind.THREAD for entry in chosen),
            of_channels=sum(entry.kind is not ChannelKind.THREAD for entry in holders),
            threads=sum(entry.kind is ChannelKind.THREAD for entry in chosen),
            of_threads=sum(entry.kind is ChannelKind.THREAD for entry in holders),
            messages=sum(entry.estimate for entry in chosen),
            is_exact=all(entry.is_exact for entry in chosen),
        )

    def estimate(self, entry_id: int) -> tuple[int, bool]:
        """Return how many messages an entry and all below it hold, and whether that is exact."""
        holders = [self.entries[found] for found in self.subtree(entry_id) if self.entries[found].has_messages]
        return sum(entry.estimate for entry in holders), all(entry.is_exact for entry in holders)

    def size(self, entry_id: int) -> int:
        """Return how many bytes of files of an entry and all below it were copied so far."""
        return sum(self._sizes.get(found, 0) for found in self.subtree(entry_id))

    @property
    def has_sizes(self) -> bool:
        """Return whether anything is known of sizes."""
        return any(self._sizes.values())

    def matches(self, query: str) -> tuple[int, ...]:
        """Return the entries whose name contains a text, in order."""
        wanted = query.casefold().strip().lstrip("#")
        if not wanted:
            return ()
        return tuple(entry.id for entry in self.entries.values() if wanted in entry.name.casefold())

    def _add(self, channel: Channel, known: set[int], is_parent: bool, estimate: tuple[int, bool] | None) -> None:
        is_thread = channel.kind is ChannelKind.THREAD
        parent = channel.parent_id if channel.parent_id in known and channel.parent_id != channel.id else None
        parent_entry = self.entries.get(parent) if parent is not None else None
        count, is_exact = estimate or (channel.message_count or 0, False)
        is_folder = channel.kind is ChannelKind.CATEGORY
        self.entries[channel.id] = Entry(
            id=channel.id,
            parent_id=parent_entry.id if parent_entry else None,
            depth=parent_entry.depth + 1 if parent_entry else 0,
            kind=channel.kind,
            name=sanitise_line(channel.name, NAME_LENGTH) or SafeText("(no name)"),
            estimate=count if channel.has_messages else 0,
            is_exact=is_exact if channel.has_messages else True,
            has_messages=channel.has_messages,
            cannot_read=sanitise_line(channel.cannot_read, 200),
            is_private=channel.is_private,
            is_archived=is_thread and channel.is_archived,
            is_choosable=not channel.cannot_read and not (is_folder and is_parent),
        )
        self._children.setdefault(parent_entry.id if parent_entry else None, []).append(channel.id)

    def _choosable(self) -> set[int]:
        return {entry.id for entry in self.entries.values() if entry.is_choosable}


def _ids(values: Iterable[str]) -> list[int]:
    return [int(value) for value in values if value.isascii() and value.isdigit()]
