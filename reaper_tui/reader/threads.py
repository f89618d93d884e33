"""Threads of a guild: the active ones, and the archived ones of each channel, public and private."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from reaper_tui.model.community import Channel, ChannelKind
from reaper_tui.model.errors import AccessDenied, NotFound, Refused
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.http import DiscordHTTP
from reaper_tui.reader.permissions import MANAGE_THREADS
from reaper_tui.reader.wire import record, records, text

PAGE = 100
SIDE_BY_SIDE = 6
KINDS_WITH_THREADS = frozenset({ChannelKind.TEXT, ChannelKind.ANNOUNCEMENT, ChannelKind.FORUM, ChannelKind.MEDIA})

Listing = Callable[[int, Any, int], Awaitable[object]]


async def all_threads(
    http: DiscordHTTP, guild_id: int, channels: Iterable[Channel], permissions: Mapping[int, int]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the raw threads under readable channels, and notes on what could not be listed."""
    found: dict[int, dict[str, Any]] = {}
    notes: list[str] = []
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def list_channel(channel: Channel) -> None:
        async with gate:
            for raw in await _archived_threads(http, channel, permissions.get(channel.id, 0), notes):
                _keep(raw)

    def _keep(raw: dict[str, Any]) -> None:
        thread_id = optional_snowflake(raw.get("id"))
        if thread_id is not None:
            found.setdefault(thread_id, raw)

    for raw in await _active_threads(http, guild_id, notes):
        _keep(raw)
    parents = [channel for channel in channels if channel.kind in KINDS_WITH_THREADS and not channel.cannot_read]
    try:
        async with asyncio.TaskGroup() as group:
            for channel in parents:
                group.create_task(list_channel(channel))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    blind = sum(
        1
        for channel in parents
        if channel.kind is ChannelKind.TEXT and not permissions.get(channel.id, 0) & MANAGE_THREADS
    )
    if blind:
        notes.append(
            f"Private archived threads in {blind} channels are only seen where the bot took part"
            " — give it Manage Threads to see all"
        )
    return [found[thread_id] for thread_id in sorted(found)], notes


async def _active_threads(http: DiscordHTTP, guild_id: int, notes: list[str]) -> list[dict[str, Any]]:
    try:
        return records(record(await http.get_active_threads(guild_id)).get("threads"))
    except (AccessDenied, NotFound, Refused) as refusal:
        if isinstance(refusal, AccessDenied) and refusal.ends_run:
            raise
        notes.append(f"The active threads could not be listed: {refusal}")
        return []


async def _archived_threads(
    http: DiscordHTTP, channel: Channel, granted: int, notes: list[str]
) -> list[dict[str, Any]]:
    listings: list[tuple[str, Listing, bool]] = [("public", http.get_public_archived_threads, False)]
    if channel.kind is ChannelKind.TEXT:
        if granted & MANAGE_THREADS:
            listings.append(("private", http.get_private_archived_threads, False))
        else:
            listings.append(("private", http.get_joined_private_archived_threads, True))
    found: list[dict[str, Any]] = []
    for name, listing, is_by_id in listings:
        try:
            found += await _pages(listing, channel.id, is_by_id)
        except (AccessDenied, NotFound, Refused) as refusal:
            if isinstance(refusal, AccessDenied) and refusal.ends_run:
                raise
            notes.append(f"The {name} archived threads of #{channel.name} could not be listed: {refusal}")
    return found


async def _pages(listing: Listing, channel_id: int, is_by_id: bool) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    before: object = None
    while True:
        reply = record(await listing(channel_id, before, PAGE))
        page = {number: raw for raw in records(reply.get("threads")) if (number := optional_snowflake(raw.get("id")))}
        is_new = not page.keys() <= found.keys()
        found.update(page)
        if not page or reply.get("has_more") is not True:
            return list(found.values())
        following = min(page) if is_by_id else _archived_before(list(page.values())[-1], overlaps=is_new)
        if following is None or following == before:
            return list(found.values())
        before = following


def _archived_before(raw: Mapping[str, Any], *, overlaps: bool) -> str | None:
    """Return where the next page starts; it overlaps, as threads archived in the same instant may be cut apart."""
    stamp = text(record(raw.get("thread_metadata")).get("archive_timestamp"))
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (moment + timedelta(milliseconds=1)).isoformat() if overlaps else stamp
