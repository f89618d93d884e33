"""`serve`: what runs in the process, by what was set."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Sequence
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
from reaper_tui.stream.service import serve
from reaper_tui.stream.session import Bounds
from reaper_tui.stream.settings import ServeSettings
from reaper_tui.stream.source import Source


class Supply(msgspec.Struct, frozen=True):
    """Where events come from, and what else tells of its health."""

    source: Source
    components: Sequence[Component]


async def serve_stream(settings: ServeSettings, workdir: Path) -> None:
    """Serve until stopped; raise ConfigurationError or JournalError before anything listens."""
    options = options_of(settings)
    async with supply(settings, workdir) as supplied:
        loop = asyncio.get_running_loop()
        hub = Hub(supplied.source, options.bounds, clock=time.monotonic, later=loop.call_later)
        service = make_service(hub, options, supplied.components)
        await serve(
            service,
            host=settings.host,
            port=settings.port,
            drain_seconds=settings.drain_seconds,
            announce=_announce,
        )


@contextlib.asynccontextmanager
async def supply(settings: ServeSettings, workdir: Path) -> AsyncGenerator[Supply]:
    """Open the journal: as its keeper, or as a reader while another process works with the profile."""
    lease: Lease | None = None
    with contextlib.suppress(ProfileHeld):
        lease = await asyncio.to_thread(take_lease, workdir / "lock")
    if lease is None:
        foreign = ForeignJournal(workdir / "journal.db")
        try:
            source = JournalSource(foreign)
            yield Supply(source, (source.health,))
        finally:
            await foreign.close()
        return
    try:
        journal = await Journal.open(workdir / "journal.db")
        try:
            source = JournalSource(journal, poll_seconds=1.0)
            yield Supply(source, (source.health,))
        finally:
            await journal.close()
    finally:
        lease.release()


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
