"""Which captured messages were read anew in this run, so that nobody goes on with what they said before."""

from __future__ import annotations

from collections.abc import Iterable


class Renewals:
    """Shared by those who read messages anew and those who send them."""

    def __init__(self) -> None:
        self._messages: set[int] = set()

    def add(self, message_ids: Iterable[int]) -> None:
        """Note that the journal says something new about messages."""
        self._messages.update(message_ids)

    def take(self, message_id: int) -> bool:
        """Return, once, whether a message has to be read from the journal again."""
        if message_id not in self._messages:
            return False
        self._messages.discard(message_id)
        return True
