"""Request bodies: JSON as the server reads it."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec


def decoded(raw: bytes) -> Any:
    """The JSON value, lone surrogates replaced; ValueError if it is none."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = json.dumps(json.loads(raw), ensure_ascii=False)
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def without_empty_values(value: Any, is_root: bool = True) -> Any:
    """The value as ordinary routes see it: "" and empty nested objects are null."""
    if isinstance(value, str) and not value:
        return None
    if isinstance(value, list):
        return [without_empty_values(item, False) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        processed = {key: without_empty_values(item, False) for key, item in items.items()}
        return processed if is_root or any(item is not None for item in processed.values()) else None
    return value


def object_of(raw: bytes) -> dict[str, Any]:
    """The body of an ordinary route; whatever is no JSON object counts as an empty one."""
    value = list_or_object_of(raw)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_or_object_of(raw: bytes) -> Any:
    """The body of an ordinary route; what is no JSON counts as an empty object."""
    try:
        return without_empty_values(decoded(raw)) if raw.strip() else {}
    except ValueError:
        return {}
