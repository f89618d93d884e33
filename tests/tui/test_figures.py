from __future__ import annotations

import pytest

from reaper_tui.tui.figures import byte_size, counted, duration, elapsed, estimated, percent, roughly, text_bar


@pytest.mark.parametrize(
    ("number", "is_exact", "text"),
    [(1187, False, "~1,200"), (1187, True, "1,187"), (7, False, "~7"), (0, False, "~0"), (99, False, "~99")],
)
def test_estimates_are_rounded_behind_a_tilde(number: int, is_exact: bool, text: str) -> None:
    assert estimated(number, is_exact) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (12.4, "12 s"), (200, "3 min 20 s"), (1500, "25 min"), (3900, "1 h 05 min"), (180000, "2 d 2 h")],
)
def test_durations_name_their_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_rough_durations_drop_the_seconds() -> None:
    assert [roughly(at) for at in (0.2, 40, 200, 700)] == ["1 s", "40 s", "3 min", "12 min"]


def test_elapsed_shows_hours() -> None:
    assert elapsed(49 * 3600 + 5) == "49:00:05"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (14_200_000, "14.2 MB"), (999, "999 B"), (3 * 10**15, "3000 TB")]
)
def test_sizes_have_a_unit(size: int, text: str) -> None:
    assert byte_size(size) == text


def test_a_hundred_percent_means_all_of_it() -> None:
    assert percent(9_999_999, 10_000_000) == 99
    assert percent(10, 10) == 100
    assert percent(0, 0) == 0


def test_a_bar_tells_by_shape_how_far_it_is() -> None:
    assert text_bar(0, 10, 4, "", "").plain == "┄┄┄┄"
    assert text_bar(5, 10, 5, "", "").plain == "━━╸┄┄"
    assert text_bar(10, 10, 4, "", "").plain == "━━━━"
    assert len(text_bar(99, 10, 4, "", "").plain) == 4


def test_one_is_singular() -> None:
    assert counted(1, "match", "matches") == "1 match"
    assert counted(1200, "channel") == "1,200 channels"
