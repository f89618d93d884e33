from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reaper_tui.model.text import utf16_length
from reaper_tui.writer.normalisation import is_visible
from reaper_tui.writer.splitter import has_open_fence, split


def test_short_text_is_one_post() -> None:
    assert split("  hello ", 2000) == ["hello"]
    assert split("x" * 2000, 2000) == ["x" * 2000]


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b", "\u2800\ufeff"])
def test_nothing_visible_is_no_post(text: str) -> None:
    assert split(text, 2000) == []


def test_paragraphs_go_before_lines_before_sentences_before_words() -> None:
    assert split("a" * 60 + "\n\n" + "b" * 20 + "\n" + "c" * 30, 100) == ["a" * 60, "b" * 20 + "\n" + "c" * 30]
    assert split("a" * 50 + "\n" + "b b. " * 20, 100)[0] == "a" * 50
    assert split("word word. " * 30, 100)[0].endswith("word.")
    assert split("word " * 100, 100)[0] == "word " * 19 + "word"


def test_units_are_utf16() -> None:
    posts = split("😀" * 1500, 2000)
    assert [utf16_length(post) for post in posts] == [2000, 1000]
    assert "".join(posts) == "😀" * 1500


@pytest.mark.parametrize("sign", ["👩‍👩‍👧‍👦", "👍🏽", "é", "🇩🇪", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_signs_of_several_characters_stay_whole(sign: str) -> None:
    posts = split(sign * 100, 101)
    assert "".join(posts) == sign * 100
    assert all(len(post) % len(sign) == 0 for post in posts)


@pytest.mark.parametrize(
    "token",
    ["<:blob_wave:123456789012345678>", "<@&123456789>", "https://a.example/long/path?x=1", "[text](https://x.y)"],
)
def test_tokens_stay_whole(token: str) -> None:
    for shift in range(len(token)):
        posts = split("x" * (80 + shift) + token + "y" * 60, 120)
        assert sum(post.count(token) for post in posts) == 1


def test_a_fence_is_closed_and_opened_again_with_its_language() -> None:
    code = [f"    line {number} of the program" for number in range(200)]
    posts = split("before\n```python\n" + "\n".join(code) + "\n```\nafter", 2000)
    assert len(posts) > 2
    assert all(post.count("```") == 2 for post in posts)
    assert all(post.startswith("```python\n") for post in posts[1:])
    assert [line for post in posts for line in post.splitlines() if "program" in line] == code
    assert posts[-1].endswith("```\nafter")


def test_a_fence_that_is_never_closed_is_closed_in_every_post() -> None:
    posts = split("```js\n" + "let a = 1;\n" * 400, 2000)
    assert all(post.count("```") == 2 and post.startswith("```js\n") for post in posts)
    assert sum(post.count("let a = 1;") for post in posts) == 400


def test_a_quoted_fence_stays_quoted() -> None:
    posts = split("> ```\n" + "> row\n" * 100 + "> ```", 120)
    assert all(line.startswith("> ") for post in posts for line in post.splitlines())
    assert sum(post.count("> row") for post in posts) == 100


@pytest.mark.parametrize("mark", ["||", "**", "~~", "__"])
def test_open_marks_are_closed_and_opened_again(mark: str) -> None:
    posts = split(mark + "secret " * 50 + "end" + mark, 100)
    assert len(posts) > 2
    assert all(post.startswith(mark) and post.endswith(mark) for post in posts)
    assert sum(post.count("secret") for post in posts) == 50


def test_a_quote_goes_on_as_a_quote() -> None:
    assert all(post.startswith("> ") for post in split("> " + "word " * 100, 100))
    assert all(post.startswith(">>> ") for post in split(">>> " + "word " * 30 + "\n" + "more " * 30, 100))


def test_lone_stars_are_not_completed() -> None:
    assert "*" not in "".join(split("2 * 3 " + "word " * 50, 100)[1:])


def test_an_open_fence_is_noticed() -> None:
    assert has_open_fence("a\n```py\nx")
    assert not has_open_fence("```py\nx\n``` and `` ` ``")


@settings(max_examples=150)
@example(["000000\U00010000", " " * 11 + "\u061c"], 60)
@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="`*_~|\\<>[]#-"))),
    st.integers(60, 400),
)
def test_no_visible_character_is_lost(pieces: list[str], limit: int) -> None:
    text = "\n".join(pieces) * 3
    posts = split(text, limit)
    assert all(0 < utf16_length(post) <= limit and post.strip() for post in posts)
    assert _dense("".join(posts)) == _dense(text)


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            ["```", "```py\n", "\n```", "**", "||", "~~", "`", "\n", "\n\n", "> ", ">>> ", "word ", "\\", "* ", "__"]
        )
        | st.text(max_size=30),
        max_size=80,
    ),
    st.integers(64, 300),
)
def test_markup_of_any_kind_keeps_the_limit(pieces: list[str], limit: int) -> None:
    text = "".join(pieces).encode("utf-8", "replace").decode()
    posts = split(text, limit)
    assert all(0 < utf16_length(post) <= limit and post.strip() for post in posts)
    assert _letters("".join(posts)).startswith(_letters(text)[:20])


@given(st.lists(st.text(alphabet="abc \n", min_size=1, max_size=400).filter(str.strip), min_size=1, max_size=5))
def test_fences_are_valid_in_every_post(blocks: list[str]) -> None:
    text = "\n".join(f"```c\n{block}\n```\ntext" for block in blocks)
    posts = split(text, 150)
    assert all(post.count("```") % 2 == 0 for post in posts)
    code = "".join(re.sub(r"```(?:c\n)?|text|\s", "", post) for post in posts)
    assert code == re.sub(r"\s", "", "".join(blocks))


def _dense(text: str) -> str:
    return "".join(sign for sign in text if is_visible(sign))


def _letters(text: str) -> str:
    # Whether a fence's language shows depends on the backticks around it, so it does not count as text.
    return re.sub(r"[^A-Za-z]", "", text.replace("py", ""))
