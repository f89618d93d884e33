"""Writes the messages and threads of `talk.toml` into the community of `structure.toml`."""

import base64
from operator import attrgetter

import msgspec

from reaper_tui.sandbox.community.everything.cast import Cast, Json, gather, script
from reaper_tui.sandbox.community.everything.phrases import Phrases, Place, long_text
from reaper_tui.sandbox.community.nouns import Attachment, Community, Emoji, Message, Poll, Reaction, Thread
from reaper_tui.sandbox.community.people import digest
from reaper_tui.sandbox.community.props import content_type_of, poll_result
from reaper_tui.sandbox.community.snowflake import birth_ms, snowflake

TALK_MS = 1_767_225_600_000
"""1 January 2026, when the talk begins."""
_PINNED_MS = TALK_MS + 30 * 86_400_000
_FAR_MS = 4_070_908_800_000
"""Polls that are open stay so until 2099."""
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_REPLY, _PIN_NOTICE, _CREATED, _STARTER, _POLL_RESULT = 19, 6, 18, 21, 46
_VOICE, _SNAPSHOT = 1 << 13, 1 << 14
_CATEGORY, _FORUMS = 4, (15, 16)


class Entry(msgspec.Struct):
    """A message that has an id and is not written yet."""

    container_id: int
    message_id: int
    wish: Json


class Draft:
    """The community while it is being written."""

    def __init__(self, seed: int) -> None:
        self.cast: Cast = gather(seed)
        self.entries: list[Entry] = []
        self.places: dict[str, Place] = {}
        self.threads: dict[int, Thread] = {}
        self.thread_ids: dict[str, int] = {}
        self.notices: list[tuple[int, Message]] = []
        self._lane = 0
        self._last_ms: dict[int, int] = {}

    def lay_out(self) -> None:
        """Give every message of every channel and thread its id."""
        talk = script("talk")
        for number, place in enumerate(talk["place"]):
            channel = self.cast.channels[place["channel"]]
            self._number(channel.id, place["messages"], TALK_MS + number * _HOUR_MS)
        for number, wish in enumerate(talk["thread"]):
            self._open(wish, TALK_MS + (number + 24) * _HOUR_MS)

    def _number(self, container_id: int, wishes: list[Json], at_ms: int, first_id: int = 0) -> None:
        """Give ids to messages of one place, minutes apart; the first may have one already."""
        self._lane += 16
        for wish in wishes:
            at_ms += int(wish.get("gap", 3) * _MINUTE_MS)
            message_id, first_id = first_id or snowflake(at_ms, self._lane), 0
            self.entries.append(Entry(container_id, message_id, wish))
            if "id" in wish:
                names = tuple(str(file["name"]) for file in files_of(wish))
                self.places[wish["id"]] = Place(container_id, message_id, names)
        self._last_ms[container_id] = at_ms

    def _open(self, wish: Json, at_ms: int) -> None:
        parent = self.cast.channels[wish["channel"]]
        self._lane += 16
        thread_id = snowflake(at_ms, self._lane)
        if "on" in wish:
            thread_id = self.places[wish["on"]].message_id
            at_ms = birth_ms(thread_id)
        is_post = parent.type in _FORUMS
        is_headed = is_post and not wish.get("beginning_deleted")
        self._number(thread_id, wish["messages"], at_ms, first_id=thread_id if is_headed else 0)
        owner = self.cast.people[wish["messages"][0]["by"] if wish["messages"] else "oda"].id
        tag_ids = {tag.name: tag.id for tag in parent.tags}
        is_archived = wish.get("archived", False)
        self.thread_ids[wish["key"]] = thread_id
        self.threads[thread_id] = Thread(
            id=thread_id,
            parent_id=parent.id,
            owner_id=owner,
            name=wish["name"],
            type=12 if wish.get("private") else 10 if parent.type == 5 else 11,
            is_archived=is_archived,
            is_locked=wish.get("locked", False),
            is_pinned=wish.get("pinned", False),
            archive_ms=self._last_ms[thread_id] + 86_400_000 if is_archived else at_ms,
            tags=tuple(tag_ids[name] for name in wish.get("tags", ())),
            members=(owner,),
        )
        if wish.get("announced"):
            notice = Message(id=snowflake(at_ms, self._lane + 8), author=owner, type=_CREATED, content=wish["name"])
            notice.reference_channel = thread_id
            self.notices.append((parent.id, notice))
        if not is_post and ("on" in wish or wish.get("beginning_deleted")):
            starter = Message(id=snowflake(at_ms + 1000, self._lane + 8), author=owner, type=_STARTER)
            starter.reply_to, starter.reference_channel = thread_id, parent.id
            self.notices.append((thread_id, starter))


