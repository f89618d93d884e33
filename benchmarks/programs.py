"""The program as its users run it: a sandbox and runs, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROGRAM = [sys.executable, "-m", "reaper_tui"]


def environment(home: Path) -> dict[str, str]:
    """Surroundings of which nothing leaks in but what tokens may need."""
    # A user's second start does not compile the program anew.
    left_out = ("REAPER_", "XDG_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1"}


class Control:
    """The sandbox's control server; without one nothing can be asked."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=10)

    def set(self, faults: Sequence[str | dict[str, Any]]) -> None:
        """Turn on exactly these faults."""
        reply = self._client.post("/faults", json={"faults": list(faults)})
        if reply.status_code != 200:
            raise SystemExit(f"chaos: {reply.json()['error']}")

    def holds(self, name: str) -> bool:
        """Whether a fault has a request in its hands."""
        rows: list[dict[str, Any]] = self._client.get("/faults").json()["report"]
        return any(row["name"] == name and row["holding"] for row in rows)

    def struck(self) -> dict[str, int]:
        """How often each fault struck."""
        counts: dict[str, int] = {}
        for row in self._client.get("/faults").json()["report"]:
            counts[row["name"]] = counts.get(row["name"], 0) + row["struck"]
        return counts

    def close(self) -> None:
        """Drop the connection."""
        self._client.close()


@contextmanager
def sandbox(home: Path, profile: Path, *options: str) -> Iterator[dict[str, Any]]:
    """A sandbox that keeps its state beside the profile; yields its facts."""
    process = subprocess.Popen(
        [*PROGRAM, "sandbox", "--profile-out", str(profile), "--state", str(profile.with_suffix(".json")), *options],
        stdout=subprocess.PIPE,
        env=environment(home),
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit("chaos: the sandbox did not start")
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Run:
    """One `run`, left running."""

    def __init__(self, home: Path, profile: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "run", str(profile), "--json", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(home),
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def wait(self, seconds: float) -> bool:
        """Let it run for so long; return whether it still does."""
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            time.sleep(0.002)
        return self.is_running

    def kill(self) -> bool:
        """SIGKILL it; return whether it was still running."""
        was_running = self.is_running
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return was_running


def finish(home: Path, profile: Path, seconds: float, *options: str) -> tuple[int | None, str]:
    """Run to the end; return the exit code, None if it took too long, and the summary or what was said last."""
    try:
        done = subprocess.run(
            [*PROGRAM, "run", str(profile), "--json", *options],
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment(home),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"no end after {seconds:g} s"
    return done.returncode, done.stdout.strip() or done.stderr[-2000:]
