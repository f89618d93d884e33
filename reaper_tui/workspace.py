"""One opened profile, as the faces of the program see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from reaper_tui.backend import Mirrored, Survey
from reaper_tui.engine.clone import Clone
from reaper_tui.engine.plan import make_plan
from reaper_tui.engine.removal import Removal
from reaper_tui.engine.since import first_cursor, told_if_widened
from reaper_tui.engine.summing import summarise
from reaper_tui.engine.transfer import BothSides
from reaper_tui.journal import mirrored, queries
from reaper_tui.journal.records import Mapping
from reaper_tui.model.check import Check
from reaper_tui.model.plan import Plan
from reaper_tui.model.removal import Removable, RemovalOutcome
from reaper_tui.model.retrying import Retriable
from reaper_tui.model.summary import Summary, Verification
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.settings import Settings
from reaper_tui.reader.client import DiscordReader
from reaper_tui.tracing import trace_lines, words_of
from reaper_tui.writer.aliases import Aliases
from reaper_tui.writer.writer import FluxerWriter


class OpenWorkspace:
    """One opened profile: fulfils `backend.Workspace`."""

    def __init__(
        self,
        workdir: Path,
        settings: Settings,
        clone: Clone,
        writer: FluxerWriter,
        mappings: Sequence[Mapping],
        aliases: Aliases,
        reader: DiscordReader,
        checks: Callable[[], AsyncIterator[Check]],
    ) -> None:
        self._writer = writer
        self.workdir = workdir
        self.settings = settings
        self.clone = clone
        self.control = clone.control
        self.progress = clone.progress
        self.log = clone.log
        self._mappings = mappings
        self._settled: dict[int, int] = {}
        self._earliest: int | None = None
        self._sides: BothSides | None = None
        self._aliases = aliases
        self._reader = reader
        self._checks = checks

    async def survey(self) -> Survey:
        """Read both sides anew."""
        self._mappings = await self.clone.journal.read(queries.mappings)
        self._settled = await self.clone.journal.read(queries.settled)
        self._earliest = await self.clone.journal.read(queries.earliest_cursor)
        self._sides = await self.clone.survey(first_cursor(self.settings.copy.since))
        return Survey(*self._sides, await self.clone.journal.read(queries.bytes_sent))

    def plan(self, survey: Survey, settings: Settings) -> Plan:
        """Return what a run with these settings would do."""
        plan = make_plan(
            survey.guild,
            survey.community,
            survey.estimates,
            settings,
            self._mappings,
            self._settled,
            draws_lottie=self.clone.spool.draws_lottie,
        )
        return told_if_widened(plan, settings.copy.since, self._earliest)

    async def run(self, settings: Settings) -> Summary:
        """Clone to the end, or until the control stops it; a fresh survey is used once."""
        sides, self._sides = self._sides, None
        await self._meet_people(settings)
        return await self.clone.run(settings, sides)

    async def retriable(self) -> Retriable:
        """Return how much a retry would try."""
        return await self.clone.retriable()

    async def retry(self, settings: Settings) -> Summary:
        """Try again what failed, vanished or was left out, until done or the control stops it."""
        self._sides = None
        await self._meet_people(settings)
        return await self.clone.retry(settings)

    async def _meet_people(self, settings: Settings) -> None:
        """Learn what people are called, where their names are to be replaced."""
        self._reader.meets = self._aliases.learn if settings.copy.anonymise else None
        if settings.copy.anonymise:
            for person_id, names in await self.clone.journal.read(queries.authors):
                self._aliases.learn(person_id, names)

    async def verify(self) -> Verification:
        """Read the target back and compare; the outcome is kept with the last run."""
        verification = await self.clone.verify()
        summary = await self.summary()
        if summary is not None:
            kept = msgspec.json.encode(verification).decode()
            await self.clone.journal.update_run(summary.run_id, verification=kept)
        return verification

    def examine(self) -> AsyncIterator[Check]:
        """Yield one line for each thing a run needs; a thing out of order is a line, never an error."""
        return self._checks()

    async def older(self, place: tuple[float, int], limit: int) -> tuple[Mirrored, ...]:
        """Return messages that were sent before a place (time, message id), oldest first."""
        rows = await self.clone.journal.read(lambda raw: mirrored.older(raw, *place, limit))
        return tuple(self._shown(row) for row in reversed(rows))

    async def newer(self, place: tuple[float, int], limit: int) -> tuple[Mirrored, ...]:
        """Return messages that were sent behind a place, oldest first."""
        rows = await self.clone.journal.read(lambda raw: mirrored.newer(raw, *place, limit))
        return tuple(self._shown(row) for row in rows)

    async def details(self, item: Mirrored) -> tuple[tuple[SafeText, SafeText], ...]:
        """Return everything the journal knows of a message as (word, value)."""
        found = await self.clone.journal.read(lambda raw: mirrored.trace(raw, item.message_id))
        stored = await self.clone.journal.read(lambda raw: queries.message(raw, item.message_id))
        if found is None or stored is None:
            return ()
        message = self.clone.reader.parse(stored.payload)
        return trace_lines(found, message, guild_id=self.clone.guild_id, community_id=self.clone.community_id)

    def _shown(self, row: mirrored.MirroredRow) -> Mirrored:
        message = self.clone.reader.parse(row.payload)
        return Mirrored(
            row.at,
            row.message_id,
            sanitise_line(row.container_name, 60),
            sanitise_line(message.author.name, 60),
            words_of(message),
            len(message.attachments),
        )

    async def removable(self) -> Sequence[Removable]:
        """Return what this profile made on the target and would remove, in that order."""
        return await self._removal().targets()

    async def remove(self) -> RemovalOutcome:
        """Remove what this profile made on the target, and nothing else."""
        self._sides = None
        return await self._removal().run()

    def _removal(self) -> Removal:
        clone = self.clone
        return Removal(
            self._writer, clone.journal, clone.control, clone.progress, clone.log, clone.outage, clone.community_id
        )

    async def summary(self) -> Summary | None:
        """Return the outcome of the last run, None when there was none."""
        summary = await summarise(self.clone.journal, self.progress)
        return summary if summary.run_id else None
