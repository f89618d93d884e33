"""The app in a real terminal: one clone from start to report, by keyboard."""

from __future__ import annotations

import time
from pathlib import Path

import pexpect
import pyte
import pytest

from tests import processes

SIZE = (24, 80)


class Terminal:
    """A program in a pseudo-terminal and the screen a person would see."""

    def __init__(self, home: Path, *arguments: str) -> None:
        surroundings = {**processes.environment(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._program = pexpect.spawn(
            processes.PROGRAM[0], [*processes.PROGRAM[1:], *arguments], dimensions=SIZE, env=surroundings, timeout=1
        )
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""

    def press(self, keys: str) -> None:
        self._program.send(keys)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while text not in "\n".join(self._screen.display):
            assert time.monotonic() < deadline, f"{text!r} never showed:\n" + "\n".join(self._screen.display)
            self._read()

    def exit_code(self, seconds: float = 20) -> int:
        deadline = time.monotonic() + seconds
        while self._program.isalive():
            assert time.monotonic() < deadline, "the program does not end"
            self._read()
        self._program.close()
        assert self._program.exitstatus is not None
        return self._program.exitstatus

    def _read(self) -> None:
        try:
            piece = self._program.read_nonblocking(65536, timeout=0.2)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += piece
        self._stream.feed(piece)


@pytest.mark.timeout(180)
def test_the_demo_from_start_to_report_by_keyboard(tmp_path: Path) -> None:
    terminal = Terminal(
        tmp_path, "demo", "--home", str(tmp_path / "demo"), "--messages", "120", "--channels", "3", "--speed", "100"
    )
    terminal.wait_for("3/3 channels")
    terminal.press("\r")
    terminal.wait_for("Nothing is written before you start")
    terminal.press("s")
    terminal.wait_for("everything arrived")
    terminal.press("\x11")
    assert terminal.exit_code() == 0
    assert b"\x1b[?1049l" in terminal.raw, "the terminal was not restored"
