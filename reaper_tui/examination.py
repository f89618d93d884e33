"""The examination of a profile: the doctor's checks of both sides, and of this machine."""

from __future__ import annotations

import asyncio
import email.utils
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from reaper_tui.engine.doctor import (
    Patient,
    clock_check,
    disk_check,
    fault,
    note,
    ok,
    retry_check,
    terminal_check,
)
from reaper_tui.engine.plan import make_plan
from reaper_tui.journal import mends, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.model.check import Check
from reaper_tui.model.community import Community, Guild
from reaper_tui.model.errors import CloneError
from reaper_tui.model.plan import Plan
from reaper_tui.profile.settings import Settings
from reaper_tui.reader.client import DiscordReader
from reaper_tui.writer.writer import FluxerWriter

CLOCK_SECONDS = 5.0
LITERAL = ("env:", "file:", "keyring:")


async def examine(
    reader: DiscordReader | None,
    writer: FluxerWriter | None,
    journal: Journal | None,
    settings: Settings,
    workdir: Path,
) -> AsyncIterator[Check]:
    """Yield the checks of both sides and of this machine; writes nothing anywhere.

    A side without a token is None.
    """
    mappings = await journal.read(queries.mappings) if journal is not None else []

    def plan(guild: Guild, community: Community) -> Plan:
        return make_plan(guild, community, {}, settings, mappings)

    patient = Patient(
        reader,
        writer,
        int(settings.discord.guild_id),
        int(settings.fluxer.community_id),
        plan,
    )
    async for check in patient.checks():
        yield check
    yield disk_check(*await asyncio.to_thread(_room, workdir))
    yield clock_check(await _skews({"Discord": settings.discord.api_base, "Fluxer": _fluxer_address(settings)}))
    yield terminal_check(*terminal())
    if journal is not None:
        try:
            yield retry_check(await journal.read(mends.retriable))
        except CloneError as error:
            yield fault("earlier runs", error)


def profile_check(path: Path, settings: Settings) -> Check:
    """Return whether the tokens in a profile are its owner's alone to read."""
    mode = path.stat().st_mode & 0o777
    holds_tokens = any(
        token and not token.startswith(LITERAL) for token in (settings.discord.token, settings.fluxer.token)
    )
    if mode & 0o077 and holds_tokens:
        return note("profile", f"{path} holds tokens and others may read it", f"chmod 600 {path}")
    return ok("profile", f"{path}")


def terminal() -> tuple[tuple[int, int] | None, str, str]:
    """Return this process's terminal: its size if there is one, its encoding and kind.

    What the app draws on, which puts a stream of its own in the place of stderr while it runs.
    """
    stream = sys.__stderr__ or sys.stderr
    encoding = getattr(stream, "encoding", "") or ""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None, encoding, os.environ.get("TERM", "")
    return (size.columns, size.lines), encoding, os.environ.get("TERM", "")


def _room(workdir: Path) -> tuple[int, str]:
    place = workdir
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free, str(place)


def _fluxer_address(settings: Settings) -> str:
    return settings.fluxer.api_base or settings.fluxer.instance


async def _skews(addresses: Mapping[str, str]) -> dict[str, float]:
    """Return by how much each server's clock is ahead of this machine's; one that tells no time is left out."""
    found: dict[str, float] = {}
    async with httpx.AsyncClient(timeout=CLOCK_SECONDS, follow_redirects=False) as client:
        for side, address in addresses.items():
            began = time.time()
            try:
                async with client.stream("GET", address) as reply:
                    pass
                told = email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp()
            except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, TypeError):
                continue
            # The header counts whole seconds.
            found[side] = told + 0.5 - (began + time.time()) / 2
    return found
