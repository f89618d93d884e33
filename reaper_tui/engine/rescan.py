"""Rescan: what was read in earlier runs is looked at again for edits, deletions, reactions and pins."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from reaper_tui.engine.blindness import BlindnessWatch, shows_content
from reaper_tui.engine.control import RunControl
from reaper_tui.engine.difference import kinds_of_difference
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Reader
from reaper_tui.engine.renewals import Renewals
from reaper_tui.engine.vigil import Vigil
from reaper_tui.journal import changes, feed, queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import Container
from reaper_tui.model.errors import AccessDenied, NotFound, Refused
from reaper_tui.model.message import RawMessage, RecentPage

SOURCE = "Discord"
# Only a clearly short page is the last: odd entries may be missing from a full one.
SHORT_PAGE = 50
# A server that was emptied after the move must not empty the community it moved to.
FEW_DELETIONS = 20
# Beside the newest one.
GAP_PAGES = 4
# More than this missing in one stretch is never taken for single deletions.
MOST_GONE = 10_000

Depth = Literal["auto", "all", "none"]


class Finding(NamedTuple):
    """What a look found different: payloads with what changed, and ids that are no longer there."""

    renewed: Mapping[int, tuple[bytes, frozenset[ChangeKind]]]
    gone: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.renewed or self.gone)


class Rescan:
    """Compares the source with the journal; `has_news` once anything anywhere is new or different.

    Deletions count only where a stretch of the history was read without a gap.
    """

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        control: RunControl,
        outage: Outage,
        log: EventLog,
        renewals: Renewals,
        vigil: Vigil,
        *,
        now: Callable[[], float],
        depth: Depth,
        follows_a_whole_run: bool,
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._control = control
        self._outage = outage
        self._log = log
        self._renewals = renewals
        self._vigil = vigil
        self._now = now
        self._depth = depth
        self._follows_a_whole_run = follows_a_whole_run
        self._blindness = BlindnessWatch()
        self._unfinished: list[tuple[Container, int]] = []
        self.has_news = False

    def wants(self, container: Container) -> bool:
        """Return whether a container is looked at again: its history was once read to its end."""
        return self._depth != "none" and container.captured_at is not None and container.source > 0

    async def newest(self, container: Container) -> RecentPage:
        """Return the newest page of a container."""
        return await self._page(container.id, None)

    async def look(self, container: Container, page: RecentPage, mark: int) -> None:
        """Compare a container's newest page, asked for after a mark; what lies behind it is left for `deepen`."""
        if not self._has_any(container, page):
            return
        low = 0 if self._is_surely_the_end(page) else page.messages[-1].id
        high = page.messages[0].id if self._vigil.is_live else container.capture_cursor
        await self._apply(container, await self._compare(container, page.messages, low, high), mark)
        if low:
            self._unfinished.append((container, low))

    async def recheck(self, container: Container) -> None:
        """Compare the newest of what is known of a container that is read on, which its newest page does not show.

        This comes before the reading: once that is through, nothing tells any more that it is due.
        """
        if self._depth == "none" or container.source == 0:
            return
        if not self._has_any(container, await self.newest(container)):
            return
        heard = await self._journal.read(lambda raw: queries.newest_message_id(raw, container.id))
        if heard > container.capture_cursor:
            await self._stretch(container, heard + 1, GAP_PAGES)
        if low := await self._stretch(container, container.capture_cursor + 1, GAP_PAGES):
            self._unfinished.append((container, low))

    async def deepen(self, *, closes_gap: bool = False) -> None:
        """Compare the rest of every history where that is wanted: whenever there were news after a whole run.

        Where a gap was closed or a mirror begins only some more pages of each are looked at.
        """
        is_due = self._depth == "all" or (self.has_news and self._follows_a_whole_run and not closes_gap)
        while self._unfinished:
            container, before = self._unfinished.pop()
            if not (is_due or closes_gap or self._vigil.is_live):
                continue
            try:
                await self._stretch(container, before, None if is_due else GAP_PAGES)
            except (AccessDenied, NotFound, Refused) as error:
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                self._log.write(
                    Level.WARNING, f"#{container.name} was not looked at again to its start: {error}", container.id
                )

    async def _stretch(self, container: Container, before: int, most_pages: int | None) -> int:
        """Compare what lies before an id; return the id before which the rest lies, 0 when nothing does."""
        renewed: dict[int, tuple[bytes, frozenset[ChangeKind]]] = {}
        gone: set[int] = set()
        mark = self._vigil.now()
        pages = 0
        while before and pages != most_pages:
            pages += 1
            await self._control.boundary()
            page = await self._page(container.id, before)
            low = page.messages[-1].id if page.messages else 0
            if page.messages and self._is_surely_the_end(page):
                low = 0
            found = await self._compare(container, page.messages, low, before - 1)
            renewed.update(found.renewed)
            gone.update(found.gone)
            before = low
        await self._apply(container, Finding(renewed, frozenset(gone)), mark)
        return before

    async def _page(self, container_id: int, before: int | None) -> RecentPage:
        return await self._control.unless_stopped(
            self._outage.through(SOURCE, lambda: self._reader.recent(container_id, before))
        )

    def _has_any(self, container: Container, newest: RecentPage) -> bool:
        """Return whether a container shows anything: one that was hidden reads as if all of it had been deleted."""
        if not newest.messages:
            self._log.write(
                Level.WARNING,
                f"#{container.name} reads as empty now: what was carried over from it stays",
                container.id,
            )
        return bool(newest.messages)

    def _is_surely_the_end(self, page: RecentPage) -> bool:
        return page.is_end and len(page.messages) < SHORT_PAGE

    async def _compare(self, container: Container, page: Sequence[RawMessage], low: int, high: int) -> Finding:
        seen = {raw.id: raw.payload for raw in page}
        first = min(seen, default=high + 1)
        known = dict(await self._journal.read(lambda raw: queries.known_messages(raw, container.id, first, high)))
        below = await self._journal.read(lambda raw: queries.known_ids(raw, container.id, low, first - 1, MOST_GONE))
        parsed = {message_id: self._reader.parse(payload) for message_id, payload in seen.items()}
        self._blindness.look(parsed.values())
        renewed: dict[int, tuple[bytes, frozenset[ChangeKind]]] = {}
        for message_id in known.keys() & seen.keys():
            before, now = self._reader.parse(known[message_id]), parsed[message_id]
            # Nobody can empty a message by an edit: what reads as blank now is hidden, and stays as it was.
            is_hidden = shows_content(before) and not shows_content(now)
            if not is_hidden and (kinds := kinds_of_difference(before, now)):
                renewed[message_id] = (seen[message_id], kinds)
        return Finding(renewed, frozenset({*below, *(known.keys() - seen.keys())}))

    async def _apply(self, container: Container, found: Finding, mark: int) -> None:
        found = self._without_touched(found, mark)
        if not found:
            return
        self.has_news = True
        gone = found.gone
        if len(gone) >= MOST_GONE or len(gone) > max(FEW_DELETIONS, container.source // 2):
            self._log.write(
                Level.WARNING,
                f"most of #{container.name} was deleted on Discord ({len(gone):,} messages): nothing is deleted here",
                container.id,
            )
            gone = frozenset[int]()
        now = self._now()
        told = self._vigil.told(container.id, found.renewed, gone)

        def apply(raw: sqlite3.Connection) -> None:
            for message_id in sorted(found.renewed):
                payload, kinds = found.renewed[message_id]
                changes.renew(raw, message_id, payload, sorted(kinds), now)
            for message_id in sorted(gone):
                changes.remove(raw, message_id, now)
            if told:
                feed.append(raw, told, now)

        await self._journal.write(apply)
        self._renewals.add((*found.renewed, *gone))

    def _without_touched(self, found: Finding, mark: int) -> Finding:
        """Return what was found without that which events told about since it was asked for: they know better."""
        if not self._vigil.is_live:
            return found
        renewed = {
            message_id: change
            for message_id, change in found.renewed.items()
            if not self._vigil.was_touched(message_id, mark)
        }
        gone = frozenset(message_id for message_id in found.gone if not self._vigil.was_touched(message_id, mark))
        return Finding(renewed, gone)
