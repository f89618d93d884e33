"""A benchmark's figures: ratios against a named yardstick, printed as JSON lines that a results page is made from."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value, what it is compared with, and what it should reach (`at_most` for values to keep low)."""

    benchmark: str
    name: str
    value: float
    unit: str
    compared_with: str
    target: float | None = None
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value is on the right side of its target."""
        if self.target is None:
            return True
        return self.value <= self.target if self.at_most else self.value >= self.target


def show(figures: list[Figure]) -> int:
    """Print figures as JSON lines, what misses its target on stderr; return the exit status."""
    for figure in figures:
        print(json.dumps({**asdict(figure), "is_met": figure.is_met}), flush=True)
    missed = [figure for figure in figures if not figure.is_met]
    for figure in missed:
        word = "above" if figure.at_most else "below"
        print(f"{figure.benchmark}: {figure.name} is {word} {figure.target}: {figure.value}", file=sys.stderr)
    return 1 if missed else 0
