"""`serve`: what runs in the process, by what was set."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import msgspec

from reaper_tui.journal.journal import Journal
from reaper_tui.journal.lease import Lease, take_lease
from reaper_tui.logbook import never_show
from reaper_tui.model.errors import ConfigurationError, ProfileHeld
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.address import is_loopback, parse_networks
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.api import StreamOptions, make_service
from reaper_tui.stream.health import Component
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.journal_source import ForeignJournal, JournalSource
from reaper_tui.stream.keys import Keys
from reaper_tui.stream.origins import Origins
from reaper_tui.stream.postgres import PostgresFeed
from reaper_tui.stream.publisher import Copy, Publisher
from reaper_tui.stream.redis_feed import RedisFeed
from reaper_tui.stream.remote_source import RemoteSource
from reaper_tui.stream.service import serve
from reaper_tui.stream.session import Bounds
from reaper_tui.stream.settings import ServeSettings
from reaper_tui.stream.source import Source


class Supply(msgspec.Struct, frozen=True):
    """Where events come from, what else tells of its health, and where they are copied to."""

    source: Source
    components: Sequence[Component]
    copies: Mapping[str, Copy] = {}


async def serve_stream(settings: ServeSettings, workdir: Path, *, has_profile: bool) -> None:
    """Serve until stopped; raise ConfigurationError or JournalError before anything listens."""
    options = options_of(settings)
    has_token = bool(settings.discord_token.get_secret_value())
    has_copies = bool(settings.database_url.get_secret_value() or settings.redis_url.get_secret_value())
    is_gateway = has_copies and not has_token and not has_profile
    async with supply(settings, workdir, is_gateway=is_gateway) as supplied:
        loop = asyncio.get_running_loop()
        hub = Hub(supplied.source, options.bounds, clock=time.monotonic, later=loop.call_later)
        publishers = [Publisher(name, hub, copy) for name, copy in supplied.copies.items()]
        components = [*supplied.components, *(publisher.health for publisher in publishers)]
        await serve(
            make_service(hub, options, components),
            host=settings.host,
            port=settings.port,
            drain_seconds=settings.drain_seconds,
            announce=_announce,
            beside=[publisher.run for publisher in publishers],
        )


@contextlib.asynccontextmanager
async def supply(settings: ServeSettings, workdir: Path, *, is_gateway: bool) -> AsyncGenerator[Supply]:
    """Open what the service answers from.

    A gateway answers from the copies in PostgreSQL and Redis. Others open the journal, as its keeper, or as a reader
    while another process works with the profile, and copy it to both where they are set.
    """
    database, redis = settings.secret("database_url"), settings.secret("redis_url")
    for known in (database, redis):
        if known is not None:
            never_show(known.reveal())
    postgres = None if database is None else PostgresFeed(database)
    stream = None if redis is None else RedisFeed(redis)
    async with contextlib.AsyncExitStack() as stack:
        if is_gateway:
            remote = RemoteSource(postgres, stream, guild_id=settings.discord_guild_id)
            stack.push_async_callback(remote.close)
            yield Supply(remote, (remote.health,))
            return
        copies: dict[str, Copy] = {}
        for name, copy in (("postgres", postgres), ("redis", stream)):
            if copy is not None:
                stack.push_async_callback(copy.close)
                copies[name] = copy
        lease: Lease | None = None
        with contextlib.suppress(ProfileHeld):
            lease = await asyncio.to_thread(take_lease, workdir / "lock")
        if lease is None:
            foreign = ForeignJournal(workdir / "journal.db")
            stack.push_async_callback(foreign.close)
            source = JournalSource(foreign)
        else:
            stack.callback(lease.release)
            journal = await Journal.open(workdir / "journal.db")
            stack.push_async_callback(journal.close)
            source = JournalSource(journal, poll_seconds=1.0)
        yield Supply(source, (source.health,), copies)


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


def _announce(address: str) -> None:
    print(f"reaper-tui: streaming at {address}", file=sys.stderr, flush=True)  # noqa: T201 - narration
