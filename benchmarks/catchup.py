"""A storm of listeners who all come back far behind, and what somebody who is up to date notices of it.

python benchmarks/catchup.py
python benchmarks/catchup.py --clients 200 --behind 10000 --rate 50
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
from fanout import HERE, popen, until_ready
from fanout_client import Crowd, percentile

PATIENCE = 120.0


@click.command()
@click.option("--clients", default=200, show_default=True)
@click.option("--behind", default=10_000, show_default=True, help="Events that each of them missed.")
@click.option("--rate", default=50.0, show_default=True, help="Messages a second meanwhile.")
@click.option("--watch", type=int, hidden=True, help="Be the one who is up to date, on this port.")
@click.option("--json", "as_json", is_flag=True)
def main(clients: int, behind: int, rate: float, watch: int | None, as_json: bool) -> None:
    """Measure catching up."""
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
            assert watcher.stdin is not None and watcher.stdout is not None
            watcher.stdout.readline()
            process.stdin.write(f"{rate} {PATIENCE}\n")
            process.stdin.flush()
            calm = told(watcher, 2.0)
            began = time.monotonic()
            watcher.stdin.write("reset\n")
            watcher.stdin.flush()
            crowd = Crowd(port, clients, path="/ws?after=earliest")
            crowd.read(PATIENCE, lambda: min(crowd.counts.values()) >= behind)
            seconds = time.monotonic() - began
            storm = told(watcher, 0.0)
            short = sum(count < behind for count in crowd.counts.values())
            crowd.close()
            watcher.kill()
            watcher.wait()
        finally:
            process.kill()
            process.wait()
    figures = {
        "clients": clients,
        "behind": behind,
        "seconds": round(seconds, 2),
        "events_per_second": round(clients * behind / seconds),
        "not_caught_up": short,
        "calm_p50_ms": calm[0],
        "calm_p99_ms": calm[1],
        "storm_p50_ms": storm[0],
        "storm_p99_ms": storm[1],
        "load": os.getloadavg()[0],
    }
    print(json.dumps(figures) if as_json else "\n".join(f"{name:20}{value}" for name, value in figures.items()))


def watch_live(port: int) -> None:
    """Be up to date and say, when asked, how long messages take: p50 and p99 in milliseconds."""
    crowd = Crowd(port, 1, path="/ws?after=live")
    crowd.read(0.3)
    print("watching", flush=True)
    os.set_blocking(sys.stdin.fileno(), False)
    while True:
        crowd.read(0.05)
        line = sys.stdin.readline()
        if line == "reset\n":
            crowd.reset()
        elif line == "tell\n":
            shares = [round(percentile(crowd.latencies, share) * 1000, 2) for share in (0.5, 0.99)]
            print(*shares, flush=True)


def told(watcher: subprocess.Popen[str], after: float) -> tuple[float, float]:
    """Return what the one who is up to date measured since the last reset."""
    assert watcher.stdin is not None and watcher.stdout is not None
    time.sleep(after)
    watcher.stdin.write("tell\n")
    watcher.stdin.flush()
    first, second = watcher.stdout.readline().split()
    return float(first), float(second)


if __name__ == "__main__":
    main()
