"""People under other names: the same one for the same person wherever they are named, and nothing that leads back."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import msgspec

from reaper_tui.model.message import Author, Message, Poll, Quote, Snapshot
from reaper_tui.writer.alias_words import ADJECTIVES, ANIMALS, COMMON

SHORTEST_NAME = 3
_WORD = re.compile(r"\w+")
# What has a meaning of its own is not a name: mentions, emojis, timestamps, addresses.
_TOKEN = re.compile(r"<[@#:a/t][^<>\s]{0,120}>|https?://[^\s<>]+")
_GAP = re.compile(r"[^\w\n]{1,3}")
_DISCRIMINATOR = re.compile(r"#[0-9]{4}(?![0-9])")
_PICTURES_OF_PEOPLE = ("/avatars/", "/users/", "/embed/avatars/")


class _Name(NamedTuple):
    """The words of a name after its first, and whose it is."""

    rest: tuple[str, ...]
    key: str


class Aliases:
    """Knows people's names and gives each person one alias; whoever lacks the secret cannot tell who is who."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._by_first_word: dict[str, list[_Name]] = {}
        self._keys: dict[tuple[str, ...], str] = {}

    def learn(self, person_id: int, names: Iterable[str]) -> None:
        """Remember what a person is called; of two with one name the older account has it."""
        for name in names:
            words = _words(name)
            key = str(person_id)
            if not _is_telling(words):
                continue
            known = self._keys.get(words)
            if known is not None and int(known) <= person_id:
                continue
            self._keys[words] = key
            kept = [entry for entry in self._by_first_word.get(words[0], []) if entry.rest != words[1:]]
            kept.append(_Name(words[1:], key))
            self._by_first_word[words[0]] = sorted(kept, key=lambda entry: -len(entry.rest))

    def alias(self, key: str) -> str:
        """Return the alias for a person's id, or for what else tells somebody apart."""
        digest = hmac.digest(self._secret, key.encode("utf-8", "replace"), hashlib.sha256)
        adjective, animal = ADJECTIVES[digest[0] % len(ADJECTIVES)], ANIMALS[digest[1] % len(ANIMALS)]
        return f"{adjective} {animal} {int.from_bytes(digest[2:6]) % 100_000:05}"

    def alias_of_name(self, name: str) -> str:
        """Return the alias of whoever is called so; a name nobody is known by has one of its own."""
        words = _words(name)
        return self.alias(self._keys.get(words) or f"name:{' '.join(words) or name}")

    def replaced(self, text: str) -> str:
        """Return a text in which everybody known is called by their alias."""
        if not self._keys or not text:
            return text
        pieces: list[str] = []
        position = 0
        for match in _TOKEN.finditer(text):
            pieces += [self._replaced(text[position : match.start()]), match[0]]
            position = match.end()
        return "".join((*pieces, self._replaced(text[position:])))

    def anonymised(self, message: Message) -> Message:
        """Return a message that names nobody."""
        interaction = message.interaction
        command, by, person = interaction.rpartition(" by ")
        return msgspec.structs.replace(
            message,
            author=self._author(message.author),
            content=self.replaced(message.content),
            attachments=tuple(
                msgspec.structs.replace(file, description=self.replaced(file.description))
                for file in message.attachments
            ),
            embeds=tuple(self._embed(embed) for embed in message.embeds),
            snapshots=tuple(self._snapshot(snapshot) for snapshot in message.snapshots),
            quote=self._quote(message.quote),
            poll=self._poll(message.poll),
            component_text=tuple(map(self.replaced, message.component_text)),
            interaction=f"{command} by {self.alias_of_name(person)}" if by else interaction,
            mentions={person_id: self.alias(str(person_id)) for person_id in message.mentions},
            thread_name=self.replaced(message.thread_name),
        )

    def _replaced(self, text: str) -> str:
        words = list(_WORD.finditer(text))
        pieces: list[str] = []
        position = index = 0
        while index < len(words):
            found = self._person_at(text, words, index)
            if found is None:
                index += 1
                continue
            key, count = found
            end = words[index + count - 1].end()
            pieces += [text[position : words[index].start()], self.alias(key)]
            discriminator = _DISCRIMINATOR.match(text, end)
            position = discriminator.end() if discriminator else end
            index += count
        return "".join((*pieces, text[position:])) if pieces else text

    def _person_at(self, text: str, words: list[re.Match[str]], index: int) -> tuple[str, int] | None:
        for name in self._by_first_word.get(words[index][0].casefold(), ()):
            following = words[index + 1 : index + 1 + len(name.rest)]
            if tuple(word[0].casefold() for word in following) != name.rest:
                continue
            ends = [word.end() for word in words[index : index + len(name.rest)]]
            if all(_GAP.fullmatch(text[end : word.start()]) for end, word in zip(ends, following, strict=True)):
                return name.key, 1 + len(name.rest)
        return None

    def _author(self, author: Author) -> Author:
        is_app = author.is_bot and not author.is_webhook
        if is_app or author.is_deleted:
            return msgspec.structs.replace(author, avatar_url="")
        key = f"{author.id}:{author.name}" if author.is_webhook else str(author.id)
        return msgspec.structs.replace(author, name=self.alias(key), avatar_url="")

    def _quote(self, quote: Quote | None) -> Quote | None:
        if quote is None:
            return None
        return msgspec.structs.replace(
            quote, author_name=self.alias_of_name(quote.author_name), content=self.replaced(quote.content)
        )

    def _poll(self, poll: Poll | None) -> Poll | None:
        if poll is None:
            return None
        answers = tuple(msgspec.structs.replace(answer, text=self.replaced(answer.text)) for answer in poll.answers)
        return msgspec.structs.replace(poll, question=self.replaced(poll.question), answers=answers)

    def _snapshot(self, snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(
            snapshot,
            content=self.replaced(snapshot.content),
            embeds=tuple(self._embed(embed) for embed in snapshot.embeds),
        )

    def _embed(self, embed: Mapping[str, Any]) -> dict[str, Any]:
        changed = {key: self.replaced(value) if isinstance(value, str) else value for key, value in embed.items()}
        if isinstance(embed.get("url"), str):
            changed["url"] = embed["url"]
        author = _mapping(embed.get("author"))
        if isinstance(author.get("name"), str):
            changed["author"] = {"name": self.alias_of_name(author["name"])}
        footer = _mapping(embed.get("footer"))
        if isinstance(footer.get("text"), str):
            changed["footer"] = {"text": self.replaced(footer["text"])}
        for place in ("image", "thumbnail"):
            if _shows_somebody(_mapping(embed.get(place)).get("url")):
                del changed[place]
        if isinstance(fields := embed.get("fields"), list):
            changed["fields"] = [self._field(field) for field in cast("list[object]", fields)]
        return changed

    def _field(self, field: object) -> dict[str, Any]:
        return {
            key: self.replaced(value) if isinstance(value, str) else value for key, value in _mapping(field).items()
        }


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in _WORD.findall(name))


def _is_telling(words: tuple[str, ...]) -> bool:
    if len(words) == 1 and (words[0] in COMMON or words[0].isdecimal()):
        return False
    return sum(map(len, words)) >= SHORTEST_NAME


def _shows_somebody(url: object) -> bool:
    try:
        path = urlsplit(url).path if isinstance(url, str) else ""
    except ValueError:
        return False
    return any(place in path for place in _PICTURES_OF_PEOPLE)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