class Scribe:
    """Writes the messages of a draft, each once everything it points at has an id."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._cast = draft.cast
        self._phrases = Phrases(draft.cast, draft.thread_ids, draft.places)
        self._people = [
            each.id for each in draft.cast.people.values() if not each.is_bot and each.username != "bobby_tables"
        ]
        self._labelled: dict[str, Message] = {}
        self.messages: dict[int, list[Message]] = {}

    def write(self) -> dict[int, list[Message]]:
        """Return the messages by channel or thread, oldest first."""
        channels = [each.id for each in self._cast.channels.values() if each.type != _CATEGORY]
        self.messages = {container_id: [] for container_id in (*channels, *self._draft.threads)}
        for entry in self._draft.entries:
            message = self._message(entry)
            self.messages[entry.container_id].append(message)
            if "id" in entry.wish:
                self._labelled[entry.wish["id"]] = message
        for entry in self._draft.entries:
            self._point(entry)
        for container_id, notice in self._draft.notices:
            self.messages[container_id].append(notice)
        for wish in script("talk")["thread"]:
            if "on" in wish:
                self._labelled[wish["on"]].thread_id = self._draft.thread_ids[wish["key"]]
        for found in self.messages.values():
            found.sort(key=attrgetter("id"))
        return self.messages

    def _message(self, entry: Entry) -> Message:
        wish, message_id = entry.wish, entry.message_id
        at_ms = birth_ms(message_id)
        author = self._cast.people[wish["by"]].id
        message = Message(id=message_id, author=author, type=wish.get("type", 0), flags=wish.get("flags", 0))
        message.content = long_text(wish["long"]) if "long" in wish else self._phrases.filled(wish.get("text", ""))
        message.attachments = tuple(attached(message_id + n + 1, file) for n, file in enumerate(files_of(wish)))
        message.embeds = tuple(self._phrases.filled(embeds_of(wish)))
        message.components = tuple(wish.get("components", ()))
        message.stickers = tuple(self._cast.stickers[name].id for name in wish.get("stickers", ()))
        message.reactions = tuple(
            Reaction(self._emoji(name), tuple(self._people[:count])) for name, count in wish.get("react", {}).items()
        )
        if "edited" in wish:
            message.edited_ms = at_ms + wish["edited"] * _MINUTE_MS
        if "poll" in wish:
            message.poll = self._poll(wish["poll"], at_ms)
        if "command" in wish:
            name, giver = wish["command"]
            message.command = (name, self._cast.people[giver].id)
        if "voice" in wish:
            message.flags |= _VOICE
            message.attachments = (_voice(message_id + 1, wish["voice"]),)
        return message

    def _point(self, entry: Entry) -> None:
        """Let a message answer, forward, close a poll or be pinned, now that all of them are written."""
        wish = entry.wish
        message = next(each for each in self.messages[entry.container_id] if each.id == entry.message_id)
        if wish.get("reply_gone"):
            message.type, message.reply_to = _REPLY, message.id - (1 << 30)
        if "reply" in wish:
            place = self._draft.places[wish["reply"]]
            message.type, message.reply_to = message.type or _REPLY, place.message_id
            message.reference_channel = 0 if place.container_id == entry.container_id else place.container_id
        if "forward" in wish:
            message.flags |= _SNAPSHOT
            message.reference_channel = self._draft.places[wish["forward"]].container_id
            message.forwarded = self._labelled[wish["forward"]]
        if "result_of" in wish:
            asked = self._labelled[wish["result_of"]]
            assert asked.poll is not None
            message.type, message.reply_to, message.embeds = _POLL_RESULT, asked.id, (poll_result(asked.poll),)
        if "pin" in wish:
            message.pinned_ms = _PINNED_MS + wish["pin"] * _MINUTE_MS
            notice_id = snowflake(message.pinned_ms, message.id & 0x3FFFF0)
            notice = Message(id=notice_id, author=self._cast.people["oda"].id, type=_PIN_NOTICE, reply_to=message.id)
            self.messages[entry.container_id].append(notice)

    def _emoji(self, name: str) -> Emoji | str:
        if name in self._cast.emojis:
            return self._cast.emojis[name]
        foreign, _, identifier = name.rpartition(":")
        if identifier.isdecimal() and foreign:
            return Emoji(int(identifier), foreign.removeprefix("a:"), is_animated=foreign.startswith("a:"))
        return name

    def _poll(self, wish: Json, at_ms: int) -> Poll:
        answers = tuple(_answer(text) for text in wish["answers"])
        voters = tuple(tuple(self._people[:count]) for count in wish["votes"])
        expires_ms = at_ms + 24 * _HOUR_MS if wish["over"] else _FAR_MS
        return Poll(wish["question"], answers, voters, expires_ms, wish.get("multi", False), is_over=wish["over"])


def draw_everything(seed: int) -> Community:
    """Return the community that holds one of everything; `seed` decides the guild's id, pictures and the token."""
    draft = Draft(seed)
    draft.lay_out()
    messages = Scribe(draft).write()
    cast = draft.cast
    return Community(
        seed=seed,
        id=cast.guild_id,
        name="The Village of Everything",
        description="One of each, and two of some.",
        icon=digest(seed, "icon", "village"),
        banner=digest(seed, "banner", "village"),
        owner_id=cast.people["oda"].id,
        bot=cast.bot,
        application_id=cast.bot.id,
        people={person.id: person for person in (*cast.people.values(), cast.bot)},
        roles=list(cast.roles.values()),
        emojis=list(cast.emojis.values()),
        stickers=list(cast.stickers.values()),
        channels={channel.id: channel for channel in cast.channels.values()},
        threads=draft.threads,
        messages=messages,
        gone_assets=cast.gone_assets,
    )


