"""`serve`: what runs in the process, by what was set."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from reaper_tui.journal.journal import Journal
from reaper_tui.logbook import never_show
from reaper_tui.model.errors import ConfigurationError, ProfileHeld
from reaper_tui.profile.secrets import Secret
from reaper_tui.profile.settings import Settings
from reaper_tui.stream.address import is_loopback, parse_networks
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.api import StreamOptions, make_service
from reaper_tui.stream.health import Component
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.journal_source import ForeignJournal, JournalSource
from reaper_tui.stream.keys import Keys
from reaper_tui.stream.origins import Origins
from reaper_tui.stream.postgres import PostgresFeed
from reaper_tui.stream.pruner import Pruner
from reaper_tui.stream.publisher import Copy, Publisher
from reaper_tui.stream.redis_feed import RedisFeed
from reaper_tui.stream.remote_source import RemoteSource
from reaper_tui.stream.service import allow_connections, serve, spare_collector
from reaper_tui.stream.session import Bounds
from reaper_tui.stream.settings import ServeSettings
from reaper_tui.stream.source import Source
from reaper_tui.wiring import STREAM_JOURNAL, open_capture


class Supply(msgspec.Struct, frozen=True):
    """Where events come from, what else tells of its health, what runs beside, and where events are copied to."""

    source: Source
    components: Sequence[Component]
    works: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    copies: Mapping[str, Copy] = {}
    journal: Journal | None = None
    """The journal that this process captures into, None where it reads along."""
    note: str = ""
    """What whoever starts the service should know about where events come from."""


async def serve_stream(settings: ServeSettings, profile: Settings, workdir: Path, *, has_profile: bool) -> None:
    """Serve until stopped; raise ConfigurationError, AccessDenied or JournalError when that cannot be done."""
    options = options_of(settings)
    async with supply(settings, profile, workdir, has_profile=has_profile) as supplied:
        if supplied.journal is not None:
            # What is captured is bounded already, and threads of those channels belong to it.
            options = msgspec.structs.replace(options, channels=frozenset())
        loop = asyncio.get_running_loop()
        hub = Hub(supplied.source, options.bounds, clock=time.monotonic, later=loop.call_later)
        publishers = [Publisher(name, hub, copy) for name, copy in supplied.copies.items()]
        components = [*supplied.components, *(publisher.health for publisher in publishers)]
        works = [*supplied.works, *(publisher.run for publisher in publishers)]
        if supplied.journal is not None and settings.retention_days:
            works.append(Pruner(supplied.journal, hub, publishers, settings.retention_days).run)
        allow_connections(settings.max_connections)
        spare_collector()
        await serve(
            make_service(hub, options, components),
            host=settings.host,
            port=settings.port,
            drain_seconds=settings.drain_seconds,
            announce=lambda address: _announce(address, supplied.note),
            beside=works,
        )


@contextlib.asynccontextmanager
async def supply(
    settings: ServeSettings, profile: Settings, workdir: Path, *, has_profile: bool
) -> AsyncGenerator[Supply]:
    """Open what the service answers from.

    With a Discord token it captures into a journal of its own; where another process does that already, it reads along.
    Without one it reads what a journal holds, or, as a gateway, the copies in PostgreSQL and Redis.
    """
    database, redis = settings.secret("database_url"), settings.secret("redis_url")
    for known in (database, redis):
        if known is not None:
            never_show(known.reveal())
    async with contextlib.AsyncExitStack() as stack:
        postgres = None if database is None else PostgresFeed(database)
        stream = None if redis is None else RedisFeed(redis)
        token = settings.discord_token.get_secret_value()
        if not token and not has_profile and (postgres or stream):
            remote = RemoteSource(postgres, stream, guild_id=settings.discord_guild_id)
            stack.push_async_callback(remote.close)
            yield Supply(remote, (remote.health,))
            return
        copies: dict[str, Copy] = {}
        for name, copy in (("postgres", postgres), ("redis", stream)):
            if copy is not None:
                stack.push_async_callback(copy.close)
                copies[name] = copy
        found: Supply | None = None
        if token:
            guild_id = settings.discord_guild_id or profile.discord.guild_id
            discord = msgspec.structs.replace(profile.discord, token=token, guild_id=guild_id)
            capturing = _capture(msgspec.structs.replace(profile, discord=discord), settings, workdir)
            with contextlib.suppress(ProfileHeld):
                found = await stack.enter_async_context(capturing)
        if found is not None:
            yield msgspec.structs.replace(found, copies=copies)
            return
        path = workdir / STREAM_JOURNAL
        if not token and not path.exists():
            path = workdir / "journal.db"
            if not has_profile and not path.exists():
                raise ConfigurationError(
                    "There is nothing to stream",
                    "set DISCORD_TOKEN and DISCORD_GUILD_ID, name a PROFILE, or set DATABASE_URL or REDIS_URL",
                )
        newest, archive = ForeignJournal(path), ForeignJournal(path)
        for foreign in (newest, archive):
            stack.push_async_callback(foreign.close)
        source = JournalSource(newest, archive)
        yield Supply(source, (source.health,), (), copies, note=_note(path, has_token=bool(token)))


@contextlib.asynccontextmanager
async def _capture(profile: Settings, settings: ServeSettings, workdir: Path) -> AsyncGenerator[Supply]:
    woken: list[JournalSource] = []
    async with open_capture(profile, workdir, settings.channels, on_feed=lambda: _wake(woken)) as listening:
        archive = ForeignJournal(listening.journal.path)
        source = JournalSource(listening.journal, archive, poll_seconds=1.0)
        woken.append(source)

        async def gateway() -> Mapping[str, Mapping[str, Any]]:
            live = listening.progress.live
            if live is not None and live.is_connected:
                return {"discord": {"status": "ok", "reconnects": live.reconnects}}
            return {"discord": {"status": "degraded", "note": (live and live.note) or "not connected yet"}}

        try:
            yield Supply(source, (source.health, gateway), (listening.run,), journal=listening.journal)
        finally:
            await archive.close()


def options_of(settings: ServeSettings) -> StreamOptions:
    """Return how the service answers; raise ConfigurationError for what would open it to everybody unasked."""
    is_public = not is_loopback(settings.host)
    key = settings.secret("api_key")
    keys = [Secret(part.strip()) for part in key.reveal().split(",") if part.strip()] if key else []
    for known in keys:
        never_show(known.reveal())
    needs_key = is_public if settings.require_key == "auto" else settings.require_key
    if needs_key and not keys:
        raise ConfigurationError(
            f"Anyone who reaches {settings.host} could read the messages",
            "set API_KEY, or REQUIRE_KEY=false to let everybody read",
        )
    return StreamOptions(
        keys=Keys(keys),
        origins=Origins(settings.allowed_origins, is_public=is_public),
        admission=Admission(
            most=settings.max_connections,
            most_per_address=settings.max_connections_per_ip,
            requests=settings.rate_limit_requests,
            window=settings.rate_limit_window,
        ),
        bounds=Bounds(client_bytes=settings.client_buffer_bytes, stall_seconds=settings.stall_seconds),
        proxies=parse_networks(settings.trusted_proxies),
        needs_key=needs_key,
        channels=settings.channels,
        heartbeat=settings.heartbeat_interval,
    )


def _wake(sources: Sequence[JournalSource]) -> None:
    for source in sources:
        source.wake()


def _note(path: Path, *, has_token: bool) -> str:
    """Return where events come from when this process captures none."""
    if has_token:
        return f"another process captures into {path}: reading along, and taking over at the next start"
    if path.name == STREAM_JOURNAL:
        return f"no Discord token: reading along in {path}, which grows while a serve with a token runs"
    return (
        f"no Discord token: reading along in {path}, which grows while `run --live` follows; "
        "the history that a run captures is no part of the stream"
    )


def _announce(address: str, note: str) -> None:
    for line in filter(None, (note, f"streaming at {address}")):
        print(f"reaper-tui: {line}", file=sys.stderr, flush=True)  # noqa: T201 - narration
