"""What of the structure stands on the target: on record around every request, adopted when a reply was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from reaper_tui.engine.control import RunControl
from reaper_tui.engine.equipment import Equipment
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Spool, Writer
from reaper_tui.engine.progress import Progress
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import Mapping
from reaper_tui.model.community import Community
from reaper_tui.model.errors import AccessDenied, CloneError, FileUnavailable, NotFound, OutcomeUnknown, Refused
from reaper_tui.model.names import clean_name
from reaper_tui.model.plan import Action, PlanItem

T = TypeVar("T")
TARGET = "Fluxer"
SOURCE_FILES = "Discord's file server"


@dataclass
class Standing:
    """Makes single items at most once and remembers where they are.

    A server may still be busy with a request whose reply was lost: an item is held to be absent only when it is not
    there after `settle_seconds` either.
    """

    writer: Writer
    spool: Spool
    journal: Journal
    control: RunControl
    progress: Progress
    log: EventLog
    outage: Outage
    community: Community
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    settle_seconds: float = 0.0
    _records: dict[tuple[str, int], Mapping] = field(default_factory=dict[tuple[str, int], Mapping])
    _newest: int = 0

    @classmethod
    def of(cls, equipment: Equipment, community: Community) -> Self:
        """Return what stands in a community, for whoever is equipped to build there."""
        return cls(
            equipment.writer,
            equipment.spool,
            equipment.journal,
            equipment.control,
            equipment.progress,
            equipment.log,
            equipment.outage,
            community,
            sleep=equipment.sleep,
            settle_seconds=equipment.settle_seconds,
        )

    async def load(self) -> None:
        """Read what the journal knows."""
        for record in await self.journal.read(queries.mappings):
            self._records[record.kind, record.source_id] = record
        community = self.community
        present = (*community.roles, *community.channels, *community.emojis, *community.stickers)
        self._newest = max((thing.id for thing in present), default=0)

    def find(self, kind: str, source_id: int) -> Mapping | None:
        """Return the record of an item."""
        return self._records.get((kind, source_id))

    def target(self, kind: str, source_id: int) -> int | None:
        """Return the id on the target of an item that stands."""
        record = self.find(kind, source_id)
        return record.target_id if record and record.outcome in ("created", "reused") else None

    def targets(self, kind: str) -> dict[int, int]:
        """Return the ids of everything of a kind that stands, by source id."""
        found = {source: self.target(kind, source) for of_kind, source in self._records if of_kind == kind}
        return {source: target for source, target in found.items() if target is not None}

    def failed(self) -> list[Mapping]:
        """Return the records of what could not be made."""
        return [record for record in self._records.values() if record.outcome == "failed"]

    def applied(self, kind: str, source_id: int) -> str:
        """Return what was last written to an item, empty when nothing was."""
        record = self.find(kind, source_id)
        return record.applied if record else ""

    async def record(
        self,
        kind: str,
        source_id: int,
        target_id: int | None,
        name: str,
        outcome: str,
        *,
        reason: str = "",
        applied: str = "",
    ) -> None:
        """Put an item on record."""
        await self.record_all([Mapping(kind, source_id, target_id, name, outcome, reason, 0, applied)])

    async def record_all(self, records: Iterable[Mapping]) -> None:
        """Put items on record, all or none."""
        records = list(records)
        await self.journal.map_items(records)
        for record in records:
            self._records[record.kind, record.source_id] = record
            self._newest = max(self._newest, record.target_id or 0)

    def intent(self, kind: str, source_id: int, name: str) -> Mapping:
        """Return the record of an item that is about to be made; what is made of it will be newer than all known."""
        return Mapping(kind, source_id, None, name, "intended", "", self._newest)

    async def note_applied(self, kind: str, source_id: int, applied: str) -> None:
        """Put on record what was written to an item that stands."""
        found = self._records[kind, source_id]
        await self.record(kind, source_id, found.target_id, found.name, found.outcome, applied=applied)

    async def settle_known(self, kind: str, item: PlanItem, name: str) -> int | None:
        """Put an item that is not to be made on record; return where it stands."""
        if item.action is Action.CANNOT:
            await self.record(kind, item.source_id, None, name, "excluded", reason=item.reason)
            return None
        record = self.find(kind, item.source_id)
        if record is None or record.target_id != item.target_id or record.outcome not in ("created", "reused"):
            await self.record(kind, item.source_id, item.target_id, name, "reused")
        return item.target_id

    async def make(
        self,
        kind: str,
        item: PlanItem,
        create: Callable[[], Coroutine[Any, Any, int]],
        fitting: Callable[[Community], Iterable[int]],
    ) -> int | None:
        """Make an item unless it stands; return its id, None when the target refuses it."""
        name = clean_name(item.name)
        if item.action is not Action.CREATE:
            return await self.settle_known(kind, item, name)
        while True:
            record = self.find(kind, item.source_id)
            if record is not None and record.outcome == "intended":
                target_id = await self.look(lambda: self.adoptable(kind, item.source_id, fitting(self.community)))
                if target_id is not None:
                    await self.record(kind, item.source_id, target_id, name, "created")
                    return target_id
            await self.record_all([self.intent(kind, item.source_id, name)])
            try:
                target_id = await self.call(create)
            except OutcomeUnknown as error:
                await self.outage.pause(TARGET, error)
                continue
            except (Refused, AccessDenied, NotFound) as error:
                raise_if_fatal(error)
                await self.record(kind, item.source_id, None, name, "failed", reason=error.line())
                self.log.write(Level.ERROR, f"{kind} {item.name} could not be made: {error.line()}")
                return None
            await self.record(kind, item.source_id, target_id, name, "created")
            self.log.write(Level.DEBUG, f"made {kind} {item.name}")
            return target_id

    async def look(self, found: Callable[[], T | None]) -> T | None:
        """Return what is found on the target as it stands now, or once a request under way has had time to end."""
        await self._relist()
        if (result := found()) is None:
            await self.sleep(self.settle_seconds)
            await self._relist()
            result = found()
        return result

    def adoptable(self, kind: str, source_id: int, candidates: Iterable[int]) -> int | None:
        """Return the candidate that an intended item became."""
        record = self._records[kind, source_id]
        claimed = {known.target_id for known in self._records.values() if known.kind == kind}
        return min((found for found in candidates if found > record.watermark and found not in claimed), default=None)

    async def attempt(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do what may be done twice; return False, with a line in the log, when the target refuses it."""
        while True:
            try:
                await self.call(work)
            except OutcomeUnknown as error:
                await self.outage.pause(TARGET, error)
            except (Refused, AccessDenied, NotFound) as error:
                raise_if_fatal(error)
                self.log.write(Level.WARNING, f"{what} could not be set: {error.line()}")
                return False
            else:
                return True

    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what a request to the target returns, through outages."""
        return await self.outage.through(TARGET, work)

    async def image(self, url: str, limit: int, what: str, *, is_lottie: bool = False) -> bytes | None:
        """Return a small image of the source, None with a line in the log when it cannot be had."""
        if not url:
            return None
        try:
            return await self.outage.through(SOURCE_FILES, lambda: self.spool.picture(url, limit, is_lottie=is_lottie))
        except FileUnavailable as error:
            self.log.write(Level.WARNING, f"{what} stays behind: {error.reason}")
            return None

    def step(self) -> None:
        """Count an item as done."""
        self.progress.structure_done += 1

    async def _relist(self) -> None:
        self.community = await self.call(lambda: self.writer.community(self.community.id))


def raise_if_fatal(error: CloneError) -> None:
    """Raise an error that ends the run."""
    if isinstance(error, AccessDenied) and error.ends_run:
        raise error
