"""What a plan promises follows from the target's buckets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.engine.estimate import LANES_AT_ONCE, left_seconds, pays_for_another, run_seconds

BACKLOGS = st.integers(0, 200_000)
SETTINGS = st.sampled_from(["auto", 1, 2, 5, 8])


def promised(lanes: dict[int, int], **more: Any) -> float:
    told = {"setting": "auto", "scale": 1.0, "per_minute": 0, "containers": len(lanes), "answer_seconds": 0.0, **more}
    setting, scale, per_minute = told.pop("setting"), told.pop("scale"), told.pop("per_minute")
    return run_seconds(0, 0, lanes, setting, scale, per_minute, **told)


def test_one_webhook_posts_sixty_at_once_and_then_one_a_second() -> None:
    assert promised({1: 60}, setting=1) < 5
    assert promised({1: 3660}, setting=1) == pytest.approx(3600, rel=0.01)
    assert promised({1: 3660}, setting=1, scale=10.0) == pytest.approx(360, rel=0.02)


def test_channels_go_side_by_side_and_a_ceiling_binds_them_all() -> None:
    assert promised(dict.fromkeys(range(8), 3660), setting=1) == pytest.approx(3600, rel=0.01)
    assert promised(dict.fromkeys(range(8), 600), per_minute=60) == pytest.approx(4800, rel=0.01)


def test_more_channels_than_are_posted_to_at_once_take_their_turns() -> None:
    assert promised(dict.fromkeys(range(2 * LANES_AT_ONCE), 3660), setting=1) == pytest.approx(7200, rel=0.01)


def test_bursts_are_spent_no_faster_than_posts_are_made() -> None:
    quick, slow = (promised({1: 300}, answer_seconds=seconds) for seconds in (0.0, 0.4))
    assert quick < 20
    assert slow > 300 * 0.6
    small = dict.fromkeys(range(1, 40), 60)
    alone, among_many = promised({0: 300}, scale=5.0), promised({0: 300, **small}, scale=5.0)
    assert alone < among_many < alone + 39 * 60 * 0.002


def test_a_target_that_answers_slowly_is_reckoned_with() -> None:
    assert promised({1: 400}, answer_seconds=1.0) == pytest.approx(606, rel=0.01)


def test_another_webhook_pays_only_for_a_wait_it_shortens() -> None:
    assert pays_for_another(0, 0, "auto", 8)
    assert not pays_for_another(20, 1, "auto", 8) and pays_for_another(21, 1, "auto", 8)
    assert not pays_for_another(10_000, 8, "auto", 15) and not pays_for_another(10_000, 3, "auto", 3)
    assert pays_for_another(1, 1, 2, 8) and not pays_for_another(10_000, 2, 2, 8)


@given(BACKLOGS, st.integers(1, 8), SETTINGS)
def test_what_is_left_takes_no_longer_than_with_the_webhooks_that_are_there(
    left: int, present: int, setting: int | str
) -> None:
    seconds = left_seconds([(left, present)], setting, 1.0, 0)
    assert 0 <= seconds <= left / present
    assert seconds >= (left - 60 * 8) / max(8, present)


@given(st.lists(st.tuples(BACKLOGS, st.integers(1, 8)), max_size=5), SETTINGS)
def test_more_to_send_never_takes_less_under_a_ceiling(lanes: list[tuple[int, int]], setting: int | str) -> None:
    total = sum(left for left, _ in lanes)
    assert left_seconds(lanes, setting, 1.0, 600) >= total / 10
