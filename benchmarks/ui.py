"""The app under load, in a real terminal against the sandbox in a process of its own.

Prints the time from start to the first paint, and from a key to its paint while messages pass, as percentiles and
beside the limits they have to keep (1 s and 100 ms).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

FIRST_PAINT_LIMIT, KEY_LIMIT = 1.0, 0.1
PROGRAM = [sys.executable, "-m", "reaper_tui"]
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


@contextlib.contextmanager
def sandbox(profile: Path, messages: int) -> Iterator[None]:
    shape = ["--messages", str(messages), "--channels", "40", "--speed", "2000"]
    program = subprocess.Popen([*PROGRAM, "sandbox", *shape, "--profile-out", str(profile)], stdout=subprocess.PIPE)
    assert program.stdout is not None
    json.loads(program.stdout.readline())
    try:
        yield
    finally:
        program.send_signal(signal.SIGINT)
        program.wait()


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
        share = middle / FIRST_PAINT_LIMIT
        print(f"start to first paint  median {middle:.2f} s, worst {starts[-1][0]:.2f} s; {share:.2f} of the limit")
        print(f"                      {min(work for _, work in starts):.2f} s of a processor's work")
        profile = home / "bench.toml"
        with sandbox(profile, options.messages):
            spans, rate = key_to_paint(home, profile, options.keys)
        spans.sort()
        p50, p99 = spans[len(spans) // 2], spans[min(len(spans) - 1, int(len(spans) * 0.99))]
        share = p99 / KEY_LIMIT
        print(f"key to paint          p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms; {share:.2f} of the limit")
        print(f"                      over {len(spans)} keys while {rate} messages a minute passed")


if __name__ == "__main__":
    main()
