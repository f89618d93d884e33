"""The log file: rotating JSON lines without secrets; nothing ever goes to the terminal."""

from __future__ import annotations

import json
import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 5_000_000
KEPT_FILES = 3
_SECRETS = (
    re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)(?:bot\s+)?[^\s'\",}]+"),
    re.compile(r"(\bBot\s+)[A-Za-z0-9._-]{16,}"),
    re.compile(r"(/webhooks/\d+/)[A-Za-z0-9_-]{16,}"),
    re.compile(r"([?&](?:ex|is|hm|token|signature|sig)=)[^&\s'\"]+"),
    re.compile(r"()\b[A-Za-z0-9_-]{17,28}\.[A-Za-z0-9_-]{5,8}\.[A-Za-z0-9_-]{25,}"),
    re.compile(r"()\b\d{15,20}\.[A-Za-z0-9_-]{40,}"),
)
_known: set[str] = set()
_open: list[Path] = []


def redact(text: str) -> str:
    """Return text with every token, webhook address and signed link blotted out."""
    for secret in _known:
        text = text.replace(secret, "•••")
    for pattern in _SECRETS:
        text = pattern.sub(r"\1•••", text)
    return text


def never_show(secret: str) -> None:
    """Blot out a secret wherever it would be logged."""
    if len(secret) >= 8:
        _known.add(secret)


def open_file() -> Path | None:
    """Return the file the log goes to."""
    return _open[0] if _open else None


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def open_logbook(path: Path) -> None:
    """Send all logging of the process to a file; without a writable place, nowhere."""
    _open[:] = [path]
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(_JsonLine())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # One line for each file fetched would push everything else out of the log.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.captureWarnings(True)
