"""The terminal goes away while the screen is being painted: the app drains and ends, it never hangs."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).parents[2]


def in_terminal(tmp_path: Path, *options: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start the app on a fake; return it, and our end of its terminal, once the run is on its way."""
    ours, theirs = pty.openpty()
    surroundings = {**processes.environment(tmp_path), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
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
    seen = b""
    while b"running" not in seen:
        seen += os.read(ours, 65536)
    return program, ours


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_own_code(tmp_path: Path, number: int, code: int) -> None:
    program, ours = in_terminal(tmp_path, "fast")
    try:
        program.send_signal(number)
        with contextlib.suppress(OSError):
            while os.read(ours, 65536):
                pass
        assert program.wait(timeout=30) == code
    finally:
        program.kill()
        program.wait()
        os.close(ours)


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_run_ends_with_its_terminal(tmp_path: Path, hangs_up: bool) -> None:
    program, ours = in_terminal(tmp_path, "fast")
    try:
        os.close(ours)
        if hangs_up:
            program.send_signal(signal.SIGHUP)
        assert program.wait(timeout=30) == 129
    finally:
        program.kill()
        program.wait()


def test_a_run_goes_on_without_its_terminal_where_that_is_wished(tmp_path: Path) -> None:
    program, ours = in_terminal(tmp_path, "calm", "keep")
    try:
        os.close(ours)
        program.send_signal(signal.SIGHUP)
        assert program.wait(timeout=60) == 0
    finally:
        program.kill()
        program.wait()
