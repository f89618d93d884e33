from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.model.community import Limits
from reaper_tui.model.text import utf16_length
from reaper_tui.writer.embeds import accepted_embed, embed_as_text, embed_length, grouped_embeds, own_embeds
from reaper_tui.writer.normalisation import normalised_filename, normalised_url


def accepted(embed: dict[str, Any], characters: int = 6000) -> dict[str, Any]:
    return accepted_embed(embed, lambda text: text.replace("<@5>", "@Ada"), characters, normalised_url)


def test_only_known_keys_with_something_in_them_are_kept() -> None:
    embed = {
        "type": "rich",
        "title": " Title ",
        "description": "for <@5>",
        "url": "https://a.example/x#part",
        "color": 0x3366FF,
        "timestamp": "2024-05-01T10:00:00.123456+02:00",
        "author": {
            "name": "Ada",
            "url": "",
            "icon_url": "https://a.example/i.png",
            "proxy_icon_url": "https://p.example",
        },
        "footer": {"text": "", "icon_url": "https://a.example/f.png"},
        "image": {"url": "https://a.example/i.png", "width": 10, "height": 10},
        "thumbnail": {"url": "ftp://a.example/i.png"},
        "video": {"url": "https://a.example/v.mp4"},
        "provider": {"name": "P"},
        "fields": [{"name": "", "value": "v", "inline": True}, {"name": " ", "value": ""}, {"name": "n", "value": "v"}],
    }
    assert accepted(embed) == {
        "title": "Title",
        "description": "for @Ada",
        "url": "https://a.example/x",
        "color": 0x3366FF,
        "timestamp": "2024-05-01T08:00:00.123Z",
        "author": {"name": "Ada", "icon_url": "https://a.example/i.png"},
        "image": {"url": "https://a.example/i.png"},
        "fields": [
            {"name": "\u200b", "value": "v", "inline": True},
            {"name": "n", "value": "v", "inline": False},
        ],
    }


@pytest.mark.parametrize("embed", [{}, {"type": "rich", "color": 1}, {"title": " "}, {"url": "https://a.example"}])
def test_an_embed_with_nothing_to_show_is_dropped(embed: dict[str, Any]) -> None:
    assert accepted(embed) == {}


def test_lengths_are_kept() -> None:
    field = {"name": "n" * 300, "value": "v" * 1100}
    embed = accepted(
        {
            "title": "😀" * 200,
            "description": "d" * 5000,
            "footer": {"text": "f" * 3000},
            "author": {"name": "a" * 300},
            "fields": [field] * 30,
        },
        characters=40_000,
    )
    assert utf16_length(embed["title"]) in (255, 256)
    assert len(embed["description"]) == 4096
    assert len(embed["footer"]["text"]) == 2048
    assert len(embed["author"]["name"]) == 256
    assert [len(embed["fields"]), len(embed["fields"][0]["name"]), len(embed["fields"][0]["value"])] == [25, 256, 1024]


def test_the_total_is_kept() -> None:
    embed = accepted({"description": "d" * 4096, "fields": [{"name": "n", "value": "v" * 1024}] * 5})
    assert 5000 < embed_length(embed) <= 6000


def test_previews_are_left_to_the_target() -> None:
    link = {"type": "video", "url": "https://www.video.example/watch?v=1", "title": "V"}
    rich = {"type": "rich", "title": "R"}
    tweet = {"type": "rich", "url": "https://t.example/1", "title": "T"}
    assert own_embeds([link, rich], "see https://video.example/1", is_person=True) == [rich]
    assert own_embeds([link], "", is_person=True) == [link]
    assert own_embeds([tweet], "https://t.example/1", is_person=True) == []
    assert own_embeds([tweet], "https://t.example/1", is_person=False) == [tweet]
    assert own_embeds([{"type": "poll_result"}], "", is_person=True) == []


def test_groups_keep_count_characters_files_and_order() -> None:
    small = [{"title": str(number)} for number in range(23)]
    groups = grouped_embeds(small, Limits(), lambda embed: [])
    assert [len(group) for group in groups] == [10, 10, 3]
    assert [embed for group in groups for embed in group] == small
    large = [{"description": "d" * 2500}] * 5
    assert [len(group) for group in grouped_embeds(large, Limits(), lambda embed: [])] == [2, 2, 1]


def test_a_refused_embed_is_readable_as_a_quote() -> None:
    embed = {
        "author": {"name": "Ada"},
        "title": "T",
        "url": "https://a.example",
        "description": "two\nlines",
        "fields": [{"name": "n", "value": "v", "inline": False}],
        "footer": {"text": "f"},
    }
    assert embed_as_text(embed).splitlines() == [
        "> -# Ada",
        "> **T**",
        "> <https://a.example>",
        "> two",
        "> lines",
        "> **n**",
        "> v",
        "> -# f",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x?y=1#z", "https://a.example/x?y=1"),
        ("http://127.0.0.1:8080/x.png", "http://127.0.0.1:8080/x.png"),
        ("https://bücher.example/ü", "https://bücher.example/ü"),
        ("https://localhost/x", ""),
        ("https://user:pass@a.example/", ""),
        ("https://a.example/" + "x" * 2048, ""),
        ("https://a.example/a b", ""),
        ("https://a.example:99999/", ""),
        ("https://[::1", ""),
        ("attachment://x.png", ""),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_only_addresses_the_target_accepts_pass(url: object, expected: str) -> None:
    assert normalised_url(url) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("b ad/na:me?.txt", "b_ad_name.txt"),
        ("../../etc/passwd", "____etc_passwd"),
        ("Übersicht 2024 (1).pdf", "Übersicht_2024_1.pdf"),
        ("con.txt", "_con.txt"),
        ("???", "unnamed"),
        ("", "unnamed"),
        ("...", "unnamed"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
    ],
)
def test_file_names_are_those_the_target_keeps(name: str, expected: str) -> None:
    assert normalised_filename(name) == expected
    assert normalised_filename(expected) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["type", "title", "description", "url", "color", "timestamp", "author", "footer", "image", "thumbnail", "fields"]
)
EMBEDS = st.dictionaries(KEYS, JSON, max_size=8)


@given(EMBEDS)
def test_any_json_makes_an_embed_or_nothing(embed: dict[str, Any]) -> None:
    kept = accepted(embed)
    assert set(kept) <= {
        *("title", "description", "url", "color", "timestamp", "author", "footer", "image", "thumbnail", "fields")
    }
    assert embed_length(kept) <= 6000
    assert accepted(kept) == kept
    embed_as_text(kept)
