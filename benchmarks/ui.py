"""The app under load, in a real terminal against the sandbox in a process of its own.

    python benchmarks/ui.py

Measures the time from start to the first paint, and from a key to its paint while messages pass as fast as they go,
beside the limits they have to keep (1 s and 100 ms).
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
from pathlib import Path

import psutil
from figures import Figure, show
from programs import PROGRAM, sandbox

FIRST_PAINT, KEY_TO_PAINT = 1.0, 100.0
ROOM = struct.pack("HHHH", 40, 120, 0, 0)


class Terminal:
    """A program in a pseudo-terminal; what it drew so far is `seen`."""

    def __init__(self, home: Path, *arguments: str) -> None:
        import fcntl
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, ROOM)
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "HOME": str(home),
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")},
        }
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.seen = b""

    def press(self, key: bytes) -> float:
        os.write(self._ours, key)
        return time.perf_counter()

    def wait_for(self, pattern: bytes, seconds: float = 120, behind: int = 0) -> float:
        """Return when what was drawn first holds a pattern behind a place."""
        deadline = time.perf_counter() + seconds
        while not re.search(pattern, self.seen[behind:]):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{pattern!r} was never drawn")
            self.read(0.5)
        return time.perf_counter()

    def read(self, seconds: float) -> None:
        if select.select([self._ours], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.seen += os.read(self._ours, 1 << 16)

    def close(self) -> None:
        os.close(self._ours)
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        self.process.kill()


def first_paint(home: Path) -> tuple[float, float]:
    """Return seconds until the first screen stands, and how long a processor worked for it."""
    terminal = Terminal(home)
    try:
        span = terminal.wait_for(b"There is no profile yet") - terminal.started
        times = psutil.Process(terminal.process.pid).cpu_times()
        return span, times.user + times.system
    finally:
        terminal.close()


def key_to_paint(home: Path, profile: Path, keys: int) -> tuple[list[float], str]:
    terminal = Terminal(home, str(profile))
    try:
        terminal.wait_for(rb"\d+/\d+ channels")
        terminal.press(b"c")
        terminal.wait_for(b"before you start")
        terminal.press(b"s")
        terminal.wait_for(rb"sending")
        spans: list[float] = []
        for number in range(keys):
            behind = len(terminal.seen)
            key, drawn = (b"3", "Messages ◂") if number % 2 == 0 else (b"2", "Log ◂")
            pressed = terminal.press(key)
            spans.append(terminal.wait_for(drawn.encode(), 20, behind) - pressed)
            pause = time.perf_counter() + 0.037
            while time.perf_counter() < pause:
                terminal.read(0.005)
        rates = re.findall(r"([\d,]+)/min", terminal.seen.decode(errors="replace"))
        return spans, rates[-1] if rates else "?"
    finally:
        terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--messages", type=int, default=40_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        starts = sorted(first_paint(home) for _ in range(options.starts))
        middle = starts[len(starts) // 2][0]
        profile = home / "bench.toml"
        shape = ("--messages", str(options.messages), "--channels", "40", "--speed", "2000")
        with sandbox(home, profile, *shape):
            spans, rate = key_to_paint(home, profile, options.keys)
    spans.sort()
    p50, p99 = spans[len(spans) // 2] * 1000, spans[min(len(spans) - 1, int(len(spans) * 0.99))] * 1000
    print(
        f"ui: first paint worst {starts[-1][0]:.2f} s, {min(work for _, work in starts):.2f} s of a processor's work; "
        f"{len(spans)} keys while {rate} messages a minute passed, worst {spans[-1] * 1000:.0f} ms",
        file=sys.stderr,
    )
    raise SystemExit(
        show(
            [
                Figure("ui", "start to first paint", round(middle, 2), "s", "the limit", FIRST_PAINT, at_most=True),
                Figure("ui", "key to paint, p50", round(p50), "ms", "no limit of its own"),
                Figure("ui", "key to paint, p99", round(p99), "ms", "the limit", KEY_TO_PAINT, at_most=True),
            ]
        )
    )


if __name__ == "__main__":
    main()
