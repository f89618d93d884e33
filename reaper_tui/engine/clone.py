"""A run from end to end: survey, plan, structure, capture and delivery side by side, verification, summary."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from reaper_tui.engine.blindness import refuse_if_blind
from reaper_tui.engine.control import RunState, StopRequested
from reaper_tui.engine.equipment import Equipment
from reaper_tui.engine.events import Level
from reaper_tui.engine.plan import make_plan, refuse_unsupported
from reaper_tui.engine.progress import ChannelState, Phase
from reaper_tui.engine.since import first_cursor, told_if_widened
from reaper_tui.engine.standing import Standing
from reaper_tui.engine.structure import StructureBuilder
from reaper_tui.engine.summing import summarise
from reaper_tui.engine.together import together
from reaper_tui.engine.transfer import BothSides, Transfer
from reaper_tui.engine.verify import Verifier
from reaper_tui.journal import mends, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.live import was_whole
from reaper_tui.model.community import Channel, Guild
from reaper_tui.model.errors import AccessDenied, CloneError, ConfigurationError, JournalError, NotFound, Refused
from reaper_tui.model.plan import Plan
from reaper_tui.model.retrying import Retriable, RetryCount
from reaper_tui.model.summary import Summary, Verification
from reaper_tui.profile.settings import Settings

ESTIMATES_AT_ONCE = 4


@dataclass
class _Record:
    """What a run leaves on record: its number once it began, and how it ended."""

    journal: Journal
    run_id: int | None = None
    note: str = ""
    verification: Verification | None = None

    async def begin(self, kind: str = "run") -> None:
        """Give the run its number."""
        self.run_id = await self.journal.begin_run(kind)


class Clone(Equipment):
    """One profile's clone: everything it needs comes from outside."""

    async def survey(self, since: int = 0) -> BothSides:
        """Read the structure of both sides and estimate the messages behind an id."""
        guild, community, _ = await self._survey_without_messages()
        known = await self.journal.read(queries.captured_containers)
        estimates: dict[int, tuple[int, bool]] = {}
        readable = [channel for channel in guild.containers() if not channel.cannot_read]
        queue = list(readable)

        async def work() -> None:
            while queue:
                channel = queue.pop()
                count, newest = known.get(channel.id, (0, -1))
                has_nothing_new = channel.last_message_id is not None and channel.last_message_id <= newest
                estimates[channel.id] = (count, True) if has_nothing_new else await self._estimate(channel, since)
                self.progress.note = f"estimating messages: {len(estimates)} of {len(readable)} channels"

        await together(work() for _ in range(ESTIMATES_AT_ONCE))
        self.progress.note = ""
        return BothSides(guild, community, estimates)

    async def _survey_without_messages(self) -> BothSides:
        self.progress.phase = Phase.SURVEY
        self.progress.note = "reading the Discord server"
        guild = await self.reader.survey(self.guild_id)
        self.progress.source_name = guild.name
        self.progress.note = "reading the Fluxer community"
        community = await self.writer.community(self.community_id)
        self.progress.target_name = community.name
        self.progress.note = ""
        return BothSides(guild, community, {})

    async def _estimate(self, channel: Channel, since: int) -> tuple[int, bool]:
        try:
            return await self.reader.estimate(channel, since)
        except (AccessDenied, NotFound, Refused) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            self.log.write(Level.WARNING, f"#{channel.name} cannot be looked into: {error.line()}", channel.id)
            return 0, False

    async def plan(self, sides: BothSides, settings: Settings) -> Plan:
        """Return what a run would do; nothing is written anywhere."""
        mappings = await self.journal.read(queries.mappings)
        settled = await self.journal.read(queries.settled)
        plan = make_plan(*sides, settings, mappings, settled, draws_lottie=self.spool.draws_lottie)
        return told_if_widened(plan, settings.copy.since, await self.journal.read(queries.earliest_cursor))

    async def run(self, settings: Settings, sides: BothSides | None = None) -> Summary:
        """Clone to the end, or until the control stops it.

        Raises CloneError when the run cannot begin or must end; the state is then `failed` and the next run resumes.
        """
        since = first_cursor(settings.copy.since)
        refuse_unsupported(settings)

        async def work(record: _Record) -> None:
            control, progress = self.control, self.progress
            both = sides or await control.unless_stopped(self.survey(since))
            plan = await self.plan(both, settings)
            follows_a_whole_run = await self.journal.read(was_whole)
            if settings.copy.history:
                await control.unless_stopped(refuse_if_blind(self.reader, both.guild, both.estimates))
            await record.begin()
            progress.phase = Phase.PLAN
            await self._remember(both, plan, since)
            self.log.write(Level.INFO, f"{len(plan.routes)} channels and threads, about {plan.messages:,} messages")
            for warning in plan.warnings:
                self.log.write(Level.WARNING, warning)
            await control.boundary()
            control.move(RunState.RUNNING)
            progress.phase = Phase.STRUCTURE
            builder = StructureBuilder(Standing.of(self, both.community), both.guild, settings.copy)
            await builder.build(plan)
            await self._tell_structure(plan)
            await self.journal.select_routes(plan.routes, since)
            progress.phase = Phase.MESSAGES
            transfer = Transfer(self, both, plan, settings)
            if settings.copy.live:
                await transfer.follow(builder, follows_a_whole_run=follows_a_whole_run)
            channels = await transfer.run(follows_a_whole_run=follows_a_whole_run)
            record.verification = await self._verified(channels)
            await builder.close_doors()
            await control.resumed()
            progress.phase = Phase.FINISHED
            record.note = self._shortcomings(both.guild)

        return await self._recorded(work)

    async def retry(self, settings: Settings) -> Summary:
        """Try again what failed, vanished from the target or was left out, until done or the control stops it.

        Roles, channels and emojis that could not be made are a run's to try again. Raises CloneError as `run` does.
        """
        count = RetryCount()

        async def work(record: _Record) -> None:
            control, progress = self.control, self.progress
            containers = await self.journal.read(queries.containers)
            if not containers:
                raise ConfigurationError("There is nothing to retry: this profile was never run", "run it first")
            both = await control.unless_stopped(self._survey_without_messages())
            await record.begin("retry")
            control.move(RunState.RUNNING)
            progress.phase = Phase.MESSAGES
            plan = await self.plan(both, settings)
            await Transfer(self, both, plan, settings).retry(count)
            # An earlier verification says nothing any more once something was sent.
            record.verification = await self._verified(await self._journalled_channels())
            progress.phase = Phase.FINISHED
            record.note = "some messages cannot be tried now" if count.waiting else ""

        summary = await self._recorded(work)
        return msgspec.structs.replace(summary, retry=count)

    async def retriable(self) -> Retriable:
        """Return how much a retry would try."""
        return await self.journal.read(mends.retriable)

    async def _recorded(self, work: Callable[[_Record], Awaitable[None]]) -> Summary:
        """Do work as a run that is on record, however it ends."""
        control, progress = self.control, self.progress
        control.move(RunState.PREPARING)
        progress.started_at, progress.ended_at = self.now(), None
        progress.live = None
        record = _Record(self.journal)
        state = RunState.DONE
        try:
            await work(record)
        except StopRequested:
            state, record.note, record.verification = RunState.STOPPED, control.stop_reason, None
        except asyncio.CancelledError:
            await self._end(record.run_id, RunState.STOPPED, control.stop_reason or "cancelled", None)
            raise
        except CloneError as error:
            if record.run_id is not None:
                self.log.write(Level.ERROR, error.line())
            await self._end(record.run_id, RunState.FAILED, error.line(), None)
            raise
        except Exception as error:
            await self._end(record.run_id, RunState.FAILED, f"unexpected {type(error).__name__}", None)
            raise
        await self._end(record.run_id, state, record.note, record.verification)
        return await summarise(self.journal, progress)

    async def _verified(self, channels: Mapping[int, str]) -> Verification:
        self.progress.phase = Phase.VERIFY
        capabilities = await self.outage.through("Fluxer", lambda: self.writer.capabilities(self.community_id))
        verifier = Verifier(
            self.writer,
            self.journal,
            self.control,
            self.progress,
            self.log,
            self.outage,
            edits_posts=capabilities.edits_posts,
        )
        return await verifier.run(channels)

    async def verify(self) -> Verification:
        """Read the target back and compare, without writing to it."""
        self.control.move(RunState.PREPARING)
        self.control.move(RunState.RUNNING)
        try:
            verification = await self._verified(await self._journalled_channels())
        except (StopRequested, asyncio.CancelledError):
            self.control.move(RunState.STOPPED)
            raise
        except BaseException:
            self.control.move(RunState.FAILED)
            raise
        self.control.move(RunState.DONE)
        return verification

    async def _tell_structure(self, plan: Plan) -> None:
        records = await self.journal.read(queries.mappings)
        failed = [record for record in records if record.outcome == "failed"]
        if not failed:
            self.log.write(Level.SUCCESS, "roles, emojis and channels stand")
            return
        self.log.write(Level.WARNING, f"{len(failed)} roles, emojis or channels could not be made")
        lanes = {route.lane_id for route in plan.routes}
        stand = {record.source_id for record in records if record.target_id is not None}
        if lanes and not lanes & stand:
            reason = next(record.reason for record in failed)
            raise AccessDenied(f"No channel could be made: {reason}")

    def _shortcomings(self, guild: Guild) -> str:
        tallies = self.progress.channels.values()
        if any(tally.state in (ChannelState.FAILED, ChannelState.INCOMPLETE) for tally in tallies):
            return "some channels are incomplete"
        speaking = {channel.id for channel in guild.channels if channel.last_message_id is not None}
        if speaking & self.progress.channels.keys() and not any(tally.source for tally in tallies):
            return "every channel reads as empty: give the Discord bot Read Message History and run again"
        return ""

    async def _remember(self, sides: BothSides, plan: Plan, since: int) -> None:
        earlier = await self.journal.read(queries.earliest_cursor)
        await self.journal.remember(
            {
                "guild_id": str(sides.guild.id),
                "guild_name": sides.guild.name,
                "community_id": str(sides.community.id),
                # Where histories began stays so, whatever is asked for later.
                "since": str(since if earlier is None else earlier),
                "community_name": sides.community.name,
                "capabilities": msgspec.json.encode(sides.community.capabilities).decode(),
                "exclusions": msgspec.json.encode(
                    [f"{exclusion.name}: {exclusion.reason}" for exclusion in plan.exclusions]
                ).decode(),
            }
        )

    async def _journalled_channels(self) -> dict[int, str]:
        records = await self.journal.read(queries.mappings)
        containers = await self.journal.read(queries.containers)
        if not containers:
            raise ConfigurationError("There is nothing to verify: this profile was never run", "run it first")
        lanes = {container.lane_id: container.name for container in reversed(containers)}
        standing = {
            record.target_id: record.name
            for record in records
            if record.kind in ("channel", "companion") and record.target_id is not None and record.source_id in lanes
        }
        return {**await self.journal.read(queries.posted_channels), **standing}

    async def _end(self, run_id: int | None, state: RunState, note: str, verification: Verification | None) -> None:
        progress = self.progress
        progress.ended_at = self.now()
        progress.note = note
        progress.hold = ""
        try:
            if run_id is not None or state is not RunState.FAILED:
                await self._write_end(run_id or await self.journal.begin_run(), state, note, verification)
        except JournalError as error:
            # What failed the run, such as a full disk, may fail this as well; the first cause is the one to tell.
            self.log.write(Level.ERROR, error.line())
            if state is not RunState.FAILED:
                state = RunState.FAILED
                raise
        finally:
            self.control.move(state)

    async def _write_end(self, run_id: int, state: RunState, note: str, verification: Verification | None) -> None:
        progress = self.progress
        await self.journal.update_run(
            run_id,
            ended_at=progress.ended_at,
            state=state.value,
            note=note,
            requests=progress.requests,
            status_429=progress.status_429,
            retries=progress.retries,
            limit_wait_s=progress.limit_wait_seconds,
            peak_rss_mb=self.peak_rss_mb(),
            verification=None if verification is None else msgspec.json.encode(verification).decode(),
        )
