"""The terminal goes away while the screen is being painted: the app drains and ends, it never hangs."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_run_ends_with_its_terminal(tmp_path: Path, hangs_up: bool) -> None:
    ours, theirs = pty.openpty()
    surroundings = {**processes.environment(tmp_path), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.fakes", "demo", "start", "fast"],
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
        os.close(ours)
        if hangs_up:
            program.send_signal(signal.SIGHUP)
        assert program.wait(timeout=30) == 129
    finally:
        program.kill()
        program.wait()


def test_a_run_goes_on_without_its_terminal_where_that_is_wished(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    surroundings = {**processes.environment(tmp_path), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.fakes", "demo", "start", "calm", "keep"],
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
        os.close(ours)
        program.send_signal(signal.SIGHUP)
        assert program.wait(timeout=60) == 0
    finally:
        program.kill()
        program.wait()
