"""Writes docs/fidelity.md: what a clone of one of everything becomes in each generation of Fluxer."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fidelity.outcome import clone_everything  # noqa: E402 - the path above has to be set first
from tests.fidelity.table import GENERATIONS, rendered  # noqa: E402


def main() -> int:
    """Clone into each generation; return 1 when something arrived in no way that is known."""
    columns: dict[str, dict[str, str]] = {}
    lost: list[str] = []
    for generation in GENERATIONS:
        with tempfile.TemporaryDirectory() as home:
            outcome = asyncio.run(clone_everything(generation, Path(home)))
        columns[generation] = outcome.cells
        lost += [f"{generation}: {name}: {found}" for name, found in outcome.lost.items()]
    page = ROOT / "docs" / "fidelity.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(rendered(columns), encoding="utf-8")
    print(*lost, sep="\n")
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