def files_of(wish: Json) -> list[Json]:
    """Return the files that a message is to have."""
    if "many_files" in wish:
        return [{"name": f"page-{number:02d}.txt", "size": 400 + number} for number in range(1, wish["many_files"] + 1)]
    return wish.get("files", [])


def embeds_of(wish: Json) -> list[Json]:
    """Return the embeds that a message is to have."""
    if "many_embeds" in wish:
        count: int = wish["many_embeds"]
        return [
            {"type": "rich", "title": f"Sheet {n} of {count}", "description": "x" * 200} for n in range(1, count + 1)
        ]
    return wish.get("embeds", [])


def attached(identifier: int, wish: Json) -> Attachment:
    """Return a file."""
    content_type = content_type_of(str(wish["name"]))
    is_picture = content_type.startswith(("image/", "video/"))
    return Attachment(
        identifier,
        wish["name"],
        wish["size"],
        content_type,
        64 if is_picture else None,
        48 if is_picture else None,
        wish.get("description"),
        trouble=wish.get("trouble", ""),
    )


def _voice(identifier: int, seconds: float) -> Attachment:
    waveform = base64.b64encode(bytes((position * 37) % 256 for position in range(int(seconds * 10)))).decode()
    size = int(seconds * 4000)
    return Attachment(identifier, "voice-message.ogg", size, "audio/ogg", duration=seconds, waveform=waveform)


def _answer(text: str) -> tuple[str, str | None]:
    glyph, _, rest = text.partition(" ")
    return (rest, glyph) if rest and not glyph.isascii() else (text, None)
