"""What the service writes to stderr: JSON lines in production, readable lines in development."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import msgspec
import structlog

from reaper_tui.logbook import redact

# What is told of every connection stands in lines of our own, without queries.
QUIET = ("uvicorn.error", "uvicorn.access", "websockets", "websockets.server", "discord")


def open_logs(environment: Literal["development", "production"], level: str) -> None:
    """Send logging of the process to stderr as well as to where it goes already."""
    processors: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_secrets,
    ]
    last: list[Any]
    if environment == "production":
        last = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(serializer=_dump)]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    handler.setLevel(level.upper())
    root.addHandler(handler)
    root.setLevel(min(root.level or logging.INFO, logging.getLevelNamesMapping()[level.upper()]))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_secrets(logger: Any, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    del logger, name
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = redact(value)
    return line


def _dump(line: Any, **_: Any) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
