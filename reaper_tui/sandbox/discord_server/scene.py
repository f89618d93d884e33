"""The guild as somebody finds it who is about to change something, and how the gateway tells of it."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Channel, Emoji, Message, Person, Reaction, Role, Thread
from reaper_tui.sandbox.community.snowflake import birth_ms, iso, snowflake
from reaper_tui.sandbox.discord_server import wire_guild
from reaper_tui.sandbox.discord_server.events import GUILD_MESSAGES, Event
from reaper_tui.sandbox.discord_server.store import CATEGORY, FORUM, MEDIA, Store, find, position
from reaper_tui.sandbox.discord_server.wire_message import MessageWriter, emoji_key

Json = dict[str, Any]
Action = Callable[["Scene", Json], list[Event]]
_LIVE_LANES = 1 << 21


class ChangeError(ValueError):
    """A change that cannot be made, and why."""


class Scene:
    """Finds what a change names, makes ids for what is new, and writes events."""

    def __init__(self, store: Store, writer: MessageWriter) -> None:
        self.store = store
        self.community = store.community
        self.writer = writer
        self.made = 0

    def channel(self, change: Json, key: str = "channel_id") -> Channel:
        """Return the channel that the change names."""
        found = self.community.channels.get(int(change[key]))
        if found is None:
            raise ChangeError(f"no channel {change[key]}")
        return found

    def thread(self, change: Json) -> Thread:
        """Return the thread that the change names."""
        found = self.community.threads.get(int(change["channel_id"]))
        if found is None:
            raise ChangeError(f"no thread {change['channel_id']}")
        return found

    def role(self, change: Json) -> Role:
        """Return the role that the change names."""
        for role in self.community.roles:
            if role.id == int(change["role_id"]):
                return role
        raise ChangeError(f"no role {change['role_id']}")

    def container(self, change: Json, key: str = "channel_id") -> Channel | Thread:
        """Return the channel or thread with messages that the change names."""
        identifier = int(change[key])
        found = self.community.channels.get(identifier) or self.community.threads.get(identifier)
        is_closed = found is not None and found.type in (CATEGORY, FORUM, MEDIA)
        if found is None or is_closed or identifier not in self.community.messages:
            raise ChangeError(f"no channel or thread {identifier} that holds messages")
        return found

    def message(self, change: Json) -> tuple[Channel | Thread, Message]:
        """Return the message that the change names, and where it stands."""
        place = self.container(change)
        found = find(self.community.messages[place.id], int(change["message_id"]))
        if found is None:
            raise ChangeError(f"no message {change['message_id']} in {place.id}")
        return place, found

    def author(self, change: Json, key: str = "author_id") -> int:
        """Return who does it; somebody else each time if the change does not say."""
        people = self.community.people
        if key not in change:
            humans = [each.id for each in people.values() if not each.is_bot and not each.has_left]
            change[key] = str(humans[self.made % len(humans)])
        identifier = int(change[key])
        if identifier not in people:
            raise ChangeError(f"nobody has the id {identifier}")
        return identifier

    def person(self, identifier: int) -> Person:
        """Return the person with this id."""
        return self.community.people[identifier]

    def emoji(self, change: Json) -> Emoji | str:
        """Return the emoji of the guild that the change names, one of another guild, or a glyph."""
        wanted = str(change["emoji"])
        name, _, identifier = wanted.strip("<>").removeprefix("a:").strip(":").rpartition(":")
        for emoji in self.community.emojis:
            if str(emoji.id) == identifier or (not name and emoji.name == wanted):
                return emoji
        if name and identifier.isdecimal():
            return Emoji(int(identifier), name, is_animated=wanted.strip("<").startswith("a:"))
        return wanted

    def new_id(self, change: Json, container_id: int) -> int:
        """Return an id later than every message of the container; a change that was made keeps its own."""
        if "id" not in change:
            messages = self.community.messages.get(container_id, [])
            after_ms = birth_ms(messages[-1].id) + 1 if messages else 0
            self.made += 1
            lane = _LIVE_LANES + self.made * 16 % _LIVE_LANES
            change["id"] = str(snowflake(max(int(change["at_ms"]), after_ms), lane))
        return int(change["id"])

    def notice_id(self, change: Json, container_id: int, key: str) -> int:
        """Return an id for a message that the change brings along."""
        inner = {"at_ms": change["at_ms"]} | ({"id": change[key]} if key in change else {})
        change[key] = str(self.new_id(inner, container_id))
        return int(change[key])

    def insert(self, container_id: int, message: Message) -> None:
        """Put a message where it belongs by its id."""
        messages = self.community.messages[container_id]
        messages.append(message)
        if len(messages) > 1 and messages[-2].id > message.id:
            messages.sort(key=attrgetter("id"))

    def remove(self, container_id: int, message_id: int) -> None:
        """Take a message away."""
        messages = self.community.messages[container_id]
        del messages[position(messages, message_id)]

    def if_visible(self, place: Channel | Thread, event: Event) -> list[Event]:
        """Return the event if the bot may see where it happens."""
        is_visible = bool(self.store.permissions(self.store.parent_of(place)) & may.VIEW_CHANNEL)
        return [event] if is_visible else []

    def told(self, name: str, message: Message, container_id: int) -> list[Event]:
        """Return the event that carries a whole message."""
        place = self.community.threads.get(container_id) or self.community.channels[container_id]
        return self.if_visible(place, Event(name, self.writer.live(message, container_id), GUILD_MESSAGES))

    def where(self, place: Channel | Thread) -> Json:
        """Return the ids that say where something happened."""
        return {"channel_id": str(place.id), "guild_id": str(self.community.id)}

    def thread_body(self, thread: Thread) -> Json:
        """Return a thread object."""
        return wire_guild.thread(thread, self.store)

    def reaction_body(self, place: Channel | Thread, message: Message, emoji: Emoji | str, person: int) -> Json:
        """Return what the gateway says of one reaction."""
        base = {"user_id": str(person), "message_id": str(message.id), "burst": False, "type": 0}
        return base | self.where(place) | {"emoji": emoji_key(Reaction(emoji, ()))}

    def pins_changed(self, place: Channel | Thread, message: Message) -> list[Event]:
        """Return the events of a pin that came or went."""
        last = self.store.last_pin_ms(place.id)
        data = self.where(place) | {"last_pin_timestamp": iso(last) if last else None}
        event = Event("CHANNEL_PINS_UPDATE", data)
        return [*self.if_visible(place, event), *self.told("MESSAGE_UPDATE", message, place.id)]

    def channel_told(self, name: str, channel: Channel) -> list[Event]:
        """Return the event of a channel; one that the bot may not view is obfuscated."""
        is_visible = self.store.is_visible(channel)
        found = wire_guild.channel(channel, self.store) if is_visible else wire_guild.obfuscated(channel, self.store)
        return [Event(name, found | {"guild_id": str(self.community.id)})]
