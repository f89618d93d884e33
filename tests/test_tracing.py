"""A message is told in words, whatever it consists of."""

from __future__ import annotations

import pytest

from reaper_tui.journal.mirrored import Trace
from reaper_tui.journal.records import MessageState
from reaper_tui.model.message import Author, Message, Poll, Reaction, Snapshot, StickerItem
from reaper_tui.tracing import REACTIONS_SHOWN, reaction_line, trace_lines, words_of

ANN = Author(1, "ann")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message(5, 7, 0, ANN, "hi <@2> and <@!3>", mentions={2: "bob\x1b[2J"}), "hi @bob[2J and <@!3>"),
        (Message(5, 7, 0, ANN, embeds=({"title": None, "description": "a tide table"},)), "a tide table"),
        (Message(5, 7, 0, ANN, poll=Poll("tea?", ())), "tea?"),
        (Message(5, 7, 0, ANN, stickers=(StickerItem(8, "wave", ""),)), "wave"),
        (Message(5, 7, 0, ANN, snapshots=(Snapshot("said elsewhere"),)), "said elsewhere"),
        (Message(5, 7, 0, ANN, component_text=("a button",)), "a button"),
        (Message(5, 7, 0, ANN), ""),
    ],
)
def test_what_a_message_says_or_what_stands_in_for_words(message: Message, words: str) -> None:
    assert words_of(message) == words


def test_reactions_and_pin_are_one_line_each() -> None:
    trace = Trace(MessageState.SENT, "", 7, [], [])
    reactions = (Reaction("👍", 1200), Reaction("kettle\x07", 1, 9))
    told = dict(
        trace_lines(trace, Message(5, 7, 0, ANN, reactions=reactions, is_pinned=True), guild_id=1, community_id=2)
    )
    assert told["reactions"] == "♥ 1,201 reactions: 👍 1,200, :kettle: 1"
    assert told["pinned"] == "◆ pinned in its channel"
    told = dict(trace_lines(trace, Message(5, 7, 0, ANN), guild_id=1, community_id=2))
    assert (told["reactions"], told["pinned"]) == ("– none", "– not pinned")


def test_many_reactions_are_counted_rather_than_listed() -> None:
    assert reaction_line([("x", 1)] * (REACTIONS_SHOWN + 5)).endswith(" and 5 more")
