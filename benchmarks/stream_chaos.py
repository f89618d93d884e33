"""A thousand listeners on services that are killed while PostgreSQL and Redis come and go; each must hear all, once.

    python benchmarks/stream_chaos.py
    python benchmarks/stream_chaos.py --clients 200 --rounds 20

Two more read nothing until they are sent away, and come back with the cursor they got to. Exit status 1 when anything
was lost, repeated or out of order.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import click
from figures import Figure, show

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.stream.chaos import chaos


@click.command()
@click.option("--clients", default=1000, show_default=True)
@click.option("--rounds", default=10, show_default=True, help="Kills, outages and looks, by turns.")
@click.option("--rate", default=20.0, show_default=True, help="Messages a second.")
@click.option("--pause", default=2.0, show_default=True, help="Seconds between two of them, and of an outage.")
def main(clients: int, rounds: int, rate: float, pause: float) -> None:
    """Count what was lost, repeated or out of order."""
    with tempfile.TemporaryDirectory(prefix="reaper-tui-stream-") as scratch:
        result = asyncio.run(chaos(Path(scratch), clients=clients, rounds=rounds, rate=rate, pause=pause))
    print(
        f"stream_chaos: {clients} listeners heard {result.published} messages, {result.deliveries:,} deliveries in "
        f"{result.seconds:.0f} s; {result.kills} kills, {result.outages} outages, {result.reconnects:,} times back; "
        f"{result.deaf_dismissed} of {result.deaf} deaf ones were sent away after {result.deaf_heard_before} messages, "
        f"came back and heard the rest; gaps {result.gaps}, repeated on the wire {result.repeats_on_the_wire}",
        file=sys.stderr,
    )
    of = f"{result.deliveries:,} deliveries, {result.kills} kills, {result.outages} outages"
    wrong = {
        "lost": result.lost + result.gaps,
        "repeated": result.repeated + result.repeats_on_the_wire,
        "listeners that heard out of order": result.disordered,
        "deaf listeners kept": result.deaf - result.deaf_dismissed,
    }
    raise SystemExit(
        show([Figure("stream_chaos", name, count, "", of, 0, at_most=True) for name, count in wrong.items()])
    )


if __name__ == "__main__":
    main()
