"""How the Fluxer server rewrites names and contents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.sandbox.fluxer_server.embeds import is_url
from reaper_tui.sandbox.fluxer_server.text import (
    channel_name,
    filename,
    is_filename_safe,
    normalised,
    utf16_length,
    without_unknown_emojis,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Mixed CASE  Näme #1 (& Co.)! 🎉_x ", "mixed-case-näme-1--co.-🎉_x"),
        ("a -- b\tc\nd", "a----bc-d"),
        ("!!!", "-"),
        ("📢・Новости│ニュース", "📢・новости│ニュース"),
    ],
)
def test_channel_names(typed: str, kept: str) -> None:
    assert channel_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("b ad/na:me?..\\x.txt", "b_ad_name__x.txt"),
        ("rød (1) ære #2 日本 🎉.txt", "rød_1_ære_2_日本_.txt"),
        ("🎉🎉", "unnamed"),
        ("NUL.txt", "_NUL.txt"),
        ("..", "unnamed"),
    ],
)
def test_file_names(typed: str, kept: str) -> None:
    assert filename(typed) == kept


@given(st.text(min_size=1, max_size=80))
def test_a_stored_file_name_is_always_safe_and_stable(typed: str) -> None:
    stored = filename(typed)
    assert is_filename_safe(stored)
    assert "/" not in stored
    assert ".." not in stored


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(typed: str) -> None:
    assert normalised(normalised(typed)) == normalised(typed)


@given(st.text(max_size=80))
def test_length_is_counted_in_utf16_units(typed: str) -> None:
    assert utf16_length(typed) == len(typed.encode("utf-16-le", "surrogatepass")) // 2


def test_unknown_emojis_become_their_names_except_in_code() -> None:
    content = "<:a:1> <a:b:2> `<:c:3>` ```\n<:d:4>\n``` <:e:5>"
    assert without_unknown_emojis(content, {5}) == ":a: :b: `<:c:3>` ```\n<:d:4>\n``` <:e:5>"


@pytest.mark.parametrize(
    "address", ["https://example.com/a?b=c", "http://127.0.0.1:8080/cdn/a.png", "https://bücher.example/x"]
)
def test_addresses_that_pass(address: str) -> None:
    assert is_url(address)


@pytest.mark.parametrize(
    "address",
    ["http://localhost/x", "https://example.com/#x", "nope", "https://a@b.com", "http://[x", "https://exa mple.com"],
)
def test_addresses_that_do_not(address: str) -> None:
    assert not is_url(address)
