"""Takes away what this clone made on the target, one thing at a time, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reaper_tui.engine.control import RunControl, RunState, StopRequested
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.progress import Phase, Progress
from reaper_tui.journal import removals
from reaper_tui.journal.journal import Journal
from reaper_tui.model.errors import AccessDenied, NotFound, OutcomeUnknown, Refused
from reaper_tui.model.removal import Removable, RemovalOutcome

TARGET = "Fluxer"
# What stands inside another thing goes before it; what messages and permissions refer to goes last.
ORDER = ("webhook", "post", "thread", "channel", "companion", "category", "emoji", "sticker", "role")


class Remover(Protocol):
    """Deletes things on the target."""

    async def remove(self, kind: str, community_id: int, target_id: int) -> None:
        """Delete one thing; raise NotFound when it is gone already."""
        ...


@dataclass
class Removal:
    """Removes under a run's control; killed anywhere, the next removal goes on where it ended."""

    remover: Remover
    journal: Journal
    control: RunControl
    progress: Progress
    log: EventLog
    outage: Outage
    community_id: int

    async def targets(self) -> tuple[Removable, ...]:
        """Return what would be removed, in that order."""
        found = await self.journal.read(removals.removables)
        return tuple(sorted((item for item in found if item.kind in ORDER), key=lambda item: ORDER.index(item.kind)))

    async def run(self) -> RemovalOutcome:
        """Remove everything; raise StopRequested between two things when asked to."""
        control, progress = self.control, self.progress
        control.move(RunState.PREPARING)
        progress.started_at, progress.ended_at = progress.now(), None
        try:
            items = await self.targets()
            progress.phase = Phase.STRUCTURE
            progress.structure_done, progress.structure_total = 0, len(items)
            control.move(RunState.RUNNING)
            outcome = RemovalOutcome()
            for item in items:
                await control.boundary()
                progress.note = f"removing {item.kind} {item.name}"
                await self._remove(item, outcome)
                progress.structure_done += 1
        except BaseException as error:
            is_stop = isinstance(error, StopRequested) or not isinstance(error, Exception)
            self._end(RunState.STOPPED if is_stop else RunState.FAILED)
            raise
        self._end(RunState.DONE)
        level = Level.SUCCESS if outcome.is_complete else Level.WARNING
        self.log.write(
            level, f"removed {outcome.removed} things, {outcome.was_gone} were gone, {len(outcome.left)} stay"
        )
        return outcome

    async def _remove(self, item: Removable, outcome: RemovalOutcome) -> None:
        await self.journal.write(lambda raw: removals.begin(raw, item))
        while True:
            try:
                await self.outage.through(
                    TARGET, lambda: self.remover.remove(item.kind, self.community_id, item.target_id)
                )
            except OutcomeUnknown as error:
                await self.outage.pause(TARGET, error)
                continue
            except NotFound:
                outcome.was_gone += 1
            except (AccessDenied, Refused) as error:
                await self.journal.write(lambda raw: removals.keep(raw, item))
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                outcome.left.append(f"{item.kind} {item.name}: {error.line()}")
                self.log.write(Level.WARNING, f"{item.kind} {item.name} stays: {error.line()}")
                return
            else:
                outcome.removed += 1
            await self.journal.write(lambda raw: removals.settle(raw, item))
            self.log.write(Level.DEBUG, f"removed {item.kind} {item.name}")
            return

    def _end(self, state: RunState) -> None:
        self.progress.ended_at = self.progress.now()
        self.progress.note = ""
        if self.control.is_active:
            self.control.move(state)
