"""What the community holds, for whoever looks in through the control port."""

from __future__ import annotations

from . import channel_payloads, payloads
from .channel_payloads import Json
from .community import Community
from .entities import Thread
from .pins import last_pinned_first
from .roles import ranked


def inventory_of(community: Community) -> dict[str, object]:
    """Everything but the messages themselves, with their number by channel and thread, pins and reactions."""
    channels = sorted(community.channels.values(), key=lambda channel: (channel.position, channel.id))
    counts = community.message_ids
    return {
        "guild": payloads.guild(community.guild, community.generation),
        "roles": [payloads.role(role) for role in ranked(community)],
        "channels": [
            channel_payloads.channel(channel, community) | {"message_count": len(counts.get(channel.id, ()))}
            for channel in channels
        ],
        "threads": [_thread(thread, community) for thread in community.threads.values()],
        "emojis": [payloads.emoji(emoji) for emoji in community.emojis.values()],
        "stickers": [payloads.sticker(sticker) for sticker in community.stickers.values()],
        "webhooks": [
            {key: value for key, value in payloads.webhook(webhook, community).items() if key != "token"}
            for webhook in community.webhooks.values()
        ],
        "webhook_count": len(community.webhooks),
        "members": [payloads.member(member, community) for member in community.members.values()],
        "message_count": len(community.messages),
        "pins": {
            str(place_id): [str(message.id) for message in last_pinned_first(community, place_id)]
            for place_id, pinned in community.pinned_ids.items()
            if pinned
        },
        "reactions": {
            str(message.id): {each.name: len(each.users) for each in message.reactions}
            for message in community.messages.values()
            if message.reactions
        },
        "has_session_started": community.has_session_started,
    }


def _thread(thread: Thread, community: Community) -> Json:
    names = {tag.id: tag.name for tag in community.channels[thread.parent_id].tags}
    return channel_payloads.thread(thread, community) | {"tags": [names[tag] for tag in thread.tags if tag in names]}
