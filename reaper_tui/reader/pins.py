"""A channel's pins in the order they were set: by the paged list, or by the older one where that is all there is."""

from __future__ import annotations

from typing import Any, cast

from discord.http import Route

from reaper_tui.model.errors import NotFound, Refused
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.http import DiscordHTTP
from reaper_tui.reader.wire import record, records, text

PAGE = 50


async def pinned_messages(http: DiscordHTTP, channel_id: int) -> list[int]:
    """Return the ids of pinned messages, oldest pin first."""
    try:
        return await _paged(http, channel_id)
    except (NotFound, Refused):
        return await _listed(http, channel_id)


async def _paged(http: DiscordHTTP, channel_id: int) -> list[int]:
    found: dict[int, None] = {}
    before = ""
    while True:
        query: dict[str, Any] = {"limit": PAGE} | ({"before": before} if before else {})
        route = Route("GET", "/channels/{channel_id}/messages/pins", channel_id=channel_id)
        page = record(await http.request(route, params=query))
        items = records(page.get("items"))
        known = len(found)
        for item in items:
            message_id = optional_snowflake(record(item.get("message")).get("id"))
            if message_id is not None:
                found.setdefault(message_id)
            before = text(item.get("pinned_at")) or before
        if page.get("has_more") is not True or len(found) == known:
            return list(reversed(found))


async def _listed(http: DiscordHTTP, channel_id: int) -> list[int]:
    route = Route("GET", "/channels/{channel_id}/pins", channel_id=channel_id)
    reply: Any = await http.request(route)
    rows = records(cast("list[object]", reply)) if isinstance(reply, list) else []
    found = [optional_snowflake(row.get("id")) for row in rows]
    return [message_id for message_id in reversed(found) if message_id is not None]
