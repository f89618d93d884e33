"""Reading the log file: its newest lines, and those to come."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from reaper_tui.model.text import sanitise, sanitise_line

POLL_SECONDS = 0.3


def newest_lines(path: Path, count: int) -> list[str]:
    """Return the newest lines of a log, oldest first; what was rotated away counts as older."""
    lines: deque[str] = deque(maxlen=count)
    for part in (path.with_name(f"{path.name}.1"), path):
        try:
            with part.open(encoding="utf-8", errors="replace") as file:
                lines.extend(line.rstrip("\n") for line in file)
        except OSError:
            continue
    return list(lines)


def follow_log(path: Path, wait: Callable[[], object] = lambda: time.sleep(POLL_SECONDS)) -> Iterator[str]:
    """Yield lines as they are written, beginning with what comes after this call, through rotations."""
    position = path.stat().st_size if path.exists() else 0
    identity = _identity(path)
    rest = ""
    while True:
        now = _identity(path)
        if now != identity:
            identity, position, rest = now, 0, ""
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                file.seek(position)
                text = file.read()
                position = file.tell()
        except OSError:
            text = ""
        *whole, rest = (rest + text).split("\n")
        yield from whole
        if not text:
            wait()


def readable(line: str) -> str:
    """Return a line of the log for a person's terminal; what is no log line is shown as it is."""
    try:
        found: object = json.loads(line)
    except ValueError:
        return sanitise_line(line, 2000)
    if not isinstance(found, dict):
        return sanitise_line(line, 2000)
    row = cast("dict[str, Any]", found)
    head = f"{str(row.get('at', ''))[:19].replace('T', ' ')} {row.get('level', '')!s:8}"
    shown = f"{head}{row.get('from', '')}: {sanitise_line(str(row.get('text', '')), 2000)}"
    trace = row.get("trace")
    return f"{shown}\n{sanitise(str(trace))}" if trace else shown


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino
