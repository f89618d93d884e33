"""Whom a message names, with everything they are called there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.wire import decoded, record, records, text


def people_in(payload: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Return the people a stored message names: its author, those mentioned, answered, or asking, with their names."""
    raw = record(decoded(payload))
    for message in (raw, record(raw.get("referenced_message"))):
        if message.get("webhook_id") is None:
            yield from _named(record(message.get("author")), record(message.get("member")))
        for user in records(message.get("mentions")):
            yield from _named(user, record(user.get("member")))
        asked = record(message.get("interaction")) or record(message.get("interaction_metadata"))
        yield from _named(record(asked.get("user")), record(asked.get("member")))


def _named(user: Mapping[str, Any], member: Mapping[str, Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    person_id = optional_snowflake(user.get("id"))
    if person_id is not None and user.get("bot") is not True:
        names = (member.get("nick"), user.get("global_name"), user.get("username"))
        yield person_id, tuple(filter(None, map(text, names)))
