from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reaper_tui.model.errors import AccessDenied, ServiceDown
from reaper_tui.model.summary import (
    AttachmentCount,
    HttpCount,
    MessageCount,
    Party,
    StructureCount,
    Summary,
    Verification,
)
from reaper_tui.tui.bridge import problem_of
from reaper_tui.tui.glyphs import Tone
from reaper_tui.tui.verdict import exit_code, verdict

GOOD = Summary(
    run_id=1,
    state="done",
    source=Party("1", "a"),
    target=Party("2", "b"),
    structure={"roles": StructureCount(1, 1, 0, 0)},
    messages=MessageCount(12, 10, 0, {"pin_notice": 2}, 0, 0, 0),
    attachments=AttachmentCount(),
    http=HttpCount(),
    verify=Verification(checked=10),
)


def changed(**changes: object) -> Summary:
    return msgspec.structs.replace(GOOD, **changes)


def test_only_a_faithful_run_is_green() -> None:
    assert verdict(GOOD, None).sign.tone is Tone.SUCCESS
    assert exit_code(GOOD, None) == 0


@pytest.mark.parametrize(
    ("summary", "word", "code"),
    [
        (changed(messages=MessageCount(12, 9, 0, {"pin_notice": 2}, 1, 0, 0)), "1 message failed", 1),
        (changed(messages=MessageCount(12, 9, 0, {"pin_notice": 2}, 0, 1, 0)), "1 message uncertain", 1),
        (changed(messages=MessageCount(13, 10, 0, {"pin_notice": 2}, 0, 0, 0)), "do not add up", 1),
        (changed(verify=Verification(checked=10, missing=1)), "differences", 1),
        (changed(structure={"roles": StructureCount(1, 0, 0, 1)}), "1 item", 1),
        (changed(state="stopped", messages=MessageCount(12, 5, 0, {"pin_notice": 2}, 0, 0, 5)), "Stopped", 10),
        (changed(state="failed"), "Failed", 1),
        (changed(note="the archive is incomplete"), "Done, but", 1),
    ],
)
def test_anything_else_is_not(summary: Summary, word: str, code: int) -> None:
    outcome = verdict(summary, None)
    assert word in outcome.title
    assert outcome.sign.tone is not Tone.SUCCESS
    assert exit_code(summary, None) == code


@pytest.mark.parametrize(
    ("error", "code"), [(AccessDenied("no", "ask"), 3), (ServiceDown("down"), 4), (RuntimeError("x"), 1)]
)
def test_a_problem_decides_the_exit_code(error: Exception, code: int) -> None:
    assert exit_code(None, problem_of(error, Path("log"))) == code


def test_a_stopped_run_says_what_is_left_and_how_to_go_on() -> None:
    left = changed(state="stopped", messages=MessageCount(12, 5, 0, {"pin_notice": 2}, 0, 0, 5))
    assert "5 messages still to be sent" in verdict(left, None).lines[0]


def test_nothing_run_is_not_an_error() -> None:
    assert exit_code(None, None) == 0
