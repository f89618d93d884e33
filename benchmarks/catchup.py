"""Storms of listeners who all come back far behind, and what somebody who is up to date notices of them.

    python benchmarks/catchup.py
    python benchmarks/catchup.py --clients 200 --behind 10000 --rate 50 --storms 5

The latencies of all storms together give the percentiles: one storm has too few messages for a 99th. All clients share
the machine with the server, so the cores are full; `others` is what programs that have no part in this used meanwhile.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import click
import psutil
from fanout import HERE, popen, until_ready
from fanout_client import Crowd, percentile
from figures import Figure, show

PATIENCE = 120.0
CALM_SECONDS = 5.0
MOST_SECONDS = 5.0
MOST_MILLISECONDS = 10.0


@click.command()
@click.option("--clients", default=200, show_default=True)
@click.option("--behind", default=10_000, show_default=True, help="Events that each of them missed.")
@click.option("--rate", default=50.0, show_default=True, help="Messages a second meanwhile.")
@click.option("--storms", default=5, show_default=True, help="How often all of them come.")
@click.option("--watch", type=int, hidden=True, help="Be the one who is up to date, on this port.")
def main(clients: int, behind: int, rate: float, storms: int, watch: int | None) -> None:
    """Measure catching up; the exit status is 1 when a figure misses its target."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    if watch is not None:
        watch_live(watch)
        return
    with tempfile.TemporaryDirectory(prefix="reaper-tui-catchup-") as scratch:
        command = [sys.executable, str(HERE / "fanout_servers.py"), "ours", scratch, str(behind)]
        process = popen(command)
        assert process.stdin is not None and process.stdout is not None
        try:
            port = int(process.stdout.readline())
            until_ready(port)
            watcher = popen([sys.executable, __file__, "--watch", str(port)])
            assert watcher.stdout is not None
            watcher.stdout.readline()
            process.stdin.write(f"{rate} {PATIENCE}\n")
            process.stdin.flush()
            told(watcher)
            time.sleep(CALM_SECONDS)
            calm = told(watcher)
            took: list[float] = []
            storm: list[float] = []
            others = 0.0
            for _ in range(storms):
                told(watcher)
                foreign = Foreign(process.pid, watcher.pid)
                began = time.monotonic()
                crowd = Crowd(port, clients, path="/ws?after=earliest")
                crowd.read(PATIENCE, lambda crowd=crowd: min(crowd.counts.values()) >= behind)
                took.append(time.monotonic() - began)
                storm += told(watcher)
                others = max(others, foreign.share())
                if short := sum(count < behind for count in crowd.counts.values()):
                    raise click.ClickException(f"{short} clients did not catch up in {PATIENCE:.0f} s")
                crowd.close()
                time.sleep(0.5)
            watcher.kill()
            watcher.wait()
        finally:
            process.kill()
            process.wait()
    slowest = max(took)
    print(
        f"catchup: {clients} listeners {behind} behind live in {slowest:.2f} s at most "
        f"({clients * behind * storms / sum(took):,.0f} events/s); meanwhile one who is up to date waited "
        f"p50 {percentile(storm, 0.5) * 1000:.2f} ms, p99 {percentile(storm, 0.99) * 1000:.2f} ms, "
        f"at most {max(storm) * 1000:.2f} ms for {len(storm)} messages; "
        f"calm p50 {percentile(calm, 0.5) * 1000:.2f} ms, p99 {percentile(calm, 0.99) * 1000:.2f} ms; "
        f"others used at most {others:.0%} of the machine",
        file=sys.stderr,
    )
    raise SystemExit(
        show(
            [
                Figure(
                    "catchup",
                    f"{clients} listeners {behind:,} behind are live",
                    round(slowest, 2),
                    "s",
                    f"the slowest of {storms} storms",
                    MOST_SECONDS,
                    at_most=True,
                ),
                Figure(
                    "catchup",
                    "p99 of one who is up to date meanwhile",
                    round(percentile(storm, 0.99) * 1000, 2),
                    "ms",
                    f"{percentile(calm, 0.99) * 1000:.1f} ms when calm",
                    MOST_MILLISECONDS,
                    at_most=True,
                ),
            ]
        )
    )


class Foreign:
    """What programs that are no part of the measurement use of the machine."""

    def __init__(self, *own: int) -> None:
        self._own = [psutil.Process(number) for number in (*own, os.getpid())]
        self._began = time.monotonic()
        self._before = self._used()

    def share(self) -> float:
        """Return the share of all cores they used since the beginning."""
        spent = time.monotonic() - self._began
        return max(0.0, self._used() - self._before) / spent / (os.cpu_count() or 1)

    def _used(self) -> float:
        every = psutil.cpu_times()
        busy = every.user + every.system + every.nice + every.irq + every.softirq
        return busy - sum(sum(process.cpu_times()[:2]) for process in self._own)


def watch_live(port: int) -> None:
    """Be up to date and tell, when asked, how long each message since the last time took, in seconds."""
    crowd = Crowd(port, 1, path="/ws?after=live")
    crowd.read(0.3)
    print("watching", flush=True)
    os.set_blocking(sys.stdin.fileno(), False)
    while True:
        crowd.read(0.05)
        if sys.stdin.readline():
            print(json.dumps(crowd.latencies), flush=True)
            crowd.reset()


def told(watcher: subprocess.Popen[str]) -> list[float]:
    """Return what the one who is up to date measured since the last time."""
    assert watcher.stdin is not None and watcher.stdout is not None
    watcher.stdin.write("tell\n")
    watcher.stdin.flush()
    return json.loads(watcher.stdout.readline())


if __name__ == "__main__":
    main()
