"""The log as a person reads it: newest lines, followed through a rotation, unable to steer the terminal."""

from __future__ import annotations

from pathlib import Path

from reaper_tui.log_reader import follow_log, newest_lines, readable


def test_newest_lines_reach_back_behind_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert newest_lines(path, 5) == []
    (tmp_path / "x.log.1").write_text("one\ntwo\n")
    path.write_text("three\n")
    assert newest_lines(path, 2) == ["two", "three"]
    assert newest_lines(path, 0) == []


def test_followed_lines_come_whole_and_once_through_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("old\n")

    def add(text: str) -> None:
        with path.open("a") as file:
            file.write(text)

    def rotate() -> None:
        path.rename(tmp_path / "x.log.1")
        path.write_text("after\n")

    steps = iter((lambda: add("new 1\nhal"), lambda: add("f\n"), rotate))
    lines = follow_log(path, lambda: next(steps)())
    assert [next(lines) for _ in range(3)] == ["new 1", "half", "after"]


def test_a_line_reads_well_and_cannot_steer_the_terminal() -> None:
    line = '{"at": "2026-11-28T16:40:01+0000", "level": "warning", "from": "a.b", "text": "x \\u001b[2J y"}'
    assert readable(line) == "2026-11-28 16:40:01 warning a.b: x [2J y"
    assert readable("no json \x1b]0;x\x07") == "no json ]0;x"
    assert readable('{"trace": "a\\nb"}').endswith("\na\nb")
