"""The garbage collector leaves alone what stands at the start."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from reaper_tui.heap import settle


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_stands_at_the_start_is_not_looked_through_again(collector: None) -> None:
    before = gc.get_freeze_count()
    settle()
    assert gc.get_freeze_count() > before
    assert len(gc.get_objects()) < 1000


def test_what_came_since_is_looked_through_in_smaller_pieces_for_a_screen(collector: None) -> None:
    settle()
    most = gc.get_threshold()
    settle(for_screen=True)
    least = gc.get_threshold()
    assert least[0] * least[1] < most[0] * most[1] / 10
    assert least[0] * least[1] * least[2] >= most[0] * most[1] * most[2] * 0.8
