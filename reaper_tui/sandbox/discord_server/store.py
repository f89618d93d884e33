"""What the guild holds now, and what the bot may see of it."""

import bisect
import hashlib
from collections.abc import Sequence
from operator import attrgetter

import msgspec

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Attachment, Channel, Community, Message, Person, Thread
from reaper_tui.sandbox.discord_server.errors import missing_access, unknown

VOICE, CATEGORY, FORUM, MEDIA = 2, 4, 15, 16
PRIVATE_THREAD = 12
_BY_ID = attrgetter("id")


class Store:
    """A community with lookups; every change to it is made through here."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.may_read_history = True
        self.may_read_content = True
        self.hidden_channels: frozenset[int] = frozenset()
        self.hides_barely = False
        """Whether hidden channels come without what a client may count on."""
        self._last_pins: dict[int, int] = {}
        token = hashlib.sha256(f"discord token {community.seed}".encode()).hexdigest()
        self.token = f"sandbox.{token[:6]}.{token[6:38]}"

    @property
    def base_permissions(self) -> int:
        """What the bot may do in the guild before any overwrite."""
        community = self.community
        granted = may.guild_permissions(community.roles, community.id, community.bot.roles)
        return granted if self.may_read_history else granted & ~may.READ_MESSAGE_HISTORY

    def permissions(self, channel: Channel) -> int:
        """Return what the bot may do in `channel`."""
        if channel.id in self.hidden_channels:
            return 0
        community = self.community
        bot = community.bot
        found = may.channel_permissions(self.base_permissions, channel, community.id, bot.id, bot.roles)
        return found if self.may_read_history else found & ~may.READ_MESSAGE_HISTORY

    def is_visible(self, channel: Channel) -> bool:
        """Tell whether the bot may view `channel`."""
        return bool(self.permissions(channel) & may.VIEW_CHANNEL)

    def parent_of(self, place: Channel | Thread) -> Channel:
        """Return the channel whose permissions rule `place`."""
        return self.community.channels[place.parent_id] if isinstance(place, Thread) else place

    def place(self, identifier: int) -> Channel | Thread:
        """Return a channel or thread that the bot may see, or refuse."""
        found = self.community.channels.get(identifier) or self.community.threads.get(identifier)
        if found is None:
            raise unknown("Channel")
        if not self.is_visible(self.parent_of(found)):
            raise missing_access()
        return found

    def container(self, identifier: int) -> tuple[Channel | Thread, list[Message]]:
        """Return a place that can hold messages with those the bot may read there."""
        place = self.place(identifier)
        if place.id not in self.community.messages or (isinstance(place, Channel) and place.type in (FORUM, MEDIA)):
            raise missing_access()
        if not self.permissions(self.parent_of(place)) & may.READ_MESSAGE_HISTORY:
            return place, []
        return place, self.community.messages[place.id]

    def message(self, container_id: int, message_id: int) -> Message:
        """Return one message the bot may read, or refuse."""
        _, messages = self.container(container_id)
        found = find(messages, message_id)
        if found is None:
            raise unknown("Message")
        return found

    def threads_of(self, parent_id: int) -> list[Thread]:
        """Return the threads under a channel, newest first."""
        found = [thread for thread in self.community.threads.values() if thread.parent_id == parent_id]
        return sorted(found, key=_BY_ID, reverse=True)

    def active_threads(self) -> list[Thread]:
        """Return the open threads the bot may see."""
        return [
            thread
            for thread in self.community.threads.values()
            if not thread.is_archived and self.is_visible(self.community.channels[thread.parent_id])
        ]

    def attachment(self, container_id: int, attachment_id: int) -> Attachment | None:
        """Return the file with `attachment_id` on a message of `container_id`, whoever may see it."""
        message = find(self.community.messages.get(container_id, []), attachment_id & ~15)
        return next((file for file in message.attachments if file.id == attachment_id), None) if message else None

    def pinned(self, container_id: int) -> list[Message]:
        """Return the pinned messages, last pinned first."""
        _, messages = self.container(container_id)
        return sorted((m for m in messages if m.pinned_ms), key=attrgetter("pinned_ms"), reverse=True)

    def last_pin_ms(self, container_id: int) -> int:
        """Return when something was last pinned there, 0 for never."""
        if container_id not in self._last_pins:
            messages = self.community.messages.get(container_id, ())
            self._last_pins[container_id] = max((each.pinned_ms for each in messages), default=0)
        return self._last_pins[container_id]

    def set_last_pin(self, container_id: int, at_ms: int) -> None:
        """Remember when something was pinned there."""
        self._last_pins[container_id] = at_ms

    def people(self, identifiers: Sequence[int]) -> list[Person]:
        """Return the people with these ids."""
        return [self.community.people[identifier] for identifier in identifiers]

    def set_channel(self, channel: Channel) -> None:
        """Put `channel` in place of the one with its id."""
        self.community.channels[channel.id] = channel
        if channel.type != CATEGORY:
            self.community.messages.setdefault(channel.id, [])

    def set_thread(self, thread: Thread) -> None:
        """Put `thread` in place of the one with its id."""
        self.community.threads[thread.id] = thread
        self.community.messages.setdefault(thread.id, [])

    def drop_thread(self, thread: Thread) -> None:
        """Forget a thread with its messages."""
        del self.community.threads[thread.id]
        self.community.messages.pop(thread.id, None)

    def drop_channel(self, channel: Channel) -> None:
        """Forget a channel with its messages."""
        del self.community.channels[channel.id]
        self.community.messages.pop(channel.id, None)

    def readable_counts(self) -> dict[int, int]:
        """Return how many messages each container holds that the bot may view."""
        community = self.community
        places: list[Channel | Thread] = [*community.channels.values(), *community.threads.values()]
        return {
            place.id: len(community.messages[place.id])
            for place in places
            if place.id in community.messages and self.is_visible(self.parent_of(place))
        }


class Page(msgspec.Struct, frozen=True):
    """Which messages a client asks for."""

    limit: int = 50
    before: int | None = None
    after: int | None = None
    around: int | None = None

    def of(self, messages: list[Message]) -> list[Message]:
        """Return the page of `messages` (oldest first), newest first."""
        if self.around is not None:
            middle = bisect.bisect_left(messages, self.around, key=_BY_ID)
            start = max(0, middle - self.limit // 2)
            found = messages[start : start + self.limit]
        elif self.after is not None:
            start = bisect.bisect_right(messages, self.after, key=_BY_ID)
            found = messages[start : start + self.limit]
        else:
            stop = len(messages) if self.before is None else bisect.bisect_left(messages, self.before, key=_BY_ID)
            found = messages[max(0, stop - self.limit) : stop]
        return found[::-1]


def position(messages: list[Message], message_id: int) -> int:
    """Return where `message_id` is, or would be, in `messages`."""
    return bisect.bisect_left(messages, message_id, key=_BY_ID)


def find(messages: list[Message], message_id: int) -> Message | None:
    """Return the message with this id."""
    index = position(messages, message_id)
    return messages[index] if index < len(messages) and messages[index].id == message_id else None
