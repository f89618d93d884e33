"""The one community of the server: its entities, indices and rules of change."""

from __future__ import annotations

import base64
import random
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from .entities import (
    ADMINISTRATOR,
    CATEGORY,
    DEFAULT_PERMISSIONS,
    MEMBER_JOIN,
    TEXT,
    VOICE,
    Channel,
    Emoji,
    Guild,
    Invite,
    Member,
    Message,
    Place,
    Role,
    Sticker,
    Thread,
    User,
    Webhook,
)
from .generation import Generation
from .snowflakes import EPOCH_MS, SHIFT, SnowflakeClock, iso_from_milliseconds, milliseconds_of
from .store import Store

FOUNDED_MS = 1_767_312_000_000
DAY_MS = 86_400_000
NONCE_SECONDS = 300.0

Entity = TypeVar("Entity", bound=msgspec.Struct)


class Community:
    """Everything the server knows, in memory, written through to the store."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float],
        generation: Generation,
        speed: float,
        seed: int,
        guild_name: str,
        bot_name: str,
        residents: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.store = store
        self.clock = clock
        self.generation = generation
        self._nonce_seconds = NONCE_SECONDS / (speed if generation.has_rich_webhooks else 1)
        self.users: dict[int, User] = {}
        self.members: dict[int, Member] = {}
        self.roles: dict[int, Role] = {}
        self.channels: dict[int, Channel] = {}
        self.threads: dict[int, Thread] = {}
        self.emojis: dict[int, Emoji] = {}
        self.stickers: dict[int, Sticker] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.invites: dict[int, Invite] = {}
        self.messages: dict[int, Message] = {}
        self.message_ids: dict[int, list[int]] = {}
        self.pinned_ids: dict[int, set[int]] = {}
        self._nonces: dict[str, tuple[float, int, int]] = {}
        meta = store.meta()
        if not meta:
            self._found(seed, guild_name, bot_name)
            self._settle(residents)
            meta = {"token": self.token, "guild": str(self.guild.id), "bot": str(self.bot.id)}
            for key, value in meta.items():
                store.put_meta(key, value)
            store.flush_now()
        else:
            self._load(meta)
        self.has_session_started = meta.get("session_started") == "1"

    def next_id(self) -> int:
        """A new snowflake."""
        return self._snowflakes.next()

    def now_iso(self) -> str:
        """The present as the API writes it."""
        return iso_from_milliseconds(int(self.clock() * 1000))

    def start_session(self) -> None:
        """Remember that the bot has been on the gateway once."""
        if not self.has_session_started:
            self.has_session_started = True
            self.store.put_meta("session_started", "1")

    def save_guild(self) -> None:
        """Write the guild's settings."""
        self.store.put("guild", self.guild.id, self.guild)

    def save_role(self, role: Role) -> None:
        """Add or change a role."""
        self.roles[role.id] = role
        self.store.put("role", role.id, role)

    def save_member(self, member: Member) -> None:
        """Add or change a member."""
        self.members[member.id] = member
        self.store.put("member", member.id, member)

    def save_channel(self, channel: Channel) -> None:
        """Add or change a channel."""
        self.channels[channel.id] = channel
        self.store.put("channel", channel.id, channel)

    def save_thread(self, thread: Thread) -> None:
        """Add or change a thread."""
        self.threads[thread.id] = thread
        self.store.put("thread", thread.id, thread)

    def save_place(self, place: Place) -> None:
        """Change a channel or a thread."""
        if isinstance(place, Thread):
            self.save_thread(place)
        else:
            self.save_channel(place)

    def place(self, id: int) -> Place | None:
        """The channel or thread of an id."""
        return self.threads.get(id) or self.channels.get(id)

    def channel_of(self, place: Place) -> Channel:
        """The channel, or the one above a thread."""
        return self.channels[place.parent_id] if isinstance(place, Thread) else place

    def save_emoji(self, emoji: Emoji) -> None:
        """Add or change an emoji."""
        self.emojis[emoji.id] = emoji
        self.store.put("emoji", emoji.id, emoji)

    def save_sticker(self, sticker: Sticker) -> None:
        """Add or change a sticker."""
        self.stickers[sticker.id] = sticker
        self.store.put("sticker", sticker.id, sticker)

    def save_webhook(self, webhook: Webhook) -> None:
        """Add or change a webhook."""
        self.webhooks[webhook.id] = webhook
        self.store.put("webhook", webhook.id, webhook)

    def save_invite(self, invite: Invite) -> None:
        """Add an invite."""
        self.invites[invite.id] = invite
        self.store.put("invite", invite.id, invite)

    def save_message(self, message: Message) -> None:
        """Add or change a message."""
        if message.id not in self.messages:
            self._index(message)
            thread = self.threads.get(message.channel_id)
            if thread is not None:
                thread.sent += 1
                self.save_thread(thread)
        self.store.put_message(message.id, message)

    def remove_role(self, role: Role) -> None:
        """Forget a role, and take it from every member."""
        del self.roles[role.id]
        self.store.remove("role", role.id)
        for member in self.members.values():
            if role.id in member.roles:
                member.roles.remove(role.id)
                self.save_member(member)

    def remove_channel(self, channel: Channel) -> None:
        """Forget a channel with its messages and webhooks; a category's channels lose their parent."""
        del self.channels[channel.id]
        self.store.remove("channel", channel.id)
        self._remove_messages(channel.id)
        for thread in [thread for thread in self.threads.values() if thread.parent_id == channel.id]:
            self.remove_thread(thread)
        for webhook in [webhook for webhook in self.webhooks.values() if webhook.channel_id == channel.id]:
            self.remove_webhook(webhook)
        if channel.type == CATEGORY:
            for child in self.channels.values():
                if child.parent_id == channel.id:
                    child.parent_id = None
                    self.save_channel(child)

    def remove_thread(self, thread: Thread) -> None:
        """Forget a thread with its messages."""
        del self.threads[thread.id]
        self.store.remove("thread", thread.id)
        self._remove_messages(thread.id)

    def _remove_messages(self, place_id: int) -> None:
        for message_id in list(self.message_ids.get(place_id, ())):
            self.remove_message(self.messages[message_id])
        self.message_ids.pop(place_id, None)

    def remove_webhook(self, webhook: Webhook) -> None:
        """Forget a webhook; its messages stay."""
        del self.webhooks[webhook.id]
        self.store.remove("webhook", webhook.id)

    def remove_emoji(self, emoji: Emoji) -> None:
        """Forget an emoji."""
        del self.emojis[emoji.id]
        self.store.remove("emoji", emoji.id)

    def remove_sticker(self, sticker: Sticker) -> None:
        """Forget a sticker."""
        del self.stickers[sticker.id]
        self.store.remove("sticker", sticker.id)

    def remove_message(self, message: Message) -> None:
        """Forget a message; the channel keeps its id as the last one."""
        del self.messages[message.id]
        ids = self.message_ids[message.channel_id]
        del ids[bisect_left(ids, message.id)]
        self.pinned_ids.get(message.channel_id, set()).discard(message.id)
        self.store.remove_message(message.id)
        place = self.place(message.channel_id)
        if place is not None and place.last_message_id == message.id:
            self.save_place(place)

    def remember_nonce(self, message: Message) -> None:
        """Let a repeat of the message's nonce by the same bot or webhook find it for five minutes."""
        key = _nonce_key(message.webhook_id or message.author_id, message.nonce)
        now = self.clock()
        if len(self._nonces) > 4096:
            self._nonces = {key: entry for key, entry in self._nonces.items() if entry[0] > now}
        self._nonces[key] = (now + self._nonce_seconds, message.channel_id, message.id)

    def recall_nonce(self, author_id: int, nonce: str) -> tuple[int, int] | None:
        """The channel and message that the nonce of a bot or webhook stands for."""
        entry = self._nonces.get(_nonce_key(author_id, nonce))
        return entry[1:] if entry is not None and entry[0] > self.clock() else None

    def _found(self, seed: int, guild_name: str, bot_name: str) -> None:
        """Make a new community as the server makes it: two categories, two channels, one join notice."""
        chance = random.Random(seed)
        base = FOUNDED_MS + chance.randrange(DAY_MS)
        ids = [(base + step - EPOCH_MS) << SHIFT for step in range(12)]
        self._snowflakes = SnowflakeClock(self.clock, floor=ids[-1])
        owner = User(ids[0], "owner", f"{chance.randrange(1, 10000):04d}")
        self.bot = User(ids[1], bot_name, f"{chance.randrange(1, 10000):04d}", is_bot=True)
        secret = base64.urlsafe_b64encode(chance.randbytes(32)).decode().rstrip("=")
        self.token = f"{self.bot.id}.{secret}"
        for user in (owner, self.bot):
            self.users[user.id] = user
            self.store.put("user", user.id, user)
        self.guild = Guild(ids[2], guild_name, owner.id, system_channel_id=ids[5])
        self.save_guild()
        self.save_role(Role(self.guild.id, "@everyone", DEFAULT_PERMISSIONS, position=0))
        bot_role = Role(ids[7], bot_name, ADMINISTRATOR)
        self.save_role(bot_role)
        joined_at = iso_from_milliseconds(base)
        self.save_member(Member(owner.id, [], joined_at))
        self.save_member(Member(self.bot.id, [bot_role.id], joined_at))
        self.save_channel(Channel(ids[3], CATEGORY, "Text Channels", 0))
        self.save_channel(Channel(ids[4], CATEGORY, "Voice Channels", 1))
        self.save_channel(Channel(ids[5], TEXT, "general", 0, parent_id=ids[3]))
        self.save_channel(Channel(ids[6], VOICE, "General", 0, parent_id=ids[4], bitrate=64000, user_limit=0))
        self.save_message(Message(ids[8], ids[5], self.bot.id, type=MEMBER_JOIN))

    def _settle(self, residents: Sequence[tuple[str, str]]) -> None:
        """Let people by username and display name live here from the start."""
        for number, (username, display_name) in enumerate(residents, start=1):
            user = User(self.guild.id + number, username, f"{number:04d}", global_name=display_name)
            self.users[user.id] = user
            self.store.put("user", user.id, user)
            self.save_member(Member(user.id, [], iso_from_milliseconds(milliseconds_of(user.id))))

    def _load(self, meta: dict[str, str]) -> None:
        self.token = meta["token"]
        self.guild = self._read("guild", Guild)[int(meta["guild"])]
        self.users = self._read("user", User)
        self.bot = self.users[int(meta["bot"])]
        self.members = self._read("member", Member)
        self.roles = self._read("role", Role)
        self.channels = self._read("channel", Channel)
        self.threads = self._read("thread", Thread)
        self.emojis = self._read("emoji", Emoji)
        self.stickers = self._read("sticker", Sticker)
        self.webhooks = self._read("webhook", Webhook)
        self.invites = self._read("invite", Invite)
        decoder = msgspec.json.Decoder(Message)
        oldest_nonce_ms = (self.clock() - self._nonce_seconds) * 1000
        newest = max(
            [self.guild.id, *self.channels, *self.threads, *self.roles, *self.webhooks, *self.emojis, *self.stickers]
        )
        for data in self.store.messages():
            message = decoder.decode(data)
            self._index(message)
            newest = max(newest, message.id, *(attachment.id for attachment in message.attachments))
            made_ms = milliseconds_of(message.id)
            if message.nonce is not None and made_ms > oldest_nonce_ms:
                key = _nonce_key(message.webhook_id or message.author_id, message.nonce)
                self._nonces[key] = (made_ms / 1000 + self._nonce_seconds, message.channel_id, message.id)
        places: list[Place] = [*self.channels.values(), *self.threads.values()]
        newest = max([newest, *(place.last_message_id or 0 for place in places)])
        self._snowflakes = SnowflakeClock(self.clock, floor=newest)

    def _read(self, kind: str, entity: type[Entity]) -> dict[int, Entity]:
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(entity)
        return {item.id: item for item in map(decoder.decode, self.store.entities(kind))}

    def _index(self, message: Message) -> None:
        self.messages[message.id] = message
        insort(self.message_ids.setdefault(message.channel_id, []), message.id)
        if message.pinned_at is not None:
            self.pinned_ids.setdefault(message.channel_id, set()).add(message.id)
        place = self.place(message.channel_id)
        if place is not None:
            place.last_message_id = max(place.last_message_id or 0, message.id)


def _nonce_key(author_id: int, nonce: str | None) -> str:
    return f"{author_id}/{nonce}"
