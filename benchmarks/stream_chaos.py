"""A thousand listeners on services that are killed while PostgreSQL and Redis come and go; each must hear all, once.

    python benchmarks/stream_chaos.py
    python benchmarks/stream_chaos.py --clients 200 --rounds 20

Exit status 1 when anything was lost, repeated or out of order.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

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
    print(json.dumps(asdict(result)))
    sys.exit(0 if result.is_clean else 1)


if __name__ == "__main__":
    main()
