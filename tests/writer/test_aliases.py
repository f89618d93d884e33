from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.model.composition import Flow
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.message import Author, Poll, PollAnswer, Quote, Reference, Snapshot
from reaper_tui.writer.alias_words import ADJECTIVES, ANIMALS
from reaper_tui.writer.aliases import Aliases
from reaper_tui.writer.compose import author_key

from .test_compose import composed, message

PEOPLE = {5: ("Ada", "ada_lovelace"), 6: ("Bob the Builder", "bob"), 7: ("The", "zoë.🌸"), 9: ("Bob the Builder",)}


def aliases(secret: bytes = b"s") -> Aliases:
    found = Aliases(secret)
    for person_id, names in PEOPLE.items():
        found.learn(person_id, names)
    return found


KNOWN = aliases()
ADA, BOB, ZOE = (KNOWN.alias(str(person_id)) for person_id in (5, 6, 7))


def test_there_are_enough_words() -> None:
    assert len(set(ADJECTIVES)) == len(ADJECTIVES) == len(set(ANIMALS)) == len(ANIMALS) == 64
    assert len({KNOWN.alias(str(number)) for number in range(20_000)}) > 19_990


def test_an_alias_is_always_the_same_and_depends_on_the_secret() -> None:
    assert aliases().alias("5") == ADA
    assert aliases(b"t").alias("5") != ADA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada wrote", f"{ADA} wrote"),
        ("thanks ADA!", f"thanks {ADA}!"),
        ("thanks @ada_lovelace", f"thanks @{ADA}"),
        ("Adam and Canada stay", "Adam and Canada stay"),
        ("ask bob#1234 or Bob the builder's", f"ask {BOB} or {BOB}'s"),
        ("Bob\nthe Builder", f"{BOB}\nthe Builder"),
        ("the end", "the end"),
        ("zoë.🌸 is here", f"{ZOE}.🌸 is here"),
        ("`ada` in code", f"`{ADA}` in code"),
        ("https://x.example/ada <@5> <:ada:9>", "https://x.example/ada <@5> <:ada:9>"),
        ("", ""),
    ],
)
def test_names_in_texts_are_replaced_as_words(text: str, expected: str) -> None:
    assert KNOWN.replaced(text) == expected


def test_a_message_names_nobody_anywhere() -> None:
    ada = Author(5, "Ada", "https://cdn.example/avatars/5/a.png")
    said = message(
        "<@6> said: ask Ada",
        author=ada,
        kind=19,
        mentions={6: "Bob the Builder"},
        reference=Reference(1),
        quote=Quote("Bob the Builder", "Ada, please"),
        poll=Poll("Ada or Bob?", (PollAnswer("Ada", 1),)),
        component_text=("for Ada",),
        interaction="/poke by Ada",
        thread_name="about Ada",
        snapshots=(Snapshot("Ada again", embeds=({"description": "Ada"},)),),
        embeds=(
            {
                "title": "Ada",
                "author": {
                    "name": "Ada",
                    "icon_url": "https://cdn.example/avatars/5/a.png",
                    "url": "https://x.example",
                },
                "footer": {"text": "by Ada", "icon_url": "https://cdn.example/avatars/5/a.png"},
                "thumbnail": {"url": "https://cdn.example/avatars/5/a.png"},
                "fields": [{"name": "Ada", "value": "bob"}],
            },
        ),
    )
    parts = composed(said, aliases=KNOWN).parts
    told = msgspec.json.encode(parts).decode()
    assert "Ada" not in told
    assert "Bob" not in told
    assert "/avatars/" not in told
    assert not any(part.avatar_url for part in parts)
    assert {part.username for part in parts} == {ADA}
    assert f"@{BOB} said: ask {ADA}" in parts[0].content
    assert f"**{BOB}**: {ADA}, please" in parts[0].content
    assert f"/poke by {ADA}" in parts[0].content


def test_apps_keep_their_names_and_hooks_do_not() -> None:
    app = message("x", author=Author(8, "Helper", "https://a.example/x.png", is_bot=True))
    hook = message("x", author=Author(8, "Eve", is_bot=True, is_webhook=True))
    other = message("x", author=Author(8, "Mallory", is_bot=True, is_webhook=True))
    gone = message("x", author=Author(10, "Deleted User", is_deleted=True))
    names = [composed(said, aliases=KNOWN).parts[0].username for said in (app, hook, other, gone)]
    assert (names[0], names[3]) == ("Helper", "Deleted User")
    assert "Eve" not in names[1]
    assert names[1] != names[2]
    assert composed(app, aliases=KNOWN).parts[0].avatar_url == ""


def test_the_same_author_is_not_dated_twice() -> None:
    said = message("x", author=Author(5, "Ada"))
    flow = Flow(author_key(said), unix_seconds(said.id))
    assert composed(said, flow, timestamps="grouped", aliases=KNOWN).parts[0].content == "x"
    assert composed(said, timestamps="grouped", aliases=KNOWN).parts[0].content.startswith("-# <t:")


NAMES = st.text(min_size=3, max_size=12).filter(lambda name: len("".join(name.split())) >= 3)


@given(st.lists(NAMES, min_size=1, max_size=5), st.text(max_size=60), st.integers(0, 4))
def test_no_name_survives_and_no_text_breaks(names: list[str], text: str, which: int) -> None:
    known = Aliases(b"s")
    for number, name in enumerate(names):
        known.learn(number + 1, (name,))
    name = names[which % len(names)]
    found = known.replaced(f"{text} {name} {text}")
    assert found.encode("utf-8", "replace")
    once = known.replaced(found)
    assert isinstance(once, str)
