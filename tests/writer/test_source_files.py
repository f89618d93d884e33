from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.model.composition import Degrade
from reaper_tui.model.message import Attachment, Snapshot
from reaper_tui.writer.source_files import SOURCE_BASES, SourceFiles

from .test_compose import composed, message

CAT = "https://cdn.discordapp.com/attachments/10/77/my%20cat.png?ex=6&is=5&hm=abc&"
DOG = "https://media.discordapp.net/ephemeral-attachments/10/78/dog.mp4"
FILES = SourceFiles((*SOURCE_BASES, "http://127.0.0.1:9/cdn/"))


@pytest.mark.parametrize(
    ("url", "key", "name"),
    [
        (CAT, 77, "my cat.png"),
        (DOG, 78, "dog.mp4"),
        ("http://127.0.0.1:9/cdn/attachments/1/2/a", 2, "a"),
        ("http://127.0.0.1:9/attachments/1/2/a", None, ""),
        ("https://cdn.discordapp.com/emojis/5.png", None, ""),
        ("https://cdn.discordapp.com/attachments/1/2", None, ""),
        ("https://cdn.discordapp.com/attachments/1/2/a/b", None, ""),
        ("https://cdn.discordapp.com/attachments/1/x/a", None, ""),
        ("https://evil.example/attachments/1/2/a", None, ""),
        ("https://cdn.discordapp.com.evil.example/attachments/1/2/a", None, ""),
        ("https://[bad/attachments/1/2/a", None, ""),
    ],
)
def test_only_attachments_of_the_source_are_its_files(url: str, key: int | None, name: str) -> None:
    found = FILES.file_at(url)
    assert (found and found.key, found.filename if found else "") == (key, name)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (CAT, ""),
        (f"look\n{CAT}\nnice", "look\nnice"),
        (f"look at {CAT}!", "look at 📎 my cat.png!"),
        (f"> {CAT}", ""),
        (f"<{CAT}>", ""),
        (f"[the cat](<{CAT}>) is here", "the cat (📎 my cat.png) is here"),
        (f"||{CAT}||", ""),
        (f"well || {CAT} ||", "well 📎 my cat.png"),
        (f"({CAT})", "(📎 my cat.png)"),
        (f"`{CAT}` and\n```\n{CAT}\n```", f"`{CAT}` and\n```\n{CAT}\n```"),
        ("https://cdn.discordapp.com/emojis/5.png", "https://cdn.discordapp.com/emojis/5.png"),
        (f"{CAT} {DOG}", ""),
    ],
)
def test_a_pasted_link_becomes_the_file(text: str, left: str) -> None:
    found, links = FILES.taken_out(text)
    assert found == left
    assert [link.is_spoiler for link in links] == ["||" in text] * len(links)
    assert {link.file.url for link in links} <= {CAT, DOG}
    assert bool(links) == (found != text)


@given(st.lists(st.sampled_from([CAT, DOG, " ", "\n", "`", "||", "<", ">", "[a](", ")", "\\", "\x00", "x", "> "])))
def test_no_text_gets_lost_around_links(pieces: list[str]) -> None:
    text = "".join(pieces)
    found, links = FILES.taken_out(text)
    assert "\x00" not in found or not links
    assert found.count("x") <= text.count("x") + sum(link.file.filename.count("x") for link in links)
    if not links:
        assert found == text


def test_a_rescued_file_travels_once_with_its_message() -> None:
    own = Attachment(77, "my cat.png", CAT, 10)
    said = message(f"two of a kind: {CAT} {CAT}\n||{DOG}||", attachments=(own,), snapshots=(Snapshot(content=DOG),))
    (part,) = composed(said).parts
    assert [(slot.key, slot.is_spoiler) for slot in part.files] == [(77, False), (78, True)]
    assert part.content == "two of a kind: 📎 my cat.png 📎 my cat.png"


def test_a_link_alone_is_a_message_with_a_file() -> None:
    (part,) = composed(message(CAT)).parts
    assert part.content == ""
    assert (part.files[0].filename, part.files[0].size, part.files[0].url) == ("my_cat.png", None, CAT)


def test_a_pasted_link_that_cannot_be_fetched_is_named() -> None:
    composition = composed(message(f"hm {CAT}"), degrade=Degrade(lost={77: "expired"}))
    (part,) = composition.parts
    assert part.content == "hm 📎 my cat.png\n📎 my cat.png — expired"
    assert composition.placeholders == (("my_cat.png", "expired"),)
