"""Deleting what stands on the target."""

from __future__ import annotations

from reaper_tui.writer.client import Call, FluxerClient

_CHANNEL = ("/channels/{channel_id}", "channel_id", "Manage Channels")
_PATHS = {
    "channel": _CHANNEL,
    "companion": _CHANNEL,
    "category": _CHANNEL,
    "thread": _CHANNEL,
    "post": _CHANNEL,
    "role": ("/guilds/{guild_id}/roles/{role_id}", "role_id", "Manage Roles"),
    "emoji": ("/guilds/{guild_id}/emojis/{emoji_id}", "emoji_id", "Manage Expressions"),
    "sticker": ("/guilds/{guild_id}/stickers/{sticker_id}", "sticker_id", "Manage Expressions"),
    "webhook": ("/webhooks/{webhook_id}", "webhook_id", "Manage Webhooks"),
}


async def remove(client: FluxerClient, kind: str, community_id: int, target_id: int) -> None:
    """Delete a channel (with all that stands in it), role, emoji, sticker or webhook; NotFound when it is gone."""
    path, name, permission = _PATHS[kind]
    ids = {name: target_id} if "guild_id" not in path else {"guild_id": community_id, name: target_id}
    await client.perform(Call("DELETE", path, ids, doing=f"removing a {kind}", permission=permission))
