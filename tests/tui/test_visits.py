"""Failures, verify and report of a profile, entered from the list or after a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reaper_tui.backend import LastRun, ProfileEntry
from reaper_tui.engine.control import RunState
from reaper_tui.exit_codes import WINDOW_OVER
from reaper_tui.model.errors import ProfileHeld
from reaper_tui.model.summary import Failure, Verification
from reaper_tui.tui.failure_groups import failure_lines, grouped
from reaper_tui.tui.modals.details import DetailsScreen
from reaper_tui.tui.next_step import Step, next_step
from reaper_tui.tui.screens.failures import FailuresScreen
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.review import ReviewScreen
from reaper_tui.tui.screens.transfer import TransferScreen
from reaper_tui.tui.screens.verify import VerifyScreen
from tests.tui.fakes import FINDINGS, START, FakeBackend
from tests.tui.pilots import click, opened, press, settle, shown, to_transfer


def entry(**values: object) -> ProfileEntry:
    run = LastRun(at=START, **values) if values else None  # type: ignore[arg-type]
    return ProfileEntry("p", Path("p.toml"), "A", "B", run)


@pytest.mark.parametrize(
    ("values", "step", "word"),
    [
        ({}, Step.CHOOSE, "new"),
        ({"state": "stopped", "pending": 4}, Step.RESUME, "stopped"),
        ({"state": "interrupted"}, Step.RESUME, "interrupted"),
        ({"state": "failed"}, Step.RESUME, "failed"),
        ({"state": "done", "failed": 2, "is_verified": False}, Step.RETRY, "done, but"),
        ({"state": "done", "settled": 9}, Step.VERIFY, "done"),
        ({"state": "done", "settled": 9, "is_verified": False}, Step.VERIFY, "done, but"),
        ({"state": "done", "settled": 9, "is_verified": True}, Step.AGAIN, "done and verified"),
        ({"state": "running", "runs_elsewhere": "process 7 on box"}, Step.WAIT, "running"),
    ],
)
def test_what_comes_next_follows_from_the_last_run(values: dict[str, object], step: Step, word: str) -> None:
    found = next_step(entry(**values))
    assert (found.step, found.sign.word) == (step, word)
    assert found.advice


async def test_going_on_leads_to_the_plan_with_what_was_chosen(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "g")
        await settle(pilot)
        assert isinstance(app.screen, ReviewScreen)


async def test_going_on_with_a_profile_held_elsewhere_says_who_holds_it(backend: FakeBackend) -> None:
    backend.entries = (entry(state="running", runs_elsewhere="process 7 on box"),)
    async with opened(backend) as (app, pilot):
        await press(pilot, "g")
        assert isinstance(app.screen, HomeScreen)
        assert "held by process 7 on box" in shown(app)


def test_failures_are_grouped_by_what_they_have_in_common() -> None:
    failures = [
        Failure("part", f"file {number}", f"“a{number}.png” has {number} MB", "5", str(number)) for number in (60, 70)
    ]
    failures.append(Failure("message", "by Eve", "content blocked", "5", "9"))
    groups = grouped(failures)
    assert [(group.cause, len(group.failures)) for group in groups] == [("… has … MB", 2), ("content blocked", 1)]
    assert dict(failure_lines(failures[2], "77"))["source"] == "https://discord.com/channels/77/5/9"


async def finished(backend: FakeBackend, pilot: object, lost: int) -> None:
    backend.workspace.lost = lost
    await to_transfer(pilot)  # type: ignore[arg-type]
    await backend.workspace.step(3000)
    await settle(pilot)  # type: ignore[arg-type]


async def test_failures_after_a_run_open_into_details_and_are_tried_again(backend: FakeBackend) -> None:
    workspace = backend.workspace
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await finished(backend, pilot, 2)
        assert isinstance(app.screen, ReportScreen)
        assert app.screen.has_class("-warning")
        await press(pilot, "f")
        assert isinstance(app.screen, FailuresScreen)
        assert "content blocked by the target" in shown(app)
        assert "2 failures, 1 cause" in shown(app)
        await press(pilot, "down", "enter")
        assert isinstance(app.screen, DetailsScreen)
        assert "by Eve in #general" in shown(app)
        await press(pilot, "escape", "r")
        assert isinstance(app.screen, TransferScreen)
        await workspace.step(5)
        await settle(pilot)
        assert workspace.retries == 1
        assert isinstance(app.screen, ReportScreen)
        assert not app.screen.query_one("#failures").display


async def test_where_nothing_can_be_retried_no_retry_is_offered(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await finished(backend, pilot, 0)
        assert "Retry" not in shown(app)
        await press(pilot, "r", "f", "r")
        assert isinstance(app.screen, FailuresScreen)
        assert "Nothing is missing" in shown(app)


async def test_rooms_of_a_profile_that_never_ran_say_so(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        for key, words in (("f", "nothing can have failed"), ("v", "nothing to verify"), ("r", "not run yet")):
            await press(pilot, key)
            await settle(pilot)
            assert words in shown(app)
            await press(pilot, "escape")
            if not isinstance(app.screen, HomeScreen):
                await press(pilot, "escape")
            assert isinstance(app.screen, HomeScreen)
        assert backend.opened == backend.closed >= 3


async def test_verifying_tells_how_far_it_is_and_what_differs(backend: FakeBackend) -> None:
    backend.workspace.found = Verification(
        checked=412, missing=1, details=["#general: the post for message 7 is missing"]
    )
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await finished(backend, pilot, 0)
        await press(pilot, "v")
        assert isinstance(app.screen, VerifyScreen)
        assert "Nothing is written" in shown(app)
        await press(pilot, "s")
        assert backend.workspace.control.state is RunState.RUNNING
        app.screen.pulse()
        await settle(pilot)
        assert "reading back #general (1 of 3)" in shown(app)
        assert not app.screen.query_one("#start").display
        await press(pilot, "escape")
        assert isinstance(app.screen, VerifyScreen)
        await backend.workspace.step(3)
        await settle(pilot)
        assert "the target differs" in shown(app)
        assert "post for message 7 is missing" in shown(app)


async def test_verifying_can_be_stopped(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await finished(backend, pilot, 0)
        await press(pilot, "v", "s", "f8")
        await settle(pilot)
        assert isinstance(app.screen, VerifyScreen)
        assert "stopped before the end" in shown(app)
        assert backend.workspace.control.state is RunState.STOPPED


async def test_a_profile_that_cannot_be_opened_says_why_in_every_room(backend: FakeBackend) -> None:
    backend.open_error = ProfileHeld("Another reaper-tui works with this profile: process 7", "stop that one")
    async with opened(backend) as (app, pilot):
        for key in ("f", "v", "r"):
            await press(pilot, key)
            await settle(pilot)
            assert "process 7" in shown(app)
            assert "→ stop that one" in shown(app)
            await press(pilot, "escape")
            if not isinstance(app.screen, HomeScreen):
                await press(pilot, "escape")


async def test_the_doctor_says_what_is_out_of_order_and_the_mend(backend: FakeBackend) -> None:
    backend.workspace.findings = FINDINGS
    async with opened(backend) as (app, pilot):
        await press(pilot, "d")
        await settle(pilot)
        text = shown(app)
        assert "✖ fault   Message content  the intent is off" in text
        assert "→ switch on Message Content Intent in the portal" in text
        assert "✖ 1 fault" in text
        backend.workspace.findings = FINDINGS[:1]
        await press(pilot, "r")
        await settle(pilot)
        assert "✔ all is well" in shown(app)


async def test_the_report_is_written_as_json_too(backend: FakeBackend, tmp_path: Path) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await finished(backend, pilot, 1)
        await click(pilot, "#export")
        app.screen.query_one("Input").value = str(tmp_path / "r.json")  # type: ignore[attr-defined]
        await press(pilot, "enter")
    assert json.loads((tmp_path / "r.json").read_text())["messages"]["failed"] == 1


async def test_a_run_that_ends_while_one_is_elsewhere_waits_with_its_report(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await to_transfer(pilot)
        await backend.workspace.step(40)
        await press(pilot, "f2")
        await pilot.pause(1.1)
        assert "▶ 1%" in shown(app)
        await backend.workspace.step(3000)
        await settle(pilot)
        assert "Settings" in shown(app)
        assert "Done: everything arrived" in shown(app)
        await press(pilot, "escape")
        await settle(pilot)
        assert isinstance(app.screen, ReportScreen)


async def test_a_run_stops_at_the_time_it_was_given(backend: FakeBackend) -> None:
    async with opened(backend, profile=backend.entries[0].path) as (app, pilot):
        await press(pilot, "enter", "4")
        app.screen.query_one("#until").value = "soon"  # type: ignore[attr-defined]
        await settle(pilot)
        assert "write it as 07:30 or 9h30m" in shown(app)
        app.screen.query_one("#until").value = "0h0m1s"  # type: ignore[attr-defined]
        await settle(pilot)
        await click(pilot, "#start")
        while not isinstance(app.screen, ReportScreen):
            await pilot.pause(0.05)
        assert backend.workspace.control.stop_reason == WINDOW_OVER
