"""Runs the benchmarks and writes what they print to docs/benchmarks.md.

    python benchmarks/results.py                  # all of them, about half an hour on two cores
    python benchmarks/results.py pacing resume    # some; the other rows of the page stay

Each benchmark is one command of its own and says what it compares with.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
RECORD = HERE / "results.jsonl"
BENCHMARKS = ("pacing", "ceiling", "files", "estimates", "memory", "resume", "ui", "fanout", "catchup")


def measured(name: str) -> list[dict[str, Any]]:
    """Return the figures of one benchmark."""
    done = subprocess.run([sys.executable, str(HERE / f"{name}.py")], stdout=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def page(figures: list[dict[str, Any]]) -> str:
    """Return the page."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# Benchmarks",
        "",
        f"Written by `benchmarks/results.py` on {datetime.now(UTC):%Y-%m-%d} ({machine}); the servers share the cores",
        "with what is measured. Each row is one figure of `python benchmarks/NAME.py`, whose first lines say how.",
        "",
        "| benchmark | figure | value | compared with | target | |",
        "|---|---|---|---|---|---|",
    ]
    for row in figures:
        target = "" if row["target"] is None else f"{'≤' if row['at_most'] else '≥'} {row['target']:g}"
        verdict = "" if row["target"] is None else "met" if row["is_met"] else "**missed**"
        value = f"{row['value']:g} {row['unit']}".strip()
        lines.append(
            f"| {row['benchmark']} | {row['name']} | {value} | {row['compared_with']} | {target} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, remember, and write the page."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    kept = [json.loads(line) for line in RECORD.read_text().splitlines()] if RECORD.exists() else []
    figures = [row for row in kept if row["benchmark"] not in wanted]
    for name in wanted:
        figures += measured(name)
    order = {name: place for place, name in enumerate(BENCHMARKS)}
    figures.sort(key=lambda row: order.get(row["benchmark"], len(order)))
    RECORD.write_text("".join(f"{json.dumps(row)}\n" for row in figures))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(figures))


if __name__ == "__main__":
    main()
