"""The most memory a whole clone ever holds, by the number of messages it carries.

    python benchmarks/memory.py                       # 10,000 and 100,000 messages
    python benchmarks/memory.py --messages 10000 --messages 1000000

Limits are out of the way; servers run in another process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from figures import Figure, show
from programs import PROGRAM, environment, sandbox

ALLOWED_GROWTH_MB = 30.0
CEILING_MB = 200.0


def clone(messages: int, channels: int) -> tuple[float, float]:
    """Return the peak in MB and the seconds of a clone with so many messages."""
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder), Path(folder) / "memory.toml"
        with sandbox(home, profile, "--messages", str(messages), "--channels", str(channels), "--speed", "10000"):
            began = time.monotonic()
            done = subprocess.run(
                [*PROGRAM, "run", str(profile), "--json"],
                capture_output=True,
                text=True,
                env=environment(home),
                check=False,
            )
            took = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"memory: the run ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)["peak_rss_mb"], took


@click.command()
@click.option("--messages", "sizes", multiple=True, type=int, default=(10_000, 100_000), show_default=True)
@click.option("--channels", default=30, show_default=True)
def main(sizes: tuple[int, ...], channels: int) -> None:
    """Print the peak of each size, and how it grew beyond the smallest."""
    figures: list[Figure] = []
    least: float | None = None
    for size in sorted(sizes):
        peak, took = clone(size, channels)
        print(f"memory: {size:,} messages: {peak:.1f} MB, {took:.0f} s, {size / took:.0f}/s", file=sys.stderr)
        figures.append(
            Figure("memory", f"peak at {size:,} messages", peak, "MB", "the limit", CEILING_MB, at_most=True)
        )
        if least is None:
            least = peak
        else:
            growth = round(peak - least, 1)
            name = f"growth from {min(sizes):,} to {size:,} messages"
            figures.append(Figure("memory", name, growth, "MB", "the smallest", ALLOWED_GROWTH_MB, at_most=True))
    raise SystemExit(show(figures))


if __name__ == "__main__":
    main()
