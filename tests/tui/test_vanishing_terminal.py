"""A signal comes, or the terminal goes away, while the screen is being painted: the app drains and ends."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def in_terminal(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the app on a fake; yield it, and our end of its terminal, once the run is on its way."""
    ours, theirs = pty.openpty()
    surroundings = {**processes.environment(home), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.fakes", "demo", "start", *options],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=surroundings,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        seen = b""
        while b"running" not in seen:
            seen += os.read(ours, 65536)
        yield program, ours
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_own_code(tmp_path: Path, number: int, code: int) -> None:
    with in_terminal(tmp_path, "fast") as (program, ours):
        program.send_signal(number)
        with contextlib.suppress(OSError):
            while os.read(ours, 65536):
                pass
        os.close(ours)
        assert program.wait(timeout=30) == code


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_run_ends_with_its_terminal(tmp_path: Path, hangs_up: bool) -> None:
    with in_terminal(tmp_path, "fast") as (program, ours):
        os.close(ours)
        if hangs_up:
            program.send_signal(signal.SIGHUP)
        assert program.wait(timeout=30) == 129


def test_a_run_goes_on_without_its_terminal_where_that_is_wished(tmp_path: Path) -> None:
    with in_terminal(tmp_path, "calm", "keep") as (program, ours):
        os.close(ours)
        program.send_signal(signal.SIGHUP)
        assert program.wait(timeout=60) == 0
