"""Which routes a server has, asked with requests that change nothing."""

from __future__ import annotations

import msgspec

from reaper_tui.model.errors import AccessDenied, NotFound, NotSupported, Refused, ServiceDown
from reaper_tui.writer.client import Call, FluxerClient
from reaper_tui.writer.webhooks import MESSAGE

# A place that nobody has: a route that exists says so in its own words, one that does not says NOT_FOUND.
NOWHERE = 1
_NO_TOKEN = "0" * 64


class Routes(msgspec.Struct, frozen=True):
    """What asking has shown."""

    edits_posts: bool
    has_threads: bool
    has_announcements: bool


async def find_routes(client: FluxerClient, guild_id: int) -> Routes:
    """Return which routes the server has for a community; at most three requests."""
    active = Call("GET", "/guilds/{guild_id}/threads/active", {"guild_id": guild_id}, doing="looking for threads")
    has_threads = await _is_there(client, active)
    webhook_message = Call(
        "GET",
        MESSAGE,
        {"webhook_id": NOWHERE, "token": _NO_TOKEN, "message_id": NOWHERE},
        doing="looking whether posts can be changed",
    )
    followers = Call("GET", "/channels/{channel_id}/follower-stats", {"channel_id": NOWHERE}, doing="looking around")
    return Routes(
        edits_posts=await _answers_well(client, webhook_message),
        has_threads=has_threads,
        # Threads came after announcement channels.
        has_announcements=has_threads or await _answers_well(client, followers),
    )


async def _answers_well(client: FluxerClient, call: Call) -> bool:
    """Return whether a route is there; one that only breaks at an odd question is not relied on."""
    try:
        return await _is_there(client, call)
    except ServiceDown:
        return False


async def _is_there(client: FluxerClient, call: Call) -> bool:
    try:
        await client.perform(call)
    except NotSupported:
        return False
    except NotFound as absence:
        return absence.code.startswith("UNKNOWN_")
    except Refused as refusal:
        return refusal.status == 400
    except AccessDenied as denial:
        if denial.ends_run:
            raise
        return True
    return True
