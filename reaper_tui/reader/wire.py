"""JSON that others wrote: tolerant reading, and writing that keeps what cannot be said in UTF-8 from failing."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import msgspec


def encoded(value: object) -> bytes:
    """Return JSON for a decoded value; lone surrogates become question marks."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def decoded(payload: bytes) -> Any:
    """Return the value behind JSON, None when it is none."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def record(value: object) -> dict[str, Any]:
    """Return a JSON object, an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def records(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON array, none for anything else."""
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def text(value: object) -> str:
    """Return a JSON string that can be encoded, an empty one for anything else."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def whole(value: object) -> int:
    """Return a whole number, also from a string of digits; 0 for anything else."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 40:
        return int(value)
    return int(value) if isinstance(value, float) and math.isfinite(value) else 0


def fraction(value: object) -> float:
    """Return a finite number, 0.0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) else 0.0
