"""What the engine tells whoever watches: facts for a log, never needed to rebuild a screen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from reaper_tui.model.text import SafeText, sanitise_line

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_LINES = 5000
LINE_LENGTH = 500


class Level(IntEnum):
    """How much a line matters."""

    DEBUG = 10
    INFO = 20
    SUCCESS = 25
    WARNING = 30
    ERROR = 40


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log; `number` grows by one, `at` is seconds since 1970, `channel_id` the source channel."""

    number: int
    at: float
    level: Level
    text: SafeText
    channel_id: int | None = None


class EventLog:
    """Keeps the newest lines and hands each to its listeners."""

    def __init__(self, now: Callable[[], float], capacity: int = LOG_LINES) -> None:
        self._now = now
        self._lines: deque[LogLine] = deque(maxlen=capacity)
        self._listeners: list[Callable[[LogLine], None]] = []
        self._count = 0

    def write(self, level: Level, text: str, channel_id: int | None = None) -> None:
        """Add a line; the text is sanitised here."""
        self._count += 1
        line = LogLine(self._count, self._now(), level, sanitise_line(text, LINE_LENGTH), channel_id)
        self._lines.append(line)
        for listener in self._listeners:
            listener(line)

    def listen(self, listener: Callable[[LogLine], None]) -> Callable[[], None]:
        """Call a function with every new line; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, number: int) -> tuple[LogLine, ...]:
        """Return the kept lines newer than a number, oldest first."""
        if not self._lines or self._lines[-1].number <= number:
            return ()
        newer: list[LogLine] = []
        for line in reversed(self._lines):
            if line.number <= number:
                break
            newer.append(line)
        return tuple(reversed(newer))
