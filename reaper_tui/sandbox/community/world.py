"""What all conversations of one community share: who there is, which words mean which ids."""

import random
from bisect import bisect_right
from itertools import accumulate

from reaper_tui.sandbox.community.deck import Deck
from reaper_tui.sandbox.community.nouns import Channel, Emoji, Message, Person, Role, Sticker

_ROLE_WORDS = {"testers": "tester", "artists": "artist", "mods": "mod", "tinkerers": "coder"}


class Cast:
    """People who may speak one language, drawn by how much they talk, once they have joined."""

    def __init__(self, people: list[Person]) -> None:
        arrived = sorted(people, key=lambda person: (person.joined_ms, person.id))
        self._ids = [person.id for person in arrived]
        self._joined = [person.joined_ms for person in arrived]
        self._weights = list(accumulate(person.talkativeness for person in arrived))

    def draw(self, rng: random.Random, taken: set[int], at_ms: int) -> int:
        """Return somebody who is there at `at_ms`, if possible somebody not in `taken`."""
        present = self._present(at_ms)
        ids, weights = self._ids[:present], self._weights[:present]
        for _ in range(12):
            found = rng.choices(ids, cum_weights=weights)[0]
            if found not in taken:
                return found
        free = [identifier for identifier in ids if identifier not in taken]
        return rng.choice(free or ids)

    def crowd(self, rng: random.Random, size: int, at_ms: int) -> tuple[int, ...]:
        """Return up to `size` different people who are there at `at_ms`."""
        present = self._present(at_ms)
        return tuple(rng.sample(self._ids[:present], min(size, present)))

    def _present(self, at_ms: int) -> int:
        return max(1, bisect_right(self._joined, at_ms))


class World:
    """The community while its conversations are being written."""

    def __init__(
        self,
        seed: int,
        guild_id: int,
        people: dict[int, Person],
        roles: dict[str, Role],
        emojis: list[Emoji],
        stickers: list[Sticker],
        channels: dict[int, Channel],
        closes_ms: int,
    ) -> None:
        self.seed = seed
        self.guild_id = guild_id
        self.people = people
        self.roles = roles
        self.emojis = emojis
        self.emoji_by_name = {emoji.name: emoji for emoji in emojis}
        self.stickers = stickers
        self.sticker_by_name = {sticker.name: sticker for sticker in stickers}
        self.closes_ms = closes_ms
        self.channel_by_theme: dict[str, int] = {}
        for channel in channels.values():
            if channel.theme:
                self.channel_by_theme.setdefault(channel.theme, channel.id)
        humans = [person for person in people.values() if not person.is_bot]
        self.everyone = Cast(humans)
        self._casts = {
            language: Cast([person for person in humans if language in person.languages])
            for language in {language for person in humans for language in person.languages}
        }
        self._named = {person.username: person.id for person in people.values() if person.is_bot}
        self._named |= {"Keeper": humans[0].id, "Mate": humans[1].id, "Mod": humans[2].id}
        self.smalltalk = Deck(random.Random(f"smalltalk/{seed}"), "smalltalk")
        self.thread_talk = Deck(random.Random(f"threads/{seed}"), "threads")
        self.thread_tails = Deck(random.Random(f"tails/{seed}"), "thread_tails", self.smalltalk)
        self.quotable: list[tuple[int, Message]] = []
        """Messages of open channels that a link or a forward may point at, with their channel."""

    def cast_of(self, language: str) -> Cast:
        """Return who may speak `language`."""
        return self._casts.get(language, self.everyone)

    def named(self, speaker: str) -> int | None:
        """Return who always plays `speaker`, or None for a part that anybody may play."""
        return self._named.get(speaker)

    def role_id(self, word: str) -> int:
        """Return the role a script means by `word`."""
        return self.roles[_ROLE_WORDS[word]].id
