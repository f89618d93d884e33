"""Stored messages after events that tell only a part."""

from __future__ import annotations

import json
from typing import Any

from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.reader.merging import merged, shows_the_same, with_pin

STORED = {
    "id": "1",
    "channel_id": "7",
    "content": "before",
    "reactions": [{"emoji": {"id": None, "name": "👍"}, "count": 2, "me": False}],
}


def after(kind: LiveKind, said: dict[str, Any], name: str = "", stored: dict[str, Any] = STORED) -> dict[str, Any]:
    event = LiveEvent(kind, 0.0, 7, (1,), json.dumps(said).encode(), name)
    return json.loads(merged(json.dumps(stored).encode(), event))


def reacted(name: str, emoji: dict[str, Any] | None = None) -> list[tuple[str, int]]:
    found = after(LiveKind.REACTION, {"emoji": emoji or {"id": None, "name": "👍"}}, f"MESSAGE_REACTION_{name}")
    return [(row["emoji"]["name"], row["count"]) for row in found["reactions"]]


def test_a_partial_edit_keeps_what_it_does_not_name() -> None:
    found = after(LiveKind.EDIT, {"id": "1", "channel_id": "7", "embeds": [{"title": "preview"}]})
    assert found["content"] == "before"
    assert found["reactions"] == STORED["reactions"]
    assert found["embeds"] == [{"title": "preview"}]


def test_reactions_are_counted() -> None:
    custom = {"id": "55", "name": "cat"}
    assert reacted("ADD") == [("👍", 3)]
    assert reacted("ADD", custom) == [("👍", 2), ("cat", 1)]
    assert reacted("REMOVE") == [("👍", 1)]
    assert reacted("REMOVE", custom) == [("👍", 2)]
    assert reacted("REMOVE_EMOJI") == []
    assert reacted("REMOVE_ALL") == []


def test_the_last_reaction_taken_back_leaves_none() -> None:
    one = {**STORED, "reactions": [{"emoji": {"id": "55", "name": "cat"}, "count": 1}]}
    said = {"emoji": {"id": "55", "name": None}}
    assert after(LiveKind.REACTION, said, "MESSAGE_REACTION_REMOVE", one)["reactions"] == []


def test_links_signed_anew_are_nothing_new() -> None:
    one = {"content": "a", "attachments": [{"id": "3", "url": "https://cdn/x?ex=1"}]}
    other = {"content": "a", "attachments": [{"id": "3", "url": "https://cdn/x?ex=2"}], "member": {"nick": "n"}}
    assert shows_the_same(json.dumps(one).encode(), json.dumps(other).encode())
    assert not shows_the_same(json.dumps(one).encode(), json.dumps({**one, "content": "b"}).encode())


def test_a_pin_is_set_and_taken_back() -> None:
    pinned = with_pin(json.dumps(STORED).encode(), is_pinned=True)
    assert json.loads(pinned)["pinned"] is True
    assert json.loads(with_pin(pinned, is_pinned=False))["pinned"] is False
