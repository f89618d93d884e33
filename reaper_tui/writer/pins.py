"""Pins, and the notices the target posts of them in the bot's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reaper_tui.model.errors import NotFound
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.writer import wire
from reaper_tui.writer.client import Call, FluxerClient
from reaper_tui.writer.messages import delete_post

PIN_NOTICE = 6
THREAD_NOTICE = 18
PIN = "/channels/{channel_id}/pins/{message_id}"
PERMISSION = "Pin Messages"
_PAGE = 50
_LONGEST_WALK = 40


async def pin(client: FluxerClient, channel_id: int, message_id: int) -> None:
    """Pin a message, which the target announces with a notice of the bot; pinning twice changes nothing."""
    await client.perform(_call("PUT", channel_id, message_id, "pinning a message"))


async def unpin(client: FluxerClient, channel_id: int, message_id: int) -> None:
    """Take a pin away."""
    await client.perform(_call("DELETE", channel_id, message_id, "taking a pin away"))


async def pinned(client: FluxerClient, channel_id: int) -> Sequence[int]:
    """Return the ids of a channel's pinned messages, the latest pin first."""
    found: dict[int, None] = {}
    before = ""
    for _ in range(_LONGEST_WALK):
        raw = await client.perform(
            Call(
                "GET",
                "/channels/{channel_id}/messages/pins",
                {"channel_id": channel_id},
                query={"limit": str(_PAGE), **({"before": before} if before else {})},
                doing="reading the pins",
                permission="Read Message History",
                channel_id=channel_id,
            )
        )
        page = wire.mapping(raw)
        rows = wire.objects(page.get("items")) or wire.objects(raw)
        known = len(found)
        for row in rows:
            message_id = optional_snowflake((wire.mapping(row.get("message")) or row).get("id"))
            if message_id is not None:
                found[message_id] = None
        # Pins of the same moment stand on both sides of a page's edge; a page without news is the last.
        before = wire.text(rows[-1].get("pinned_at")) if rows else ""
        if page.get("has_more") is not True or not before or len(found) == known:
            break
    return tuple(found)


async def remove_pin_notice(client: FluxerClient, channel_id: int, message_id: int, bot_id: int) -> bool:
    """Delete the notice that the bot pinned a message; return whether there was one on the newest page."""

    def tells_of_it(raw: wire.Json) -> bool:
        pointed_at = optional_snowflake(wire.mapping(raw.get("message_reference")).get("message_id"))
        return pointed_at == message_id

    return await _remove_notice(client, channel_id, bot_id, PIN_NOTICE, tells_of_it)


async def remove_thread_notice(client: FluxerClient, channel_id: int, thread_id: int, bot_id: int) -> bool:
    """Delete the notice that the bot started a thread; return whether there was one on the newest page."""

    def tells_of_it(raw: wire.Json) -> bool:
        pointed_at = optional_snowflake(wire.mapping(raw.get("message_reference")).get("channel_id"))
        own = optional_snowflake(wire.mapping(raw.get("thread")).get("id"))
        return thread_id in (pointed_at, own)

    return await _remove_notice(client, channel_id, bot_id, THREAD_NOTICE, tells_of_it)


async def _remove_notice(
    client: FluxerClient, channel_id: int, bot_id: int, kind: int, tells_of_it: Callable[[wire.Json], bool]
) -> bool:
    raw = await client.perform(
        Call(
            "GET",
            "/channels/{channel_id}/messages",
            {"channel_id": channel_id},
            query={"limit": str(_PAGE)},
            doing="looking for a notice",
            permission="Read Message History",
            channel_id=channel_id,
        )
    )
    own = [
        row
        for row in wire.objects(raw)
        if row.get("type") == kind and optional_snowflake(wire.mapping(row.get("author")).get("id")) == bot_id
    ]
    notice = next((row for row in own if tells_of_it(row)), None)
    notice_id = optional_snowflake(notice.get("id")) if notice is not None else None
    if notice_id is None:
        return False
    try:
        await delete_post(client, channel_id, notice_id)
    except NotFound:
        return False
    return True


def _call(method: str, channel_id: int, message_id: int, doing: str) -> Call:
    ids = {"channel_id": channel_id, "message_id": message_id}
    return Call(method, PIN, ids, doing=doing, permission=PERMISSION, channel_id=channel_id)
