"""Messages that stand in a channel: read back, deleted, and reacted to as the bot."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reaper_tui.model.outgoing import TargetMessage
from reaper_tui.writer import wire
from reaper_tui.writer.client import Call, FluxerClient

PAGE = 100
REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"


async def history(
    client: FluxerClient, channel_id: int, before: int | None = None, limit: int = PAGE
) -> Sequence[TargetMessage]:
    """Return messages of a channel or thread, newest first, older than an id."""
    query = {"limit": str(min(max(limit, 1), PAGE))}
    if before is not None:
        query["before"] = str(before)
    raw = await client.perform(
        Call(
            "GET",
            "/channels/{channel_id}/messages",
            {"channel_id": channel_id},
            query=query,
            doing="reading back",
            permission="Read Message History",
            channel_id=channel_id,
        )
    )
    messages = [wire.message_of(row) for row in wire.objects(raw)]
    return sorted(messages, key=lambda message: message.id, reverse=True)


async def delete_post(client: FluxerClient, channel_id: int, message_id: int) -> None:
    """Delete a message; raise NotFound when it is gone already."""
    await client.perform(
        Call(
            "DELETE",
            "/channels/{channel_id}/messages/{message_id}",
            {"channel_id": channel_id, "message_id": message_id},
            doing="deleting a message",
            permission="Manage Messages",
            channel_id=channel_id,
        )
    )


async def react(client: FluxerClient, channel_id: int, message_id: int, emoji: str) -> None:
    """React with a Unicode emoji or a custom one as `name:id`; doing it twice changes nothing."""
    permission = "Add Reactions” and “Use External Emojis"
    await client.perform(_reaction("PUT", channel_id, message_id, emoji, "reacting", permission))


async def unreact(client: FluxerClient, channel_id: int, message_id: int, emoji: str) -> None:
    """Take the bot's own reaction back."""
    await client.perform(_reaction("DELETE", channel_id, message_id, emoji, "taking a reaction back", ""))


def _reaction(method: str, channel_id: int, message_id: int, emoji: str, doing: str, permission: str) -> Call:
    return Call(
        method,
        REACTION,
        {"channel_id": channel_id, "message_id": message_id, "emoji": quote(emoji, safe=":")},
        doing=doing,
        permission=permission,
        channel_id=channel_id,
    )
