"""How far the time a plan promises lies from the time the run then takes.

    python benchmarks/estimates.py

Communities of several shapes, limits and settings are planned, then carried over; each figure is the difference in
percent of the promise. The servers run in another process on the same cores, their buckets refill faster by a factor.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click
from figures import Figure, show
from programs import PROGRAM, environment, sandbox


class Shape(NamedTuple):
    """A community and how it is carried over."""

    name: str
    messages: int
    channels: int
    factor: int
    speed: str = ""


SHAPES = (
    Shape("many channels, buckets wide", 6000, 30, 200),
    Shape("few channels, buckets tight", 1500, 8, 5),
    Shape("one big channel, many webhooks", 4000, 1, 20),
    Shape("one webhook a channel", 1500, 8, 20, "webhooks_per_channel = 1"),
    Shape("two webhooks in one channel", 1500, 1, 20, "webhooks_per_channel = 2"),
    Shape("a ceiling of the user's", 1500, 8, 50, "max_messages_per_minute = 3000"),
    Shape("mostly structure", 100, 40, 10),
)


def difference(shape: Shape) -> tuple[float, float]:
    """Return the promised and the real seconds of a run."""
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder), Path(folder) / "estimates.toml"
        options = ("--messages", str(shape.messages), "--channels", str(shape.channels), "--speed", str(shape.factor))
        with sandbox(home, profile, *options):
            if shape.speed:
                profile.write_text(f"{profile.read_text()}\n[speed]\n{shape.speed}\n")
            told = [_document(home, command, profile) for command in ("plan", "run")]
    return told[0]["seconds"], told[1]["duration_s"]


def _document(home: Path, command: str, profile: Path) -> dict[str, float]:
    done = subprocess.run(
        [*PROGRAM, command, str(profile), "--json"],
        capture_output=True, text=True, env=environment(home), check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"estimates: {command} ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


@click.command()
def main() -> None:
    """Print by how many percent runs of several shapes miss what their plans promised."""
    figures: list[Figure] = []
    for shape in SHAPES:
        promised, took = difference(shape)
        print(f"estimates: {shape.name}: {promised:.1f} s promised, {took:.1f} s taken", file=sys.stderr, flush=True)
        off = round(100 * abs(took - promised) / promised, 1)
        figures.append(Figure("estimates", f"{shape.name} ({took:.0f} s)", off, "%", "the plan", 20.0, at_most=True))
    raise SystemExit(show(figures))


if __name__ == "__main__":
    main()
