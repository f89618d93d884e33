"""Serves until SIGINT or SIGTERM, after one JSON line of connection facts."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import click

from . import FluxerServer
from .generation import GENERATIONS


async def serve(server: FluxerServer, port: int) -> None:
    """Run the server until a signal comes."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await server.start(port=port)
    try:
        sys.stdout.write(json.dumps(server.facts()) + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await server.stop()


@click.command()
@click.option("--port", default=0, help="0 picks a free one.")
@click.option("--speed", default=1.0, help="Every limit refills so many times faster.")
@click.option("--generation", default="2026-02", type=click.Choice(tuple(GENERATIONS)))
@click.option("--seed", default=0, help="Decides the token and the first ids.")
@click.option("--store", type=click.Path(path_type=Path, dir_okay=False), help="Keep the state in this file.")
def main(port: int, speed: float, generation: str, seed: int, store: Path | None) -> None:
    """A Fluxer server on loopback."""
    asyncio.run(serve(FluxerServer(generation=generation, speed=speed, seed=seed, store=store), port))


if __name__ == "__main__":
    main()
