"""The app under load, in a real terminal.

    python benchmarks/ui.py

Measures the time from start to the first paint, and from a key to its paint, beside the limits they have to keep (1 s
and 100 ms): while 2,000 messages a second pass, made up by `passing.py`, with the processor's share beside that of 20 a
second; and while a whole run goes as fast as it can, with both servers in a process on the same cores. The keys are 2
and 3: at 120×40, where log and messages stand together, they move the mark; at 80×24 one takes the other's place.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import psutil
from figures import Figure, show
from programs import PROGRAM, sandbox

FIRST_PAINT, KEY_TO_PAINT = 1.0, 100.0
PASSING, FEW = 2000, 20
PASSING_PROGRAM = [sys.executable, str(Path(__file__).with_name("passing.py"))]
LARGE, SMALL = (40, 120), (24, 80)


class Terminal:
    """A program in a pseudo-terminal; what it drew so far is `seen`."""

    def __init__(self, home: Path, *command: str, size: tuple[int, int] = LARGE) -> None:
        import fcntl
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "HOME": str(home),
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")},
        }
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.seen = bytearray()

    def press(self, key: bytes) -> float:
        os.write(self._ours, key)
        return time.perf_counter()

    def wait_for(self, pattern: bytes, seconds: float = 120, behind: int = 0) -> float:
        """Return when what was drawn first holds a pattern behind a place."""
        deadline = time.perf_counter() + seconds
        while not re.compile(pattern).search(self.seen, behind):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{pattern!r} was never drawn")
            self.read(0.5)
        return time.perf_counter()

    def read(self, seconds: float) -> None:
        if select.select([self._ours], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.seen += os.read(self._ours, 1 << 16)

    def read_for(self, seconds: float) -> None:
        """Read for so long."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.read(0.005)

    def share(self, seconds: float) -> float:
        """Return the share of one core the program takes, in percent."""
        before = self.worked
        self.read_for(seconds)
        return 100 * (self.worked - before) / seconds

    @property
    def worked(self) -> float:
        """Return for how many seconds the program had a processor."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def close(self) -> None:
        os.close(self._ours)
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        self.process.kill()


def first_paint(home: Path) -> tuple[float, float]:
    """Return seconds until the first screen stands, and how long a processor worked for it."""
    terminal = Terminal(home, *PROGRAM)
    try:
        span = terminal.wait_for(b"There is no profile yet") - terminal.started
        return span, terminal.worked
    finally:
        terminal.close()


@contextlib.contextmanager
def sending(home: Path, *command: str, size: tuple[int, int] = LARGE) -> Generator[Terminal]:
    """Yield the app where messages pass."""
    terminal = Terminal(home, *command, size=size)
    try:
        terminal.wait_for(rb"\d+/\d+ channels")
        terminal.press(b"c")
        terminal.wait_for(b"before you start")
        terminal.press(b"s")
        terminal.wait_for(rb"sending")
        yield terminal
    finally:
        terminal.close()


def key_to_paint(terminal: Terminal, keys: int) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds from a key to what it shows."""
    spans: list[float] = []
    for number in range(keys):
        behind = len(terminal.seen)
        key, drawn = (b"3", "Messages ◂") if number % 2 == 0 else (b"2", "Log ◂")
        pressed = terminal.press(key)
        spans.append(terminal.wait_for(drawn.encode(), 20, behind) - pressed)
        terminal.read_for(0.037)
    spans.sort()
    rates = re.findall(r"([\d,]+)/min", terminal.seen.decode(errors="replace"))
    print(
        f"ui: {keys} keys while {rates[-1]} messages a minute passed, worst {spans[-1] * 1000:.0f} ms", file=sys.stderr
    )
    return spans[len(spans) // 2] * 1000, spans[min(len(spans) - 1, int(len(spans) * 0.99))] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--seconds", type=float, default=10, help="how long the processor's share is taken")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        starts = sorted(first_paint(home) for _ in range(options.starts))
        middle = starts[len(starts) // 2][0]
        print(
            f"ui: first paint worst {starts[-1][0]:.2f} s, at least {min(work for _, work in starts):.2f} s of it work",
            file=sys.stderr,
        )
        with sending(home, *PASSING_PROGRAM, "--rate", str(FEW)) as terminal:
            few = terminal.share(options.seconds)
        with sending(home, *PASSING_PROGRAM, "--rate", str(PASSING)) as terminal:
            many = terminal.share(options.seconds)
            passing = key_to_paint(terminal, options.keys)
        with sending(home, *PASSING_PROGRAM, "--rate", str(PASSING), size=SMALL) as terminal:
            small = key_to_paint(terminal, options.keys)
        profile = home / "bench.toml"
        shape = ("--messages", str(options.messages), "--channels", "40", "--speed", "2000")
        with sandbox(home, profile, *shape), sending(home, *PROGRAM, str(profile)) as terminal:
            full = key_to_paint(terminal, options.keys)
    rows = [Figure("ui", "start to first paint", round(middle, 2), "s", "the limit", FIRST_PAINT, at_most=True)]
    for what, (p50, p99) in ((f"{PASSING:,} messages a second", passing), (f"{PASSING:,} a second, 80×24", small)):
        rows.append(Figure("ui", f"key to paint p50, {what}", round(p50), "ms", "no limit of its own"))
        rows.append(
            Figure("ui", f"key to paint p99, {what}", round(p99), "ms", "the limit", KEY_TO_PAINT, at_most=True)
        )
    for which, span in zip(("p50", "p99"), full, strict=True):
        shared = "both servers share the cores"
        rows.append(Figure("ui", f"key to paint {which}, a run at full speed", round(span), "ms", shared))
    share = f"{few:.1f} % at {FEW} a second"
    rows.append(Figure("ui", f"processor, {PASSING:,} messages a second", round(many, 1), "% of a core", share))
    raise SystemExit(show(rows))


if __name__ == "__main__":
    main()
