"""Texts as the script has them, with ids and links in place of names; and texts too long to be written down."""

import hashlib
import re
from typing import Any
from urllib.parse import quote

import msgspec

from reaper_tui.sandbox.community.everything.cast import Cast

LONGEST = 4000
_SLOT = re.compile(r"\{(?P<kind>[@&#:]|jump:|cdn:|id:|guild)(?P<name>[^{} ]*)(?: (?P<host>[\w.]+))?\}")
_LINE = "The keeper counted the steps again: one hundred and eleven up, one hundred and twelve down.\n"


class Place(msgspec.Struct, frozen=True):
    """Where a message stands, and the names of its files."""

    container_id: int
    message_id: int
    filenames: tuple[str, ...] = ()


class Phrases:
    """Fills slots such as `{@oda}`, `{jump:root ptb.discord.com}` or `{cdn:photo/0}`."""

    def __init__(self, cast: Cast, thread_ids: dict[str, int], places: dict[str, Place]) -> None:
        self._cast = cast
        self._places = places
        self._ids = {key: channel.id for key, channel in cast.channels.items()} | thread_ids

    def filled(self, value: Any) -> Any:
        """Return a text, or a list or table of texts, without slots."""
        if isinstance(value, str):
            return _SLOT.sub(self._word, value)
        if isinstance(value, list):
            return [self.filled(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        return value

    def _word(self, slot: re.Match[str]) -> str:
        name, host = slot["name"], slot["host"]
        match slot["kind"]:
            case "@":
                return f"<@{self._cast.people[name].id}>"
            case "&":
                return f"<@&{self._cast.roles[name].id}>"
            case "#":
                return f"<#{self._ids[name]}>"
            case ":":
                return self._cast.emojis[name].markup
            case "jump:":
                place = self._places[name]
                path = f"{self._cast.guild_id}/{place.container_id}/{place.message_id}"
                return f"https://{host or 'discord.com'}/channels/{path}"
            case "cdn:":
                return self._address(name, host or "cdn.discordapp.com")
            case "id:":
                person = self._cast.people.get(name)
                return str(self._ids[name] if person is None else person.id)
            case _:
                return str(self._cast.guild_id)

    def _address(self, name: str, host: str) -> str:
        """Return the address of a file as somebody copied it long ago: its signature has run out."""
        label, _, number = name.partition("/")
        place = self._places[label]
        file_id = place.message_id + int(number) + 1
        mark = hashlib.sha256(str(file_id).encode()).hexdigest()
        path = f"attachments/{place.container_id}/{file_id}/{quote(place.filenames[int(number)])}"
        return f"https://{host}/{path}?ex=65a1b2c3&is=658f3dc3&hm={mark}&"


def long_text(kind: str) -> str:
    """Return a text of 4,000 characters with a fence that is never closed, with spoilers, or of emojis only."""
    if kind == "emoji":
        return "🍵" * (LONGEST // 2)
    if kind == "fence":
        head = "A log of the night, in a block that nobody closed:\n```text\n"
        return (head + _LINE * 60)[:LONGEST]
    half = _LINE * 22
    text = f"The ending: ||{half}|| and after it ||{_LINE * 17}|| — {_LINE}"
    return text[: LONGEST - 2] + "||"
