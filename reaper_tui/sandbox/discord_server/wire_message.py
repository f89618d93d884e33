"""Messages as Discord writes them."""

import re
from typing import Any
from urllib.parse import unquote

from reaper_tui.sandbox.community.nouns import Attachment, Message, Poll, Reaction
from reaper_tui.sandbox.community.snowflake import birth_ms, iso
from reaper_tui.sandbox.discord_server import wire_guild
from reaper_tui.sandbox.discord_server.signing import Signer
from reaper_tui.sandbox.discord_server.store import Store, find, position

Json = dict[str, Any]
_USER_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")
_REPLY, _PIN, _COMMANDS, _POLL_RESULT, _THREAD_CREATED, _THREAD_STARTER, _FOLLOW = 19, 6, (20, 23), 46, 18, 21, 12
_HAS_THREAD = 1 << 5
_CDN = "https://cdn.discordapp.com"
_FILE_HOSTS = (_CDN, "https://media.discordapp.net")
_OWN_FILE = re.compile(re.escape(_CDN) + r"/attachments/(\d+)/(\d+)/([^?]*)")


class MessageWriter:
    """Builds message objects with the links, people and permissions of one store."""

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    def message(
        self, found: Message, container_id: int, with_reference: bool = True, *, is_fresh: bool = False
    ) -> Json:
        """Return a message object as the bot may see it; one that is read alone has fresh addresses."""
        store = self._store
        community = store.community
        author = community.people[found.author]
        mentioned = self._mentioned(found, container_id)
        body: Json = {
            "id": str(found.id),
            "channel_id": str(container_id),
            "type": found.type,
            "content": self._local(found.content),
            "author": wire_guild.user(author),
            "timestamp": iso(birth_ms(found.id)),
            "edited_timestamp": iso(found.edited_ms) if found.edited_ms else None,
            "tts": False,
            "mention_everyone": "@everyone" in found.content or "@here" in found.content,
            "mentions": [wire_guild.user(person) for person in store.people(mentioned)],
            "mention_roles": _ROLE_MENTION.findall(found.content),
            "attachments": [self.attachment(file, container_id, is_fresh=is_fresh) for file in found.attachments],
            "embeds": self._signed(found.embeds),
            "pinned": found.pinned_ms > 0,
            "flags": found.flags | (_HAS_THREAD if found.thread_id else 0),
            "components": list(found.components),
        }
        if author.is_webhook:
            body["webhook_id"] = str(author.id)
        if found.reactions:
            body["reactions"] = [reaction(each, community.bot.id) for each in found.reactions]
        if found.stickers:
            body["sticker_items"] = self._sticker_items(found.stickers)
        if found.poll:
            body["poll"] = poll(found.poll, community.bot.id)
        if found.command:
            self._add_command(body, found)
        thread = community.threads.get(found.thread_id)
        if thread:
            body["thread"] = wire_guild.thread(thread, store)
        if container_id in community.threads:
            body["position"] = position(community.messages[container_id], found.id)
        self._add_reference(body, found, container_id, with_reference)
        if not store.may_read_content and found.author != community.bot.id and community.bot.id not in mentioned:
            body |= {"content": "", "embeds": [], "attachments": [], "components": []}
            body.pop("poll", None)
        return body

    def _signed(self, value: Any) -> Any:
        """Return embeds with the addresses of our own pictures signed anew, as Discord does whenever they are read."""
        if isinstance(value, str):
            found = _OWN_FILE.match(value)
            if found is not None and self._store.attachment(int(found[1]), int(found[2])) is not None:
                return self._signer.address(int(found[1]), int(found[2]), unquote(found[3]))
            return self._local(value)
        if isinstance(value, list | tuple):
            return [self._signed(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, dict):
            return {key: self._signed(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        return value

    def _local(self, value: str) -> str:
        """Return a text in which Discord's file servers are this one, for nothing here may point outside."""
        if "discordapp.net" not in value and "cdn.discordapp" not in value:
            return value
        for host in _FILE_HOSTS:
            value = value.replace(f"{host}/", f"{self._signer.base}/")
        return value

    def signed_address(self, container_id: int, attachment_id: int, filename: str) -> str:
        """Return a fresh address, whether or not anything is there."""
        return self._signer.address(container_id, attachment_id, filename)

    def attachment(self, file: Attachment, container_id: int, *, is_fresh: bool = False) -> Json:
        """Return an attachment object with signed addresses."""
        is_expired = file.trouble == "expired" and not is_fresh
        address = self._signer.address(container_id, file.id, file.filename, is_expired=is_expired)
        body: Json = {
            "id": str(file.id),
            "filename": file.filename,
            "size": file.size,
            "url": address,
            "proxy_url": address,
            "content_type": file.content_type,
            "content_scan_version": 2,
        }
        if file.width:
            body |= {"width": file.width, "height": file.height, "placeholder_version": 1}
        if file.description:
            body["description"] = file.description
        if file.duration:
            body |= {"duration_secs": file.duration, "waveform": file.waveform}
        if file.filename.startswith("SPOILER_"):
            body["flags"] = 1 << 3
        return body

    def _sticker_items(self, identifiers: tuple[int, ...]) -> list[Json]:
        known = {sticker.id: sticker for sticker in self._store.community.stickers}
        return [
            {"id": str(sticker.id), "name": sticker.name, "format_type": sticker.format_type}
            for sticker in (known[identifier] for identifier in identifiers)
        ]

    def _mentioned(self, found: Message, container_id: int) -> list[int]:
        people = self._store.community.people
        mentioned = [int(each) for each in _USER_MENTION.findall(found.content)] if "<@" in found.content else []
        if found.type == _REPLY and found.id >> 22 & 3:
            answered = find(self._store.community.messages.get(container_id, []), found.reply_to)
            if answered:
                mentioned.append(answered.author)
        return [identifier for identifier in dict.fromkeys(mentioned) if identifier in people]

    def _add_command(self, body: Json, found: Message) -> None:
        assert found.command
        name, giver = found.command
        person = wire_guild.user(self._store.community.people[giver])
        kind = 2 if found.type == 20 else 3
        body["application_id"] = str(found.author)
        body["interaction"] = {"id": str(found.id - 1), "type": 2, "name": name, "user": person}
        body["interaction_metadata"] = {
            "id": str(found.id - 1),
            "type": 2,
            "user": person,
            "authorizing_integration_owners": {"0": str(self._store.community.id)},
            "name": name,
            "command_type": 1 if kind == 2 else 3,
        }
        if found.type == 23:
            body["interaction_metadata"]["target_message_id"] = str(found.reply_to)

    def _add_reference(self, body: Json, found: Message, container_id: int, with_reference: bool) -> None:
        community = self._store.community
        reference: Json = {"type": 0, "channel_id": str(container_id), "guild_id": str(community.id)}
        if found.forwarded:
            reference |= {"type": 1, "channel_id": str(found.reference_channel), "message_id": str(found.forwarded.id)}
            body["message_snapshots"] = [{"message": self._snapshot(found.forwarded, found.reference_channel)}]
        elif found.type in (_THREAD_CREATED, _FOLLOW):
            reference["channel_id"] = str(found.reference_channel or container_id)
        elif found.reply_to and found.type in (_REPLY, _PIN, _POLL_RESULT, _THREAD_STARTER, *_COMMANDS[1:]):
            origin = found.reference_channel or container_id
            reference |= {"channel_id": str(origin), "message_id": str(found.reply_to)}
            if found.type != _PIN and with_reference:
                answered = find(community.messages.get(origin, []), found.reply_to)
                body["referenced_message"] = self.message(answered, origin, False) if answered else None
        else:
            return
        body["message_reference"] = reference

    def _snapshot(self, found: Message, container_id: int) -> Json:
        body: Json = {
            "type": found.type,
            "content": self._local(found.content),
            "embeds": self._signed(found.embeds),
            "attachments": [self.attachment(file, container_id) for file in found.attachments],
            "timestamp": iso(birth_ms(found.id)),
            "edited_timestamp": iso(found.edited_ms) if found.edited_ms else None,
            "flags": found.flags,
            "components": [],
            "mentions": [
                wire_guild.user(person) for person in self._store.people(self._mentioned(found, container_id))
            ],
            "mention_roles": _ROLE_MENTION.findall(found.content),
        }
        if found.stickers:
            body["sticker_items"] = self._sticker_items(found.stickers)
        return body

    def live(self, found: Message, container_id: int) -> Json:
        """Return a message object as the gateway sends it, with guild and member."""
        community = self._store.community
        body = self.message(found, container_id) | {"guild_id": str(community.id)}
        author = community.people[found.author]
        if not author.is_webhook and not author.has_left:
            body["member"] = wire_guild.member(author)
        place = community.threads.get(container_id) or community.channels[container_id]
        body["channel_type"] = place.type
        return body


def emoji_key(found: Reaction) -> Json:
    """Return the emoji of a reaction."""
    if isinstance(found.emoji, str):
        return {"id": None, "name": found.emoji}
    return {"id": str(found.emoji.id), "name": found.emoji.name} | (
        {"animated": True} if found.emoji.is_animated else {}
    )


def reaction(found: Reaction, bot_id: int) -> Json:
    """Return a reaction object."""
    count = len(found.people)
    return {
        "emoji": emoji_key(found),
        "count": count,
        "count_details": {"burst": 0, "normal": count},
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "me": bot_id in found.people,
        "burst_count": 0,
    }


def poll(found: Poll, bot_id: int) -> Json:
    """Return a poll object."""
    answers: list[Json] = []
    for number, (text, glyph) in enumerate(found.answers, start=1):
        media: Json = {"text": text} | ({"emoji": {"id": None, "name": glyph}} if glyph else {})
        answers.append({"answer_id": number, "poll_media": media})
    return {
        "question": {"text": found.question},
        "answers": answers,
        "expiry": iso(found.expires_ms),
        "allow_multiselect": found.allows_many,
        "layout_type": 1,
        "results": {
            "is_finalized": found.is_over,
            "answer_counts": [
                {"id": number, "count": len(voters), "me_voted": bot_id in voters}
                for number, voters in enumerate(found.voters, start=1)
                if voters
            ],
        },
    }
