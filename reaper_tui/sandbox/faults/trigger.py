"""When a fault strikes: counted, or by chance that follows from the seed."""

import random
from collections.abc import Callable
from fnmatch import fnmatchcase
from hashlib import sha256

import msgspec

from reaper_tui.sandbox.faults.wish import Wish


class Trigger:
    """Watches the requests that a fault can strike, and says which of them it does."""

    def __init__(self, wish: Wish, seed: int, clock: Callable[[], float]) -> None:
        self.asked = wish
        self.wish = wish.completed()
        self._seed = seed
        self._clock = clock
        self._chance = random.Random(f"{seed}/{wish.name}")
        self._patterns = (self.wish.only or "*").split("|")
        self._began: float | None = None
        self._keys: set[str] = set()
        self.seen = 0
        self.struck = 0
        self.holding = 0

    def strikes(self, label: str, key: str = "") -> bool:
        """Tell whether the fault strikes a request; one with a key is struck always or never."""
        wish = self.wish
        if not any(fnmatchcase(label, pattern) for pattern in self._patterns):
            return False
        self.seen += 1
        number = self.seen - (wish.after or 0)
        if number <= 0 or self._is_over():
            return False
        if key in self._keys:
            self.struck += 1
            return True
        if wish.count is not None and (len(self._keys) if key else self.struck) >= wish.count:
            return False
        if not self._falls(number, key):
            return False
        if key:
            self._keys.add(key)
        self.struck += 1
        return True

    def report(self) -> dict[str, object]:
        """Return what was asked for and what came of it."""
        asked = msgspec.to_builtins(self.wish)
        return {**asked, "seen": self.seen, "struck": self.struck, "holding": self.holding}

    def _falls(self, number: int, key: str) -> bool:
        wish = self.wish
        if wish.probability is not None:
            if key:
                mark = sha256(f"{self._seed}/{wish.name}/{key}".encode()).digest()
                return int.from_bytes(mark[:4], "big") < wish.probability * 2**32
            return self._chance.random() < wish.probability
        return number % (wish.every or 1) == 0

    def _is_over(self) -> bool:
        now = self._clock()
        if self._began is None:
            self._began = now
        return self.wish.seconds is not None and now - self._began >= self.wish.seconds
