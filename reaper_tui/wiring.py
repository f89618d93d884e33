"""Composition: from a profile to reader, writer, journal and engine."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Callable, Collection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from reaper_tui.allocator import give_back_freed_memory
from reaper_tui.backend import Identity
from reaper_tui.engine.clone import Clone
from reaper_tui.engine.doctor import fault, note
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.export import PARTIAL, ExportCount, Exporter
from reaper_tui.engine.listening import Listening
from reaper_tui.engine.ports import Composer
from reaper_tui.engine.summing import CUT_OFF, summarise
from reaper_tui.examination import examine, profile_check
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.lease import take_lease
from reaper_tui.logbook import never_show
from reaper_tui.media.drawing import can_draw_lottie
from reaper_tui.media.spool import MediaSpool
from reaper_tui.model.check import Check
from reaper_tui.model.community import Community
from reaper_tui.model.errors import CloneError, ConfigurationError, ProfileHeld
from reaper_tui.model.summary import Summary
from reaper_tui.profile.secrets import Secret, resolve_secret
from reaper_tui.profile.settings import (
    Settings,
    check_addresses,
    check_members,
    checked_guild_id,
    checked_ids,
    load_settings,
)
from reaper_tui.profile_shelf import ProfileShelf
from reaper_tui.reader.client import DiscordReader
from reaper_tui.reader.events import ReaderEvent, ignore
from reaper_tui.watch import Watch
from reaper_tui.workspace import OpenWorkspace
from reaper_tui.writer.aliases import Aliases
from reaper_tui.writer.compose import SOURCE_HOSTS, MessageComposer, author_key
from reaper_tui.writer.events import WriterEvent
from reaper_tui.writer.source_files import SOURCE_BASES
from reaper_tui.writer.writer import FluxerWriter

SPOOL_BYTES = 1 << 30
SPOOL_MEMORY_BYTES = 1 << 24
STREAM_JOURNAL = "stream.db"
EXPORT_BYTES = 1 << 50
SETTLE_SECONDS = 3.0
SHORTEST_SETTLE_SECONDS = 0.25


@contextlib.asynccontextmanager
async def open_workspace(settings: Settings, workdir: Path) -> AsyncGenerator[OpenWorkspace]:
    """Open a profile's workspace: check it, take its lease, open its journal, build both sides.

    Raises ConfigurationError, ProfileHeld or JournalError before anything is touched.
    """
    check_addresses(settings)
    check_members(settings)
    guild_id, community_id = checked_ids(settings)
    discord_token = _secret(settings.discord.token, "Discord")
    fluxer_token = _secret(settings.fluxer.token, "Fluxer")
    give_back_freed_memory()
    async with contextlib.AsyncExitStack() as stack:
        lease = await asyncio.to_thread(take_lease, workdir / "lock")
        stack.callback(lease.release)
        journal = await Journal.open(workdir / "journal.db")
        stack.push_async_callback(journal.close)
        await _check_pair(journal, guild_id, community_id)
        aliases = Aliases(await _alias_secret(journal))
        watches: list[Watch] = []
        reader = _reader(settings, discord_token, lambda event: watches[0].reader(event))
        stack.push_async_callback(reader.close)
        writer = _writer(settings, fluxer_token, lambda event: watches[0].writer(event))
        stack.push_async_callback(writer.close)
        spool = await stack.enter_async_context(
            MediaSpool(
                workdir / "spool",
                SPOOL_BYTES,
                memory_bytes=SPOOL_MEMORY_BYTES,
                cdn=settings.discord.cdn,
                allow_private=settings.discord.api_base != Settings().discord.api_base,
            )
        )
        scale = settings.fluxer.limits_scale
        clone = Clone(
            reader=reader,
            writer=writer,
            spool=spool,
            journal=journal,
            make_composer=lambda community, settings: _make_composer(community, settings, aliases),
            author_key=author_key,
            guild_id=guild_id,
            community_id=community_id,
            settle_seconds=max(SHORTEST_SETTLE_SECONDS, SETTLE_SECONDS / scale),
            limits_scale=scale,
            peak_rss_mb=peak_rss_mb,
        )
        watches.append(Watch(clone.progress, clone.log))
        mappings = await journal.read(queries.mappings)
        yield OpenWorkspace(
            workdir,
            settings,
            clone,
            writer,
            mappings,
            aliases,
            reader,
            lambda: examine(reader, writer, journal, settings, workdir),
        )


class Archive(NamedTuple):
    """A profile's journal opened for reading; `is_in_use` tells that another process works with it."""

    journal: Journal
    is_in_use: bool

    async def summary(self) -> Summary | None:
        """Return the outcome of the last run, None when there was none; one that is still going on is `running`."""
        summary = await summarise(self.journal)
        if not summary.run_id:
            return None
        is_going_on = self.is_in_use and summary.note == CUT_OFF
        return msgspec.structs.replace(summary, state="running", note="") if is_going_on else summary


