"""The grower: takes up what comes or changes of channels, threads, roles, emojis and names while a mirror runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Reader
from reaper_tui.model.community import Channel, ChannelKind, Guild
from reaper_tui.model.errors import AccessDenied, CloneError, NotFound, Refused
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.model.plan import Plan

SOURCE = "Discord"
TOGETHER_SECONDS = 0.5


class Ground(Protocol):
    """Where a grown guild is put to work."""

    async def build(self, guild: Guild) -> Plan:
        """Make what is missing on the target and return how everything is planned."""
        ...

    async def open(self, plan: Plan, unknown: frozenset[int]) -> frozenset[int]:
        """Read and follow the containers that are new; return which of the unknown ones belong to the run."""
        ...

    def threads_changed(self, threads: Iterable[Channel]) -> None:
        """Leave threads as the source has them now."""
        ...


class Grower:
    """Keeps the guild up to date and has it built again when that makes a difference."""

    def __init__(
        self,
        reader: Reader,
        control: RunControl,
        log: EventLog,
        outage: Outage,
        guild: Guild,
        ground: Ground,
        *,
        forget: Callable[[int], None],
        sleep: Callable[[float], Awaitable[None]],
        scale: float,
    ) -> None:
        self.guild = guild
        self._reader = reader
        self._control = control
        self._log = log
        self._outage = outage
        self._ground = ground
        self._forget = forget
        self._sleep = sleep
        self._scale = scale
        self._built = _outline(guild)
        self._threads = {channel.id: channel for channel in guild.channels if channel.kind is ChannelKind.THREAD}
        self._woken = asyncio.Event()
        self._unknown: set[int] = set()
        self._ignored: set[int] = set()
        self._wants_survey = False
        self._is_surveying = False
        self._meanwhile: list[LiveEvent] = []

    def take(self, event: LiveEvent) -> None:
        """Take note of an event about channels, threads, roles, emojis, stickers or the guild itself."""
        if event.kind is LiveKind.GUILD:
            self._wants_survey = True
        else:
            self._tell_if_gone(event)
            self.guild = self._reader.changed(self.guild, event)
            if self._is_surveying:
                self._meanwhile.append(event)
            self._ignored.discard(event.channel_id)
        self._woken.set()

    def survey_again(self) -> None:
        """Read the structure anew: events about it may have been missed."""
        self._wants_survey = True
        self._woken.set()

    def unknown(self, container_id: int) -> None:
        """Take note that somebody wrote where no container is."""
        if container_id in self._ignored:
            self._forget(container_id)
        else:
            self._unknown.add(container_id)
            self._woken.set()

    async def run(self) -> None:
        """Grow until the control stops it, which raises StopRequested."""
        while True:
            await self._control.unless_stopped(self._woken.wait())
            await self._control.unless_stopped(self._pause())
            self._woken.clear()
            try:
                await self._grow()
            except (NotFound, Refused, AccessDenied) as error:
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                self._log.write(Level.ERROR, f"what is new on Discord could not be taken up: {error.line()}")

    async def _pause(self) -> None:
        await self._sleep(TOGETHER_SECONDS / self._scale)

    async def _grow(self) -> None:
        if self._wants_survey:
            await self._survey()
        unknown, self._unknown = self._unknown, set()
        for container_id in sorted(unknown):
            await self._look_at(container_id)
        guild = self.guild
        outline = _outline(guild)
        if outline == self._built:
            ours: frozenset[int] = frozenset()
        else:
            plan = await self._ground.build(guild)
            ours = await self._ground.open(plan, frozenset(unknown))
            self._built = outline
        self._ground.threads_changed(self._changed_threads(guild))
        for container_id in unknown - ours:
            self._ignored.add(container_id)
            self._forget(container_id)

    def _changed_threads(self, guild: Guild) -> list[Channel]:
        found = {channel.id: channel for channel in guild.channels if channel.kind is ChannelKind.THREAD}
        before, self._threads = self._threads, found
        return [
            thread
            for thread in found.values()
            if thread.id in before and _closing(before[thread.id]) != _closing(thread)
        ]

    async def _survey(self) -> None:
        self._wants_survey = False
        self._meanwhile.clear()
        self._is_surveying = True
        fresh = await self._control.unless_stopped(
            self._outage.through(SOURCE, lambda: self._reader.survey(self.guild.id, looks=False))
        )
        hidden = tuple(number for number in self.guild.hidden_channel_ids if number not in _ids(fresh))
        self.guild = msgspec.structs.replace(fresh, hidden_channel_ids=hidden)
        for event in self._meanwhile:
            self.guild = self._reader.changed(self.guild, event)
        self._is_surveying = False

    async def _look_at(self, container_id: int) -> None:
        """Find out about a place that was never told of; a voice channel may get its first message."""
        channel = next((channel for channel in self.guild.channels if channel.id == container_id), None)
        if channel is None:
            try:
                event = await self._control.unless_stopped(
                    self._outage.through(SOURCE, lambda: self._reader.place(container_id))
                )
            except CloneError as error:
                if isinstance(error, AccessDenied) and error.ends_run:
                    raise
                return
            self.guild = self._reader.changed(self.guild, event)
        elif channel.kind in (ChannelKind.VOICE, ChannelKind.STAGE) and channel.last_message_id is None:
            spoken = msgspec.structs.replace(channel, last_message_id=container_id)
            channels = tuple(spoken if each.id == container_id else each for each in self.guild.channels)
            self.guild = msgspec.structs.replace(self.guild, channels=channels)

    def _tell_if_gone(self, event: LiveEvent) -> None:
        if event.kind is not LiveKind.PLACE_GONE:
            return
        gone = next((channel for channel in self.guild.channels if channel.id == event.channel_id), None)
        if gone is not None:
            self._log.write(Level.WARNING, f"#{gone.name} was deleted on Discord: its copy stays", gone.id)


def _outline(guild: Guild) -> object:
    """Return what of a guild decides about the target; counts and archiving do not."""
    identity = guild.name, guild.icon_url, guild.banner_url
    return identity, guild.roles, guild.emojis, guild.stickers, {each.id: _plain(each) for each in guild.channels}


def _plain(channel: Channel) -> Channel:
    is_voice = channel.kind in (ChannelKind.VOICE, ChannelKind.STAGE)
    spoken = channel.last_message_id is not None if is_voice else False
    return msgspec.structs.replace(
        channel,
        last_message_id=1 if spoken else None,
        message_count=None,
        is_archived=False,
        is_locked=False,
        is_pinned=False,
    )


def _closing(thread: Channel) -> tuple[bool, ...]:
    return thread.is_archived, thread.is_locked, thread.is_pinned


def _ids(guild: Guild) -> frozenset[int]:
    return frozenset(channel.id for channel in guild.channels)
