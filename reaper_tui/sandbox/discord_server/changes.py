"""What somebody does to the guild while it is being served: write, edit, delete, react, pin, open, close."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Attachment, Channel, Emoji, Message, Person, Reaction, Thread
from reaper_tui.sandbox.community.snowflake import birth_ms, iso, snowflake
from reaper_tui.sandbox.discord_server import wire_guild
from reaper_tui.sandbox.discord_server.events import GUILD_MESSAGE_REACTIONS, GUILD_MESSAGES, Event
from reaper_tui.sandbox.discord_server.store import Store, find, position
from reaper_tui.sandbox.discord_server.wire_message import MessageWriter, emoji_key

Json = dict[str, Any]
_LIVE_LANES = 1 << 21
_PIN_NOTICE, _REPLY, _STARTER = 6, 19, 21


class ChangeError(ValueError):
    """A change that cannot be made, and why."""


class Changes:
    """Applies changes to a store and tells what the gateway says about each.

    A change that was applied holds its own time and ids, so that a fresh store it is applied to becomes the same guild.
    """

    def __init__(self, store: Store, writer: MessageWriter, clock: Callable[[], float]) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._made = 0
        self._actions: dict[str, Callable[[Json], list[Event]]] = {
            "create": self._create,
            "edit": self._edit,
            "delete": self._delete,
            "bulk_delete": self._bulk_delete,
            "react": self._react,
            "unreact": self._unreact,
            "pin": self._pin,
            "unpin": self._unpin,
            "thread_create": self._thread_create,
            "thread_update": self._thread_update,
            "thread_delete": self._thread_delete,
            "channel_create": self._channel_create,
            "channel_update": self._channel_update,
            "channel_delete": self._channel_delete,
        }

    def apply(self, change: Json) -> tuple[Json, list[Event]]:
        """Make `change`; return it completed with time and id, and the events in order."""
        action = self._actions.get(str(change.get("action")))
        if action is None:
            raise ChangeError(f"unknown action {change.get('action')!r}; known: {', '.join(self._actions)}")
        self._made += 1
        completed = {"at_ms": int(self._clock() * 1000)} | change
        try:
            return completed, action(completed)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ChangeError):
                raise
            reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise ChangeError(f"{change['action']}: {reason}") from error

    def _create(self, change: Json) -> list[Event]:
        place = self._container(change)
        author = self._author(change)
        message = Message(id=self._new_id(change, place.id), author=author, content=str(change.get("content", "")))
        if change.get("reply_to"):
            message.type, message.reply_to = _REPLY, int(change["reply_to"])
        message.attachments = tuple(
            _attachment(message.id + index + 1, wish) for index, wish in enumerate(change.get("attachments", ()))
        )
        message.embeds = tuple(change.get("embeds", ()))
        message.type = int(change.get("type", message.type))
        self._insert(place.id, message)
        return self._told("MESSAGE_CREATE", message, place.id)

    def _edit(self, change: Json) -> list[Event]:
        place, message = self._message(change)
        if "content" in change:
            message.content = str(change["content"])
        if "embeds" in change:
            message.embeds = tuple(change["embeds"])
        message.edited_ms = int(change["at_ms"])
        return self._told("MESSAGE_UPDATE", message, place.id)

    def _delete(self, change: Json) -> list[Event]:
        place, message = self._message(change)
        self._remove(place.id, message.id)
        return self._if_visible(
            place, Event("MESSAGE_DELETE", {"id": str(message.id)} | self._where(place), GUILD_MESSAGES)
        )

    def _bulk_delete(self, change: Json) -> list[Event]:
        place = self._container(change)
        wanted = [int(each) for each in change["message_ids"]]
        messages = self._store.community.messages[place.id]
        gone = [each for each in wanted if find(messages, each)]
        for message_id in gone:
            self._remove(place.id, message_id)
        data = {"ids": [str(each) for each in gone]} | self._where(place)
        return self._if_visible(place, Event("MESSAGE_DELETE_BULK", data, GUILD_MESSAGES))

    def _react(self, change: Json) -> list[Event]:
        place, message = self._message(change)
        emoji, person = self._emoji(change), self._author(change, "user_id")
        reactions = {reaction.emoji: reaction.people for reaction in message.reactions}
        reactions[emoji] = tuple(dict.fromkeys((*reactions.get(emoji, ()), person)))
        message.reactions = tuple(Reaction(each, people) for each, people in reactions.items())
        data: Json = self._reaction(place, message, emoji, person) | {"message_author_id": str(message.author)}
        data["burst_colors"] = []
        data["member"] = wire_guild.member(self._person(person)) | {"user": wire_guild.user(self._person(person))}
        return self._if_visible(place, Event("MESSAGE_REACTION_ADD", data, GUILD_MESSAGE_REACTIONS))

    def _unreact(self, change: Json) -> list[Event]:
        place, message = self._message(change)
        emoji = self._emoji(change)
        held = next((each.people for each in message.reactions if each.emoji == emoji), ())
        if not held:
            raise ChangeError("unreact: nobody put that reaction there")
        person = int(change["user_id"]) if "user_id" in change else held[-1]
        change["user_id"] = str(person)
        left = [
            Reaction(each.emoji, tuple(p for p in each.people if p != person)) if each.emoji == emoji else each
            for each in message.reactions
        ]
        message.reactions = tuple(each for each in left if each.people)
        data = self._reaction(place, message, emoji, person)
        return self._if_visible(place, Event("MESSAGE_REACTION_REMOVE", data, GUILD_MESSAGE_REACTIONS))

    def _pin(self, change: Json) -> list[Event]:
        place, message = self._message(change)
        message.pinned_ms = int(change["at_ms"])
        notice = Message(id=self._new_id(change, place.id), author=self._author(change), type=_PIN_NOTICE)
        notice.reply_to = message.id
        self._insert(place.id, notice)
        return [*self._pins_changed(place, message), *self._told("MESSAGE_CREATE", notice, place.id)]

    def _unpin(self, change: Json) -> list[Event]:
        place, message = self._message(change)
        message.pinned_ms = 0
        return self._pins_changed(place, message)

    def _thread_create(self, change: Json) -> list[Event]:
        parent = self._channel(change)
        owner = self._author(change)
        starter_id = int(change.get("message_id") or 0)
        messages = self._store.community.messages.get(parent.id, [])
        starter = find(messages, starter_id) if starter_id else None
        if starter_id and starter is None:
            raise ChangeError("thread_create: no such message in that channel")
        thread_id = starter_id or self._new_id(change, parent.id)
        thread = Thread(thread_id, parent.id, owner, str(change["name"]), type=12 if change.get("private") else 11)
        thread = msgspec.structs.replace(thread, archive_ms=int(change["at_ms"]), members=(owner,))
        self._store.set_thread(thread)
        events = self._if_visible(parent, Event("THREAD_CREATE", self._thread(thread) | {"newly_created": True}))
        if starter:
            starter.thread_id = thread_id
            first = Message(id=self._new_id({"at_ms": change["at_ms"]}, thread_id), author=owner, type=_STARTER)
            first.reply_to, first.reference_channel = starter_id, parent.id
            self._insert(thread_id, first)
            events += self._told("MESSAGE_UPDATE", starter, parent.id)
        elif parent.type in (15, 16):
            self._insert(thread_id, Message(id=thread_id, author=owner, content=str(change.get("content", ""))))
            events += self._told("MESSAGE_CREATE", self._store.community.messages[thread_id][0], thread_id)
        return events

    def _thread_update(self, change: Json) -> list[Event]:
        thread = self._thread_of(change)
        thread = msgspec.structs.replace(
            thread,
            name=str(change.get("name", thread.name)),
            is_archived=bool(change.get("archived", thread.is_archived)),
            is_locked=bool(change.get("locked", thread.is_locked)),
            archive_ms=int(change["at_ms"]) if "archived" in change else thread.archive_ms,
        )
        self._store.set_thread(thread)
        return self._if_visible(thread, Event("THREAD_UPDATE", self._thread(thread)))

    def _thread_delete(self, change: Json) -> list[Event]:
        thread = self._thread_of(change)
        told = self._if_visible(
            thread,
            Event(
                "THREAD_DELETE",
                {
                    "id": str(thread.id),
                    "guild_id": str(self._store.community.id),
                    "parent_id": str(thread.parent_id),
                    "type": thread.type,
                },
            ),
        )
        del self._store.community.threads[thread.id]
        self._store.community.messages.pop(thread.id, None)
        return told

    def _channel_create(self, change: Json) -> list[Event]:
        channels = self._store.community.channels
        parent = int(change.get("parent_id") or 0) or None
        if parent is not None and (parent not in channels or channels[parent].type != 4):
            raise ChangeError("channel_create: parent_id is not a category")
        place = max((each.position for each in channels.values()), default=0) + 1
        channel = Channel(
            id=self._new_id(change, 0),
            type=int(change.get("type", 0)),
            name=str(change["name"]),
            position=place,
            parent_id=parent,
            topic=change.get("topic"),
            overwrites=channels[parent].overwrites if parent else (),
        )
        self._store.set_channel(channel)
        return self._channel_told("CHANNEL_CREATE", channel)

    def _channel_update(self, change: Json) -> list[Event]:
        channel = self._channel(change)
        fields = {name: change[name] for name in ("name", "topic", "position") if name in change}
        channel = msgspec.structs.replace(channel, **fields)
        self._store.set_channel(channel)
        return self._channel_told("CHANNEL_UPDATE", channel)

    def _channel_delete(self, change: Json) -> list[Event]:
        channel = self._channel(change)
        told = self._channel_told("CHANNEL_DELETE", channel)
        community = self._store.community
        for thread in self._store.threads_of(channel.id):
            del community.threads[thread.id]
            community.messages.pop(thread.id, None)
        del community.channels[channel.id]
        community.messages.pop(channel.id, None)
        return told

    def _channel(self, change: Json) -> Channel:
        found = self._store.community.channels.get(int(change["channel_id"]))
        if found is None:
            raise ChangeError(f"no channel {change['channel_id']}")
        return found

    def _thread_of(self, change: Json) -> Thread:
        found = self._store.community.threads.get(int(change["channel_id"]))
        if found is None:
            raise ChangeError(f"no thread {change['channel_id']}")
        return found

    def _container(self, change: Json) -> Channel | Thread:
        identifier = int(change["channel_id"])
        community = self._store.community
        found = community.channels.get(identifier) or community.threads.get(identifier)
        if found is None or identifier not in community.messages or found.type in (4, 15, 16):
            raise ChangeError(f"no channel or thread {identifier} that holds messages")
        return found

    def _message(self, change: Json) -> tuple[Channel | Thread, Message]:
        place = self._container(change)
        found = find(self._store.community.messages[place.id], int(change["message_id"]))
        if found is None:
            raise ChangeError(f"no message {change['message_id']} in {place.id}")
        return place, found

    def _author(self, change: Json, key: str = "author_id") -> int:
        people = self._store.community.people
        if key not in change:
            humans = [each.id for each in people.values() if not each.is_bot and not each.has_left]
            change[key] = str(humans[self._made % len(humans)])
        identifier = int(change[key])
        if identifier not in people:
            raise ChangeError(f"nobody has the id {identifier}")
        return identifier

    def _person(self, identifier: int) -> Person:
        return self._store.community.people[identifier]

    def _emoji(self, change: Json) -> Emoji | str:
        wanted = str(change["emoji"])
        name, _, identifier = wanted.removeprefix("a:").strip("<>:").rpartition(":")
        for emoji in self._store.community.emojis:
            if str(emoji.id) == identifier or (not name and emoji.name == wanted):
                return emoji
        return wanted

    def _new_id(self, change: Json, container_id: int) -> int:
        if "id" not in change:
            messages = self._store.community.messages.get(container_id, [])
            after_ms = birth_ms(messages[-1].id) + 1 if messages else 0
            lane = _LIVE_LANES + self._made * 16 % _LIVE_LANES
            change["id"] = str(snowflake(max(int(change["at_ms"]), after_ms), lane))
        return int(change["id"])

    def _insert(self, container_id: int, message: Message) -> None:
        messages = self._store.community.messages[container_id]
        messages.append(message)
        if len(messages) > 1 and messages[-2].id > message.id:
            messages.sort(key=attrgetter("id"))

    def _remove(self, container_id: int, message_id: int) -> None:
        messages = self._store.community.messages[container_id]
        del messages[position(messages, message_id)]

    def _is_visible(self, place: Channel | Thread) -> bool:
        return bool(self._store.permissions(self._store.parent_of(place)) & may.VIEW_CHANNEL)

    def _if_visible(self, place: Channel | Thread, event: Event) -> list[Event]:
        return [event] if self._is_visible(place) else []

    def _told(self, name: str, message: Message, container_id: int) -> list[Event]:
        community = self._store.community
        place = community.threads.get(container_id) or community.channels[container_id]
        return self._if_visible(place, Event(name, self._writer.live(message, container_id), GUILD_MESSAGES))

    def _where(self, place: Channel | Thread) -> Json:
        return {"channel_id": str(place.id), "guild_id": str(self._store.community.id)}

    def _thread(self, thread: Thread) -> Json:
        return wire_guild.thread(thread, self._store)

    def _reaction(self, place: Channel | Thread, message: Message, emoji: Emoji | str, person: int) -> Json:
        base = {"user_id": str(person), "message_id": str(message.id), "burst": False, "type": 0}
        return base | self._where(place) | {"emoji": emoji_key(Reaction(emoji, ()))}

    def _pins_changed(self, place: Channel | Thread, message: Message) -> list[Event]:
        pinned = [each.pinned_ms for each in self._store.community.messages[place.id] if each.pinned_ms]
        stamp = iso(max(pinned)) if pinned else None
        event = Event("CHANNEL_PINS_UPDATE", self._where(place) | {"last_pin_timestamp": stamp})
        return [*self._if_visible(place, event), *self._told("MESSAGE_UPDATE", message, place.id)]

    def _channel_told(self, name: str, channel: Channel) -> list[Event]:
        is_visible = self._store.is_visible(channel)
        community_id = self._store.community.id
        data = wire_guild.channel(channel, self._store) if is_visible else wire_guild.obfuscated(channel, community_id)
        return [Event(name, data | {"guild_id": str(community_id)})]


def _attachment(identifier: int, wish: Json) -> Attachment:
    filename = str(wish["filename"])
    content_type = str(
        wish.get("content_type", "image/png" if filename.endswith(".png") else "text/plain; charset=utf-8")
    )
    is_image = content_type.startswith("image/")
    return Attachment(
        identifier, filename, int(wish["size"]), content_type, 640 if is_image else None, 360 if is_image else None
    )
