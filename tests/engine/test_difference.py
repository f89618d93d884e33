"""An edit is what a reader would see, not what a server writes anew."""

from __future__ import annotations

import msgspec
import pytest

from reaper_tui.engine.difference import kinds_of_difference
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.model.message import Attachment, Author, Message, Reaction

MESSAGE = Message(
    id=1,
    channel_id=2,
    kind=0,
    author=Author(3, "Ada"),
    content="hello",
    attachments=(Attachment(4, "a.png", "https://cdn.example.invalid/a.png?ex=1", 10),),
    reactions=(Reaction("👍", 2), Reaction("ok", 1, 5)),
)
BOT = msgspec.structs.replace(MESSAGE, author=Author(3, "Bot", is_bot=True), embeds=({"title": "one"},))


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"content": "bye"}, {ChangeKind.EDIT}),
        ({"edited_at": "2025-01-01T00:00:00+00:00"}, {ChangeKind.EDIT}),
        ({"attachments": ()}, {ChangeKind.EDIT}),
        ({"attachments": (Attachment(4, "a.png", "https://cdn.example.invalid/a.png?ex=2", 10),)}, set()),
        ({"embeds": ({"type": "link", "title": "a preview"},)}, set()),
        ({"reactions": (Reaction("👍", 3), Reaction("ok", 1, 5))}, {ChangeKind.REACTIONS}),
        ({"reactions": (Reaction("ok", 1, 5), Reaction("👍", 2))}, set()),
        ({"is_pinned": True}, {ChangeKind.PIN}),
        ({"thread_name": "later"}, set()),
    ],
)
def test_what_counts_as_different(change: dict[str, object], kinds: set[ChangeKind]) -> None:
    assert kinds_of_difference(MESSAGE, msgspec.structs.replace(MESSAGE, **change)) == kinds


def test_unpinning_is_the_way_back() -> None:
    pinned = msgspec.structs.replace(MESSAGE, is_pinned=True)
    assert kinds_of_difference(pinned, MESSAGE) == {ChangeKind.UNPIN}


def test_a_bot_says_with_its_embeds() -> None:
    again = msgspec.structs.replace(BOT, embeds=({"title": "one", "image": {"url": "https://x.invalid/?ex=1"}},))
    assert kinds_of_difference(BOT, again) == frozenset()
    other = msgspec.structs.replace(BOT, embeds=({"title": "two"},))
    assert kinds_of_difference(BOT, other) == {ChangeKind.EDIT}


def test_odd_embeds_are_compared_without_complaint() -> None:
    odd = msgspec.structs.replace(BOT, embeds=({"title": "one", "fields": [None, 3], "author": "x"},))
    assert kinds_of_difference(odd, odd) == frozenset()
