"""Nouns: ids, names, text and the account of a run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.model.community import Channel, ChannelKind, ordered_channels
from reaper_tui.model.ids import created_at, optional_snowflake, parse_snowflake, snowflake_at, unix_seconds
from reaper_tui.model.names import clean_name, emoji_name, sticker_name, text_channel_name
from reaper_tui.model.permissions import CARRIED, ONLY_ON_DISCORD, carried, left_behind
from reaper_tui.model.summary import MessageCount, Party, StructureCount, Summary, Verification
from reaper_tui.model.text import cut_utf16, sanitise, sanitise_line, utf16_length

ANY_TEXT = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize("value", [True, None, 1.5, "", "x", -1, 1 << 63, "-5"])
def test_what_is_no_id(value: object) -> None:
    with pytest.raises(ValueError, match=r"id|invalid"):
        parse_snowflake(value)
    assert optional_snowflake(value) is None


def test_an_id_carries_its_time() -> None:
    moment = datetime(2025, 1, 31, 12, tzinfo=UTC)
    assert created_at(snowflake_at(moment)) == moment
    assert unix_seconds(snowflake_at(moment)) == moment.timestamp()
    assert parse_snowflake(str(snowflake_at(moment))) == snowflake_at(moment)


@given(ANY_TEXT)
def test_names_are_what_the_target_takes(name: str) -> None:
    assert 1 <= utf16_length(clean_name(name)) <= 100
    assert text_channel_name(name)
    assert 2 <= len(emoji_name(name)) <= 32
    assert emoji_name(name).replace("_", "a").isalnum()
    assert 2 <= utf16_length(sticker_name(name)) <= 30
    assert clean_name(clean_name(name)) == clean_name(name)


@given(ANY_TEXT, st.integers(0, 50))
def test_a_cut_fits_and_starts_alike(text: str, units: int) -> None:
    kept = cut_utf16(text, units)
    assert utf16_length(kept) <= units
    assert text.startswith(kept)
    assert kept == text or utf16_length(text[: len(kept) + 1]) > units


@given(st.text(st.characters(exclude_categories=()), max_size=100), st.integers(0, 40))
def test_sanitised_text_cannot_steer_a_terminal(text: str, limit: int) -> None:
    for shown in (sanitise(text, limit), sanitise_line(text, limit)):
        shown.encode()
        assert not any((ord(mark) < 32 and mark != "\n") or 0x7F <= ord(mark) < 0xA0 for mark in shown)
        assert not set(shown) & set("\u202e\u2066\u200b\u061c\ufeff")
        assert not limit or len(shown) <= limit
    assert "\n" not in sanitise_line(text)


def test_permissions_keep_what_both_know() -> None:
    assert carried(-1) == CARRIED
    assert all(carried(1 << bit) == 0 for bit in ONLY_ON_DISCORD)
    assert left_behind(1 << 31 | 1 << 10) == ("Use Application Commands",)


def test_channels_stand_as_a_sidebar_shows_them() -> None:
    def channel(number: int, kind: ChannelKind, parent: int | None = None, position: int = 0) -> Channel:
        return Channel(number, kind, str(number), parent, position)

    rows = (
        channel(1, ChannelKind.CATEGORY, position=1),
        channel(2, ChannelKind.CATEGORY, position=0),
        channel(3, ChannelKind.VOICE, 1, 0),
        channel(4, ChannelKind.TEXT, 1, 5),
        channel(5, ChannelKind.THREAD, 4),
        channel(6, ChannelKind.TEXT, None, 9),
        channel(7, ChannelKind.TEXT, 99),
    )
    assert [row.id for row in ordered_channels(rows)] == [7, 6, 2, 1, 4, 5, 3]


def summary(**changes: object) -> Summary:
    values: dict[str, object] = {
        "run_id": 1,
        "state": "done",
        "source": Party("1", "a"),
        "target": Party("2", "b"),
        "structure": {},
        "messages": MessageCount(source=3, sent=2, skipped={"x": 1}),
        "attachments": None,
        "http": None,
    }
    return Summary(**{**values, **changes})  # type: ignore[arg-type]


def test_only_a_whole_run_is_green() -> None:
    assert summary().is_faithful
    assert summary(verify=Verification(checked=2)).is_faithful
    for change in (
        {"state": "stopped"},
        {"messages": MessageCount(source=4, sent=2)},
        {"messages": MessageCount(source=3, sent=2, failed=1)},
        {"messages": MessageCount(source=3, sent=2, pending=1)},
        {"messages": MessageCount(source=3, sent=2, uncertain=1)},
        {"structure": {"roles": StructureCount(planned=1, failed=1)}},
        {"verify": Verification(extra=1)},
        {"verify": Verification(unreadable=1)},
    ):
        assert not summary(**change).is_faithful, change
