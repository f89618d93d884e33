"""The page about what arrives is what the clones came to, and its rows can tell when nothing arrived."""

from __future__ import annotations

from collections import Counter
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.fidelity.outcome import Outcome
from tests.fidelity.table import FEATURES, GENERATIONS, column, rendered

PAGE = Path(__file__).parent.parent.parent / "docs" / "fidelity.md"


def test_everything_arrives_in_a_way_that_is_known(outcome: Outcome) -> None:
    assert outcome.lost == {}


def test_no_row_finds_anything_where_nothing_was_cloned(outcome: Outcome) -> None:
    assert outcome.found_in_nothing == []


def test_the_page_says_what_was_found(outcome: Outcome, generation: str) -> None:
    written = PAGE.read_text(encoding="utf-8")
    columns = {each: column(written, each) for each in GENERATIONS}
    columns[generation] = outcome.cells
    difference = list(unified_diff(written.splitlines(), rendered(columns).splitlines(), "docs", "found", lineterm=""))
    if difference:
        pytest.fail("\n".join(["run `uv run python scripts/fidelity.py`:", *difference]), pytrace=False)


def test_rows_are_named_apart() -> None:
    assert len(FEATURES) > 90
    assert Counter((row.section, row.name) for row in FEATURES).most_common(1)[0][1] == 1
