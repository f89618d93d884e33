"""Generated communities: exact totals, the same bytes for the same seed, and everything people do."""

import hashlib
import subprocess
import sys
import tracemalloc
from collections import Counter

import msgspec
import pytest

from reaper_tui.sandbox.community import Community, generate_community
from reaper_tui.sandbox.community.nouns import Message
from reaper_tui.sandbox.community.script import conversations, parse
from reaper_tui.sandbox.community.snowflake import birth_ms

CATEGORY, FORUM = 4, 15


def digest(community: Community) -> str:
    return hashlib.sha256(msgspec.json.encode(community)).hexdigest()


def everything(community: Community) -> list[Message]:
    return [message for messages in community.messages.values() for message in messages]


@pytest.mark.parametrize("messages", [0, 1, 2, 23, 24, 100, 999, 2000])
@pytest.mark.parametrize("channels", [1, 2, 3, 7, 12, 28, 60])
def test_totals_are_exact(channels: int, messages: int) -> None:
    community = generate_community(seed=5, channels=channels, messages=messages)
    hidden = [each.id for each in community.channels.values() if each.name == "quartermaster"]
    assert len(hidden) == (channels >= 8)
    visible = [each for each in community.channels.values() if each.type != CATEGORY and each.id not in hidden]
    assert len(visible) == channels
    assert len(everything(community)) == messages
    assert not any(community.messages[each] for each in hidden)


def test_the_same_seed_means_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib, msgspec; from reaper_tui.sandbox.community import generate_community;"
        "print(hashlib.sha256(msgspec.json.encode(generate_community(7, 12, 800))).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(generate_community(7, 12, 800))}
    assert digest(generate_community(8, 12, 800)) not in found


def test_ids_are_unique_and_every_container_is_in_order_of_time() -> None:
    community = generate_community(seed=2, channels=28, messages=5000)
    ids = [message.id for message in everything(community)]
    assert len(set(ids)) == len(ids)
    for messages in community.messages.values():
        times = [birth_ms(message.id) for message in messages]
        assert times == sorted(set(times))
    files = [file.id for message in everything(community) for file in message.attachments]
    assert not set(files) & set(ids) and len(set(files)) == len(files)


def test_people_do_everything_that_people_do() -> None:
    community = generate_community(seed=1, channels=29, messages=6000)
    messages = everything(community)
    kinds = {message.type for message in messages}
    assert kinds >= {0, 1, 4, 6, 7, 8, 9, 12, 18, 19, 20, 21, 23, 24, 27, 28, 31, 46}
    assert any(message.flags & 1 << 13 for message in messages), "voice messages"
    assert any(message.forwarded for message in messages), "forwards"
    assert any(message.poll for message in messages)
    assert any(message.components for message in messages)
    assert {embed["type"] for message in messages for embed in message.embeds} >= {"rich", "link", "poll_result"}
    assert any(message.stickers for message in messages)
    assert any(message.pinned_ms for message in messages)
    assert any(message.edited_ms for message in messages)
    assert max(len(message.content) for message in messages) == 4000
    text = "\n".join(message.content for message in messages)
    for sign in (
        "```",
        "||",
        "<@",
        "<@&",
        "<#",
        "<a:",
        "<:",
        "https://discord.com/channels/",
        "おはよう",
        "صباح",
        "नमस्ते",
        "ß",
        "👩‍👩‍👧‍👦",
    ):
        assert sign in text, sign
    assert {thread.type for thread in community.threads.values()} == {10, 11, 12}
    archived = Counter((thread.type, thread.is_archived) for thread in community.threads.values())
    assert archived[11, True] and archived[11, False] and archived[12, True]
    assert any(thread.tags for thread in community.threads.values())
    names = Counter((each.name, each.type) for each in community.channels.values())
    assert names["general", 0] == 3
    authors = Counter(message.author for message in messages)
    assert 20 <= len(authors) <= 45
    assert {community.people[each].is_webhook for each in authors} == {True, False}


def test_nobody_speaks_before_they_arrive() -> None:
    community = generate_community(seed=6, channels=12, messages=3000)
    for message in everything(community):
        person = community.people[message.author]
        if not person.is_bot:
            assert birth_ms(message.id) >= person.joined_ms, person.username


def test_replies_and_references_point_at_what_exists() -> None:
    community = generate_community(seed=4, channels=20, messages=4000)
    ids = {message.id for message in everything(community)}
    for place, messages in community.messages.items():
        own = {message.id for message in messages}
        for message in messages:
            if message.type in (19, 6, 46):
                assert message.reply_to in own
            if message.type == 21:
                assert message.reply_to == place and message.reply_to in ids
            if message.type == 18:
                assert message.reference_channel in community.threads
            if message.thread_id:
                assert community.threads[message.thread_id].id == message.id


def test_posts_of_a_forum_begin_with_the_message_that_has_their_id() -> None:
    community = generate_community(seed=4, channels=12, messages=1000)
    forum = next(each for each in community.channels.values() if each.type == FORUM)
    posts = [thread for thread in community.threads.values() if thread.parent_id == forum.id]
    assert len(posts) > 5
    assert all(community.messages[post.id][0].id == post.id for post in posts)
    assert sum(post.is_pinned for post in posts) == 1


def test_two_thousand_messages_stay_under_fifteen_megabytes() -> None:
    tracemalloc.start()
    community = generate_community(seed=1, channels=12, messages=2000)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(everything(community)) == 2000
    assert size < 15_000_000


def test_files_are_modest() -> None:
    sizes = [file.size for message in everything(generate_community(1, 12, 2000)) for file in message.attachments]
    assert 60 < len(sizes) < 300
    assert sum(sizes) < 40_000_000
    assert sum(size > 1_000_000 for size in sizes) < len(sizes) / 10


def test_a_conversation_is_read_as_it_is_written() -> None:
    first, second = parse("@de\n\n= A title\nA: eins\n  zwei\nB<: {n:3-4}! [[react 🔥 2]]\n\n@en\nMod: plain")
    assert (first.language, first.title, second.language) == ("de", "A title", "en")
    assert first.lines[0].plain_text == "eins\nzwei"
    assert first.lines[1].answers == 1
    assert first.lines[1].parts == (("n", "3-4"), "!")
    assert first.lines[1].directives == (("react", "🔥 2"),)
    assert second.lines[0].speaker == "Mod"


def test_a_line_without_a_speaker_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a line"):
        parse("nobody said this")


@pytest.mark.parametrize("theme", ["ideas", "threads", "gallery"])
def test_every_conversation_that_opens_a_thread_has_a_title(theme: str) -> None:
    assert all(found.title for found in conversations(theme))
