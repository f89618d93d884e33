"""Every kind of message, and every way it may be odd."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_tui.model.message import (
    CONTEXT_REPLY,
    POLL_RESULT,
    REPLY,
    SLASH_REPLY,
    THREAD_STARTER,
    Message,
    PollAnswer,
    Quote,
    Reaction,
    Reference,
    forwarded,
)
from reaper_tui.reader.cdn import Cdn
from reaper_tui.reader.mapping import message_from
from reaper_tui.reader.wire import encoded

ADA = {"id": "11", "username": "ada", "global_name": "Ada L.", "avatar": "abc"}
FILE = {"id": "31", "filename": "cat.png", "size": 12, "url": "https://cdn/attachments/1/31/cat.png?ex=1"}
POLL = {
    "question": {"text": "Tea?"},
    "answers": [
        {"answer_id": 1, "poll_media": {"text": "yes", "emoji": {"name": "🍵"}}},
        {"answer_id": 2, "poll_media": {"text": "no", "emoji": {"id": "9", "name": "nope"}}},
    ],
    "results": {"is_finalized": True, "answer_counts": [{"id": 1, "count": 4}]},
}


def parsed(cdn: str = "", **fields: Any) -> Message:
    raw = {"id": "7", "channel_id": "5", "type": 0, "author": ADA, "content": "", **fields}
    return message_from(json.dumps(raw).encode(), Cdn(cdn))


def test_a_plain_message() -> None:
    message = parsed(
        content="hi <@12>",
        edited_timestamp="2024-01-01T00:00:00+00:00",
        mentions=[{"id": "12", "username": "bob", "global_name": None}],
        flags=4,
        pinned=True,
        thread={"id": "7", "name": "aside"},
        reactions=[
            {"count": 3, "emoji": {"id": None, "name": "👍"}},
            {"count": 1, "emoji": {"id": "9", "name": "wave", "animated": True}},
        ],
    )
    assert (message.id, message.channel_id, message.kind, message.content) == (7, 5, 0, "hi <@12>")
    assert message.mentions == {12: "bob"}
    assert message.edited_at and message.is_pinned and message.suppresses_embeds and message.thread_name == "aside"
    assert message.reactions == (Reaction("👍", 3), Reaction("wave", 1, 9, True))


@pytest.mark.parametrize(
    ("author", "more", "name", "is_bot", "is_webhook", "is_deleted"),
    [
        (ADA, {}, "Ada L.", False, False, False),
        (ADA, {"member": {"nick": "Countess"}}, "Countess", False, False, False),
        ({**ADA, "global_name": None}, {}, "ada", False, False, False),
        ({**ADA, "bot": True}, {}, "Ada L.", True, False, False),
        ({"id": "8", "username": "News", "bot": True}, {"webhook_id": "8"}, "News", True, True, False),
        (
            {"id": "8", "username": "Dice", "bot": True},
            {"webhook_id": "8", "application_id": "8"},
            "Dice",
            True,
            False,
            False,
        ),
        ({"id": "1", "username": "deleted_user_0a1b2c"}, {}, "Deleted User", False, False, True),
        ({"id": "1", "username": "Deleted User 0a1b2c3d"}, {}, "Deleted User", False, False, True),
        ({"id": "8", "username": "Deleted User", "bot": True}, {"webhook_id": "8"}, "Deleted User", True, True, False),
    ],
)
def test_who_wrote_it(
    author: dict[str, Any], more: dict[str, Any], name: str, is_bot: bool, is_webhook: bool, is_deleted: bool
) -> None:
    found = parsed(author=author, **more).author
    assert (found.name, found.is_bot, found.is_webhook, found.is_deleted) == (name, is_bot, is_webhook, is_deleted)


def test_pictures_come_from_the_right_place() -> None:
    assert parsed().author.avatar_url == "https://cdn.discordapp.com/avatars/11/abc.png?size=256"
    assert parsed(author={**ADA, "avatar": None}).author.avatar_url == ""
    worn = parsed("http://local/cdn/", guild_id="2", member={"avatar": "m"}).author.avatar_url
    assert worn == "http://local/cdn/guilds/2/users/11/avatars/m.png?size=256"
    items = [{"id": str(number), "name": "s", "format_type": number} for number in (1, 2, 3, 4, 5)]
    assert [(sticker.format, sticker.url) for sticker in parsed(sticker_items=items).stickers] == [
        ("png", "https://cdn.discordapp.com/stickers/1.png"),
        ("apng", "https://cdn.discordapp.com/stickers/2.png"),
        ("lottie", "https://cdn.discordapp.com/stickers/3.json"),
        ("gif", "https://media.discordapp.net/stickers/4.gif"),
        ("png", "https://cdn.discordapp.com/stickers/5.png"),
    ]
    assert parsed("http://local/cdn", sticker_items=items).stickers[3].url == "http://local/cdn/stickers/4.gif"


def test_files_and_voice_messages() -> None:
    spoken = {**FILE, "filename": "voice.ogg", "duration_secs": 3.5, "content_type": "audio/ogg", "description": "hm"}
    message = parsed(attachments=[spoken, {**FILE, "filename": "SPOILER_x.png"}, {**FILE, "flags": 8}], flags=8192)
    assert message.is_voice_message and message.attachments[0].duration_seconds == 3.5
    assert [file.is_spoiler for file in message.attachments] == [False, True, True]
    assert (message.attachments[0].id, message.attachments[0].size) == (31, 12)


def test_a_reply_quotes_what_it_answers() -> None:
    reference = {"message_id": "3", "channel_id": "5", "guild_id": "2"}
    answered = {"id": "3", "author": ADA, "content": "question", "attachments": [FILE]}
    message = parsed(type=REPLY, message_reference=reference, referenced_message=answered)
    assert message.reference == Reference(3, 5, 2)
    assert message.quote == Quote("Ada L.", "question", True)
    assert not message.is_quote_deleted
    gone = parsed(type=REPLY, message_reference=reference, referenced_message=None)
    assert gone.quote is None and gone.is_quote_deleted
    unknown = parsed(type=REPLY, message_reference=reference)
    assert unknown.quote is None and not unknown.is_quote_deleted


def test_a_forward_carries_its_snapshot() -> None:
    snapshot = {
        "message": {
            "content": "look",
            "attachments": [FILE],
            "embeds": [{"title": "t"}],
            "sticker_items": [{"id": "1"}],
        }
    }
    message = parsed(message_reference={"type": 1, "message_id": "3", "channel_id": "4"}, message_snapshots=[snapshot])
    assert forwarded(message) and message.quote is None and not message.is_quote_deleted
    [shown] = message.snapshots
    assert (shown.content, len(shown.attachments), shown.embeds, len(shown.stickers)) == (
        "look",
        1,
        ({"title": "t"},),
        1,
    )


def test_a_poll_and_its_end() -> None:
    poll = parsed(poll=POLL).poll
    assert poll is not None and poll.question == "Tea?" and poll.is_final
    assert poll.answers == (PollAnswer("yes", 4, "🍵"), PollAnswer("no", 0, ":nope:"))
    fields = {
        "poll_question_text": "Tea?",
        "victor_answer_votes": "4",
        "total_votes": "5",
        "victor_answer_text": "yes",
        "victor_answer_emoji_name": "🍵",
    }
    embed = {"type": "poll_result", "fields": [{"name": name, "value": value} for name, value in fields.items()]}
    ended = parsed(type=POLL_RESULT, embeds=[embed], message_reference={"message_id": "6"})
    assert ended.content == "Poll closed: Tea? — 🍵 yes (4 of 5 votes)"
    assert ended.embeds == () and ended.kind == POLL_RESULT
    embed["fields"] = [{"name": "total_votes", "value": "0"}]
    assert parsed(type=POLL_RESULT, embeds=[embed]).content == "Poll closed — no winner (0 votes)"


def test_a_thread_opens_with_the_message_it_hangs_on() -> None:
    starter = {"author": {"id": "12", "username": "bob"}, "content": "begin", "attachments": [FILE]}
    message = parsed(type=THREAD_STARTER, message_reference={"message_id": "3"}, referenced_message=starter)
    assert (message.kind, message.author.name, message.content) == (THREAD_STARTER, "bob", "begin")
    assert len(message.attachments) == 1 and message.quote is None
    gone = parsed(type=THREAD_STARTER, message_reference={"message_id": "3"}, referenced_message=None)
    assert gone.is_quote_deleted and gone.author.name == "Ada L."


def test_commands_name_who_used_them() -> None:
    assert parsed(type=SLASH_REPLY, interaction={"name": "roll", "user": ADA}).interaction == "/roll by Ada L."
    assert parsed(type=SLASH_REPLY, interaction_metadata={"user": ADA}).interaction == "a command by Ada L."
    assert parsed(type=CONTEXT_REPLY, interaction={"name": "Report", "user": ADA}).interaction == "Report by Ada L."
    assert parsed().interaction == ""


def test_system_kinds_keep_their_number() -> None:
    joined = parsed(type=7)
    assert (joined.kind, joined.author.name) == (7, "Ada L.")
    assert parsed(type=18, content="new thread").thread_name == "new thread"
    assert parsed(type=999).kind == 999


def test_components_become_text() -> None:
    rows = [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 5, "label": "Docs", "url": "https://x.org"},
                {"type": 2, "style": 1, "label": "Go", "emoji": {"name": "🚀"}},
                {"type": 3, "placeholder": "Pick", "options": [{"label": "a"}, {"label": "b"}]},
            ],
        },
        {
            "type": 17,
            "components": [
                {"type": 10, "content": "# Title"},
                {"type": 14},
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "text"}],
                    "accessory": {"type": 11, "media": {"url": "https://y/z.png"}},
                },
                {
                    "type": 12,
                    "items": [{"media": {"url": "https://cdn/attachments/1/31/cat.png?ex=2"}, "description": "a cat"}],
                },
                {"type": 13, "file": {"url": "https://files/f.zip"}},
                {"type": 999, "components": [{"type": 10, "content": "unknown wraps known"}]},
            ],
        },
    ]
    assert parsed(components=rows, attachments=[FILE]).component_text == (
        "[Docs](https://x.org) [🚀 Go] [Pick: a · b]",
        "# Title",
        "text",
        "https://y/z.png",
        "a cat",
        "https://files/f.zip",
        "unknown wraps known",
    )


FULL: dict[str, Any] = {
    "id": "7",
    "channel_id": "5",
    "guild_id": "2",
    "type": 0,
    "author": {**ADA, "member": {"avatar": "x", "nick": "n"}},
    "member": {"avatar": "x", "nick": "n"},
    "webhook_id": "3",
    "application_id": "3",
    "content": "c",
    "edited_timestamp": "2024",
    "attachments": [{**FILE, "duration_secs": 1.5, "flags": 8}],
    "embeds": [{"type": "poll_result", "fields": [{"name": "total_votes", "value": "1"}]}],
    "sticker_items": [{"id": "1", "name": "s", "format_type": 3}],
    "reactions": [{"count": 1, "emoji": {"id": "9", "name": "w", "animated": True}}],
    "message_reference": {"type": 1, "message_id": "3", "channel_id": "4", "guild_id": "2"},
    "referenced_message": {"author": ADA, "content": "q", "poll": POLL, "components": [{"type": 10, "content": "x"}]},
    "message_snapshots": [{"message": {"content": "x", "attachments": [FILE], "components": [{"type": 1}]}}],
    "poll": POLL,
    "components": [{"type": 17, "components": [{"type": 9, "accessory": {"type": 11, "media": {"url": "u"}}}]}],
    "interaction": {"name": "roll", "user": ADA},
    "interaction_metadata": {"user": ADA},
    "mentions": [{"id": "12", "username": "bob"}],
    "thread": {"name": "t"},
    "pinned": False,
    "flags": 8196,
}
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += places(value[key], (*path, key))
    return found


def damaged(value: Any, path: tuple[Any, ...], odd: Any, is_removed: bool) -> None:
    for key in path[:-1]:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(value, dict) and is_removed:
        value.pop(path[-1], None)
    elif isinstance(value, dict) or (isinstance(value, list) and isinstance(path[-1], int) and path[-1] < len(value)):
        value[path[-1]] = odd


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from([0, 18, 19, 20, 21, 23, 46, 999]),
    damage=st.lists(st.tuples(st.sampled_from(places(FULL)), ODD, st.booleans()), min_size=1, max_size=5),
)
def test_no_damage_makes_parsing_fail(kind: int, damage: list[tuple[tuple[Any, ...], Any, bool]]) -> None:
    raw = copy.deepcopy(FULL)
    raw["type"] = kind
    for path, odd, is_removed in damage:
        damaged(raw, path, copy.deepcopy(odd), is_removed)
    message = message_from(encoded(raw), Cdn())
    message.content.encode()
    message.author.name.encode()
    assert isinstance(message, Message) and message.author.name


@settings(max_examples=200, deadline=None)
@given(ODD.map(encoded) | st.binary())
def test_anything_else_is_an_empty_message(payload: bytes) -> None:
    assert isinstance(message_from(payload, Cdn()), Message)


def test_bottomless_nesting_is_survived() -> None:
    deep = b'{"components":' + b'[{"components":' * 5000 + b"[]" + b"}]" * 5000 + b"}"
    assert message_from(deep, Cdn()).component_text == ()
    nested: dict[str, Any] = {"type": 10, "content": "deep"}
    for _ in range(50):
        nested = {"type": 17, "components": [nested]}
    assert parsed(components=[nested]).component_text == ()
