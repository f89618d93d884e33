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
