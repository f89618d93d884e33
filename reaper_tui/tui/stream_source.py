"""Where the stream's messages come from: anything that can be read by windows, forwards and backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reaper_tui.backend import Mirrored
from reaper_tui.model.text import SafeText

Place = tuple[float, int]
END: Place = (1e18, 1 << 62)
BEGINNING: Place = (0.0, 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What passes the filter: parts of a channel's and an author's name and of the text, any case."""

    channel: str = ""
    author: str = ""
    text: str = ""

    @property
    def is_everything(self) -> bool:
        """Return whether all messages pass."""
        return not (self.channel or self.author or self.text)

    def passes(self, item: Mirrored) -> bool:
        """Return whether a message passes; what the stream says of itself always does."""
        return item.mark == "notice" or (
            self.channel in item.channel.casefold()
            and self.author in item.author.casefold()
            and self.text in item.text.casefold()
        )


class StreamSource(Protocol):
    """A stream in one order; a place is (time, message id)."""

    async def older(self, place: Place, limit: int) -> tuple[Mirrored, ...]:
        """Return messages before a place, oldest first; fewer than the limit means the first was reached."""
        ...

    async def newer(self, place: Place, limit: int) -> tuple[Mirrored, ...]:
        """Return messages behind a place, oldest first."""
        ...

    async def details(self, item: Mirrored) -> tuple[tuple[SafeText, SafeText], ...]:
        """Return everything known of a message as (word, value)."""
        ...


def parse_filter(text: str) -> Wanted:
    """Return what a user wrote: “#channel @author words”."""
    channel = author = ""
    words: list[str] = []
    for word in text.casefold().split():
        if word.startswith("#") and len(word) > 1:
            channel = word[1:]
        elif word.startswith("@") and len(word) > 1:
            author = word[1:]
        else:
            words.append(word)
    return Wanted(channel, author, " ".join(words))
