"""What the guild holds, for whoever looks in through the control port."""

from operator import attrgetter
from typing import Any

from reaper_tui.sandbox.community.nouns import Emoji, Thread
from reaper_tui.sandbox.discord_server.store import CATEGORY, Store

Json = dict[str, Any]


def inventory_of(store: Store) -> Json:
    """Return counts, and of what the bot may view also messages by container, pins, reactions and threads."""
    community = store.community
    counts = store.readable_counts()
    channels = [each for each in community.channels.values() if each.type != CATEGORY]
    visible = [each for each in channels if store.is_visible(each)]
    pinned = {place_id: [each for each in community.messages[place_id] if each.pinned_ms] for place_id in counts}
    return {
        "guild_id": str(community.id),
        "name": community.name,
        "channels": len(visible),
        "hidden_channels": len(channels) - len(visible),
        "categories": len(community.channels) - len(channels),
        "threads": len(community.threads),
        "roles": len(community.roles),
        "emojis": len(community.emojis),
        "stickers": len(community.stickers),
        "people": len(community.people),
        "webhooks": sum(person.is_webhook for person in community.people.values()),
        "messages": sum(counts.values()),
        "messages_by_container": {str(identifier): count for identifier, count in counts.items()},
        "pins": {
            str(place_id): [str(each.id) for each in sorted(found, key=attrgetter("pinned_ms"), reverse=True)]
            for place_id, found in pinned.items()
            if found
        },
        "reactions": {
            str(message.id): {_name_of(each.emoji): len(each.people) for each in message.reactions}
            for place_id in counts
            for message in community.messages[place_id]
            if message.reactions
        },
        "thread_list": [_thread(thread, store) for thread in community.threads.values()],
    }


def _thread(thread: Thread, store: Store) -> Json:
    names = {tag.id: tag.name for tag in store.community.channels[thread.parent_id].tags}
    return {
        "id": str(thread.id),
        "name": thread.name,
        "type": thread.type,
        "parent_id": str(thread.parent_id),
        "is_archived": thread.is_archived,
        "is_locked": thread.is_locked,
        "is_pinned": thread.is_pinned,
        "tags": [names[tag] for tag in thread.tags],
        "messages": len(store.community.messages[thread.id]),
    }


def _name_of(emoji: Emoji | str) -> str:
    return emoji if isinstance(emoji, str) else emoji.name
