"""Shuffled conversations."""

import random

from reaper_tui.sandbox.community.script import Conversation, conversations


class Deck:
    """Conversations of a theme, each dealt once before any comes again; `fillers` join in from the second time on."""

    def __init__(self, rng: random.Random, theme: str, *fillers: "Deck") -> None:
        self._rng = rng
        self._all = conversations(theme)
        self._fillers = fillers
        self._left: list[Conversation] = []
        self._rounds = 0

    def deal(self) -> Conversation:
        """Return the next conversation."""
        if self._rounds and self._fillers and self._rng.random() < 0.6:
            return self._rng.choice(self._fillers).deal()
        if not self._left:
            self._left = list(self._all)
            self._rng.shuffle(self._left)
        found = self._left.pop()
        self._rounds += not self._left
        return found