@contextlib.asynccontextmanager
async def open_archive(workdir: Path) -> AsyncGenerator[Archive]:
    """Open what a profile has on disk for reading, beside a process that works with it if there is one.

    Raises ConfigurationError when there is nothing yet.
    """
    path = workdir / "journal.db"
    if not await asyncio.to_thread(path.exists):
        raise ConfigurationError("There is nothing on record: this profile was never run", "run it first")
    async with contextlib.AsyncExitStack() as stack:
        try:
            lease = await asyncio.to_thread(take_lease, workdir / "lock")
        except ProfileHeld:
            archive = Archive(await Journal.look(path), is_in_use=True)
        else:
            stack.callback(lease.release)
            archive = Archive(await Journal.open(path), is_in_use=False)
        stack.push_async_callback(archive.journal.close)
        yield archive


async def examine_profile(path: Path, settings: Settings, workdir: Path) -> AsyncGenerator[Check]:
    """Yield the checks of a profile that need not be in order: a thing out of order is a check, never an error."""
    yield profile_check(path, settings)
    async for check in examine_settings(settings, workdir):
        yield check


async def examine_settings(settings: Settings, workdir: Path) -> AsyncGenerator[Check]:
    """Yield the checks of settings that may be no profile yet, and of the journal of earlier runs if there is one."""
    try:
        check_addresses(settings)
        checked_ids(settings)
    except ConfigurationError as error:
        yield fault("profile", error)
        return
    async with contextlib.AsyncExitStack() as stack:
        secrets: dict[str, Secret] = {}
        for side, reference in (("Discord", settings.discord.token), ("Fluxer", settings.fluxer.token)):
            try:
                secrets[side] = _secret(reference, side)
            except ConfigurationError as error:
                yield fault(f"{side.lower()} token", error)
        journal: Journal | None = None
        if await asyncio.to_thread((workdir / "journal.db").exists):
            try:
                archive = await stack.enter_async_context(open_archive(workdir))
                journal = archive.journal
                if archive.is_in_use:
                    yield note("journal", "another reaper-tui works with this profile", "wait until it ends")
            except CloneError as error:
                yield fault("journal", error)
        reader = _reader(settings, secrets["Discord"], ignore) if "Discord" in secrets else None
        writer = _writer(settings, secrets["Fluxer"], _nobody) if "Fluxer" in secrets else None
        for side in (reader, writer):
            if side is not None:
                stack.push_async_callback(side.close)
        async for check in examine(reader, writer, journal, settings, workdir):
            yield check


async def export_archive(
    settings: Settings, workdir: Path, directory: Path, log: EventLog, *, with_media: bool
) -> ExportCount:
    """Write a profile's archive into a folder; another run goes on where one was cut off."""
    async with open_archive(workdir) as archive, contextlib.AsyncExitStack() as stack:
        # Links that ran out are renewed by Discord; without a token files with living links still come.
        reader = _reader(settings, _secret(settings.discord.token, "Discord") if with_media else Secret(""), ignore)
        stack.push_async_callback(reader.close)
        spool: MediaSpool | None = None
        if with_media:
            spool = MediaSpool(
                directory / PARTIAL,
                EXPORT_BYTES,
                cdn=settings.discord.cdn,
                allow_private=settings.discord.api_base != Settings().discord.api_base,
            )
            stack.push_async_callback(spool.close)
        exporter = Exporter(archive.journal, reader.parse, directory, log, spool, reader if with_media else None)
        return await exporter.run()


@contextlib.asynccontextmanager
async def open_capture(
    settings: Settings,
    workdir: Path,
    channel_ids: Collection[int] = (),
    *,
    on_feed: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Listening]:
    """Open what listens to a guild and keeps a journal with a feed of it, in `workdir`; nothing is sent anywhere.

    `await listening.run()` listens until cancelled or until `listening.control.stop()`, through outages and lost
    connections; `listening.journal` holds the feed, and `on_feed` is called, on the loop, after each write to it.
    `listening.progress.live` tells the connection: `is_connected`, `since`, `reconnects`, `note`. It is a journal of
    its own, apart from the clone's: a run must not take what was only listened to for a history that was read.
    Only the Discord settings are used; without `channel_ids` all channels the bot may read are followed. Raises
    ConfigurationError, ProfileHeld or JournalError before anything is touched.
    """
    check_addresses(settings)
    guild_id = checked_guild_id(settings)
    token = _secret(settings.discord.token, "Discord")
    async with contextlib.AsyncExitStack() as stack:
        lease = await asyncio.to_thread(take_lease, workdir / "stream.lock")
        stack.callback(lease.release)
        journal = await Journal.open(workdir / STREAM_JOURNAL)
        stack.push_async_callback(journal.close)
        known = await journal.read(lambda raw: queries.fact(raw, "guild_id"))
        if known not in (None, str(guild_id)):
            raise ConfigurationError(
                f"The stream's journal in {workdir} belongs to another server ({known})",
                "use another directory for another server",
            )
        watches: list[Watch] = []
        reader = DiscordReader(
            token,
            api_base=settings.discord.api_base,
            gateway=settings.discord.gateway,
            cdn=settings.discord.cdn,
            notify=lambda event: watches[0].reader(event),
            limits_scale=settings.fluxer.limits_scale,
        )
        stack.push_async_callback(reader.close)
        listening = Listening(reader, journal, guild_id, frozenset(channel_ids), time.time, on_feed=on_feed)
        watches.append(Watch(listening.progress, listening.log))
        yield listening


