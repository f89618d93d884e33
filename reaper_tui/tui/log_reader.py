"""The newest lines of the log file, read as they are written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reaper_tui.engine.events import Level, LogLine
from reaper_tui.model.text import sanitise_line

FIRST_BYTES = 512_000
LINE_LENGTH = 500
LEVELS = {
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warning": Level.WARNING,
    "error": Level.ERROR,
    "critical": Level.ERROR,
}


@dataclass(slots=True)
class LogReader:
    """Remembers how far it read; begins anew when the file was rotated."""

    path: Path
    _offset: int | None = None
    _number: int = 0
    _rest: bytes = b""

    def read(self) -> tuple[LogLine, ...]:
        """Return the whole lines that are new, at first the newest half megabyte; empty without a file."""
        try:
            size = self.path.stat().st_size
            if self._offset is None or size < self._offset:
                self._offset, self._rest = max(0, size - FIRST_BYTES), b""
            if size == self._offset:
                return ()
            is_middle = self._offset > 0 and not self._number
            with self.path.open("rb") as file:
                file.seek(self._offset)
                block = self._rest + file.read(FIRST_BYTES)
                self._offset = file.tell()
        except OSError:
            return ()
        *lines, self._rest = block.split(b"\n")
        return tuple(self._line(line) for line in lines[is_middle:] if line.strip())

    def _line(self, raw: bytes) -> LogLine:
        self._number += 1
        text = raw.decode("utf-8", "replace")
        try:
            entry: dict[str, Any] = json.loads(text)
            at = datetime.strptime(entry["at"], "%Y-%m-%dT%H:%M:%S%z").timestamp()
            level = LEVELS.get(str(entry.get("level")), Level.INFO)
            trace = str(entry.get("trace", "")).strip().rpartition("\n")[2]
            words = f"{entry.get('text', '')}" + (f" — {trace}" if trace else "")
        except (ValueError, KeyError, TypeError, AttributeError):
            return LogLine(self._number, 0.0, Level.INFO, sanitise_line(text, LINE_LENGTH))
        return LogLine(self._number, at, level, sanitise_line(words, LINE_LENGTH))
