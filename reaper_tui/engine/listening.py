"""Listening without a target: a guild's live events go into a journal and its feed, gaps closed, nothing sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from reaper_tui.engine.capture import Capture
from reaper_tui.engine.control import RunControl, RunState, StopRequested
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Reader
from reaper_tui.engine.progress import ChannelTally, Phase, Progress
from reaper_tui.engine.reading import LiveReading
from reaper_tui.engine.recorder import Recorder
from reaper_tui.engine.renewals import Renewals
from reaper_tui.engine.rescan import Rescan
from reaper_tui.engine.together import together
from reaper_tui.engine.vigil import Vigil
from reaper_tui.journal import live, queries
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.journal.journal import Journal
from reaper_tui.model.community import Channel, Guild
from reaper_tui.model.errors import AccessDenied, CloneError
from reaper_tui.model.live import LiveEvent
from reaper_tui.model.message import Message
from reaper_tui.model.plan import Placement, Route

SOURCE = "Discord"


@dataclass
class Listening:
    """Follows the channels asked for, each with its threads; all that the bot may read when none is."""

    reader: Reader
    journal: Journal
    guild_id: int
    channel_ids: frozenset[int]
    now: Callable[[], float]
    control: RunControl = field(default_factory=RunControl)
    on_feed: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.progress = Progress(self.now)
        self.log = EventLog(self.now)
        self.outage = Outage(self.control, self.progress, self.log, now=self.now)
        self.guild = Guild(self.guild_id, "")
        self._vigil = Vigil()
        renewals = Renewals()
        rescan = Rescan(
            self.reader,
            self.journal,
            self.control,
            self.outage,
            self.log,
            renewals,
            self._vigil,
            now=self.now,
            depth="auto",
            follows_a_whole_run=False,
        )
        self._capture = Capture(
            self.reader,
            self.journal,
            self.control,
            self.progress,
            self.log,
            self.outage,
            rescan,
            _nothing,
            self._vigil,
        )
        self._recorder = Recorder(
            self.reader,
            self.journal,
            self.control,
            self.progress,
            self.log,
            self.outage,
            self._capture,
            self._vigil,
            renewals,
            LiveReading(self.reader, _nothing, self.now),
            self,
            self.guild_id,
            now=self.now,
        )
        self._unknown: asyncio.Queue[int] = asyncio.Queue()
        self._ignored: set[int] = set()
        self._began = 0

    async def run(self) -> None:
        """Listen until the control stops it or the caller is cancelled.

        Raises AccessDenied or ConfigurationError when Discord will not tell, JournalError when nothing can be kept.
        """
        self.control.move(RunState.PREPARING)
        state = RunState.FAILED
        try:
            await self._prepare()
            self.control.move(RunState.RUNNING)
            self.progress.phase = Phase.LIVE
            containers = await self.journal.read(queries.containers)
            reading = self._capture.run(containers, closes_gap=True)
            await together((self._recorder.run(), self._adopt_unknown(), reading))
        except StopRequested:
            state = RunState.STOPPED
        except asyncio.CancelledError:
            state = RunState.STOPPED
            raise
        finally:
            self.control.move(state)

    def structure_changed(self, event: LiveEvent) -> None:
        """Take note of an event about channels or threads."""
        self.guild = self.reader.changed(self.guild, event)
        self._ignored.discard(event.channel_id)

    def structure_missed(self) -> None:
        """A place that was missed is found when somebody writes there."""

    def unknown_place(self, container_id: int) -> None:
        """Take note that somebody wrote where no container is."""
        if container_id in self._ignored:
            self._recorder.forget(container_id)
        else:
            self._ignored.add(container_id)
            self._unknown.put_nowait(container_id)

    def messages_changed(self, container_ids: Iterable[int]) -> None:
        """Nothing is carried over."""

    def feed_grew(self) -> None:
        """Tell whoever reads the feed."""
        self.on_feed()

    async def _prepare(self) -> None:
        self.guild = await self.control.unless_stopped(
            self.outage.through(SOURCE, lambda: self.reader.survey(self.guild_id, looks=False))
        )
        self._began = live.snowflake_before(self.now())
        await self.journal.remember({"guild_id": str(self.guild_id), "guild_name": self.guild.name})
        wanted = [channel for channel in self.guild.containers() if self._is_wanted(channel)]
        await self.journal.select_routes([self._route(channel) for channel in wanted], 0)
        # What was never listened to begins with what comes next; what was, where it stopped.
        cursors = [(channel.id, channel.last_message_id or 0) for channel in wanted]
        await self.journal.write(lambda raw: live.begin_behind(raw, cursors, self.now()))
        for channel in wanted:
            self._count(channel)

    async def _adopt_unknown(self) -> None:
        while True:
            container_id = await self.control.unless_stopped(self._unknown.get())
            channel = await self._find(container_id)
            if channel is None or not self._is_wanted(channel):
                self._recorder.forget(container_id)
                continue
            first = self._recorder.first_held(container_id)
            cursor = 0 if container_id > self._began else max(0, first - 1)
            route = self._route(channel)
            await self.journal.write(lambda raw, route=route: live.add_routes(raw, (route,)))
            place = ((container_id, cursor),)
            await self.journal.write(lambda raw, place=place: live.begin_behind(raw, place, self.now()))
            self._count(channel)
            await self._recorder.retake(container_id)
            rows = [row for row in await self.journal.read(queries.containers) if row.id == container_id]
            await self._capture.run(rows, closes_gap=True)
            self.on_feed()

    async def _find(self, container_id: int) -> Channel | None:
        by_id = {channel.id: channel for channel in self.guild.channels}
        if container_id not in by_id:
            try:
                event = await self.control.unless_stopped(
                    self.outage.through(SOURCE, lambda: self.reader.place(container_id))
                )
            except CloneError as error:
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                return None
            self.guild = self.reader.changed(self.guild, event)
        return next((channel for channel in self.guild.channels if channel.id == container_id), None)

    def _is_wanted(self, channel: Channel) -> bool:
        if channel.cannot_read or not channel.has_messages:
            return False
        asked: Collection[int] = self.channel_ids
        return not asked or channel.id in asked or channel.parent_id in asked

    def _route(self, channel: Channel) -> Route:
        names = {parent.id: parent.name for parent in self.guild.channels}
        parent_name = names.get(channel.parent_id or 0, "")
        return Route(
            channel.id, channel.name, channel.kind.value, channel.id, Placement.OWN, 0, parent_name=parent_name
        )

    def _count(self, channel: Channel) -> None:
        self.progress.channels[channel.id] = ChannelTally(channel.id, channel.name, channel.kind.value)


def _nothing(message: Message) -> tuple[ChangeKind, ...]:
    return ()