class ProgramBackend(ProfileShelf):
    """The program behind the app: fulfils `backend.Backend`."""

    async def examine(self, settings: Settings) -> AsyncGenerator[Check]:
        """Yield what a run with settings that are no profile yet would need."""
        async for check in examine_settings(settings, self.paths.data):
            yield check

    async def check_discord(self, token: Secret, api_base: str) -> Identity:
        """Return whom a Discord token belongs to."""
        never_show(token.reveal())
        reader = DiscordReader(token, api_base=api_base or Settings().discord.api_base)
        try:
            found = await reader.identity()
        finally:
            await reader.close()
        return Identity(
            found.name, tuple((str(place), name) for place, name in found.places), found.warnings, str(found.bot_id)
        )

    async def check_fluxer(self, token: Secret, instance: str) -> Identity:
        """Return whom a Fluxer token belongs to."""
        never_show(token.reveal())
        writer = FluxerWriter(
            token,
            instance=instance or Settings().fluxer.instance,
            notify=_nobody,
            clock=time.monotonic,
            sleep=asyncio.sleep,
        )
        try:
            found = await writer.identity()
        finally:
            await writer.close()
        return Identity(
            found.name, tuple((str(place), name) for place, name in found.places), found.warnings, str(found.bot_id)
        )

    @contextlib.asynccontextmanager
    async def open(self, path: Path) -> AsyncGenerator[OpenWorkspace]:
        """Open a profile."""
        settings = load_settings(path)
        async with open_workspace(settings, self.paths.workdir(path)) as workspace:
            yield workspace


def peak_rss_mb() -> float:
    """Return the most memory this process ever held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / 1024 if sys.platform == "darwin" else peak / 1024


def _reader(settings: Settings, token: Secret, notify: Callable[[ReaderEvent], None]) -> DiscordReader:
    return DiscordReader(
        token,
        api_base=settings.discord.api_base,
        gateway=settings.discord.gateway,
        cdn=settings.discord.cdn,
        notify=notify,
        limits_scale=settings.fluxer.limits_scale,
    )


def _writer(settings: Settings, token: Secret, notify: Callable[[WriterEvent], None]) -> FluxerWriter:
    return FluxerWriter(
        token,
        instance=settings.fluxer.instance,
        api_base=settings.fluxer.api_base,
        gateway=settings.fluxer.gateway,
        media=settings.fluxer.media,
        limits_scale=settings.fluxer.limits_scale,
        notify=notify,
        clock=time.monotonic,
        sleep=asyncio.sleep,
    )


def _secret(reference: str, what: str) -> Secret:
    secret = resolve_secret(reference, what)
    never_show(secret.reveal())
    return secret


def _make_composer(community: Community, settings: Settings, aliases: Aliases) -> Composer:
    host = urlsplit(settings.discord.api_base).hostname or ""
    hosts = SOURCE_HOSTS if host in (*SOURCE_HOSTS, "") else (*SOURCE_HOSTS, host)
    return MessageComposer(
        limits=community.limits,
        source_guild_id=int(settings.discord.guild_id),
        community_id=community.id,
        link_base=community.link_base,
        source_hosts=hosts,
        timestamps=settings.copy.timestamps,
        reactions=settings.copy.reactions,
        draws_lottie=can_draw_lottie(),
        aliases=aliases if settings.copy.anonymise else None,
        native_replies=community.capabilities.keeps_replies,
        native_voice=community.capabilities.takes_voice_messages,
        source_bases=(*SOURCE_BASES, settings.discord.cdn) if settings.discord.cdn else SOURCE_BASES,
    )


async def _alias_secret(journal: Journal) -> bytes:
    """Return what makes a profile's aliases its own, kept so that a person has the same one in every run."""
    known = await journal.read(lambda raw: queries.fact(raw, "alias_secret"))
    if known is None:
        known = secrets.token_hex(32)
        await journal.remember({"alias_secret": known})
    return bytes.fromhex(known)


async def _check_pair(journal: Journal, guild_id: int, community_id: int) -> None:
    known_guild = await journal.read(lambda raw: queries.fact(raw, "guild_id"))
    known_community = await journal.read(lambda raw: queries.fact(raw, "community_id"))
    if (known_guild or str(guild_id), known_community or str(community_id)) != (str(guild_id), str(community_id)):
        raise ConfigurationError(
            f"The journal belongs to another pair (server {known_guild}, community {known_community})",
            "make a new profile for another pair",
        )


def _nobody(event: WriterEvent) -> None:
    del event
