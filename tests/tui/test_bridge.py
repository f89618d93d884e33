from __future__ import annotations

import asyncio
import logging

import pytest

from reaper_tui.engine.control import RunState
from reaper_tui.model.errors import AccessDenied, ProfileHeld
from reaper_tui.tui.bridge import Feed, Session
from tests.tui.fakes import CANARY, FakeBackend


async def held(backend: FakeBackend) -> tuple[Session, asyncio.Task[None]]:
    session = Session(backend, backend.entries[0].path)
    task = asyncio.ensure_future(session.hold())
    await session.look()
    return session, task


async def started(backend: FakeBackend) -> tuple[Session, asyncio.Task[None], asyncio.Task[None]]:
    session, holding = await held(backend)
    run = asyncio.ensure_future(session.transfer())
    is_running = asyncio.Event()
    backend.workspace.control.listen(lambda state: is_running.set() if state is RunState.RUNNING else None)
    await is_running.wait()
    return session, holding, run


async def test_a_session_opens_surveys_and_gives_the_profile_back(backend: FakeBackend) -> None:
    session, holding = await held(backend)
    assert session.is_open
    assert session.survey is not None
    await session.close()
    await holding
    assert (backend.opened, backend.closed, session.is_open) == (1, 1, False)


async def test_a_profile_held_elsewhere_leaves_the_reason(backend: FakeBackend) -> None:
    backend.open_error = ProfileHeld("Process 12 works with this profile", "end it")
    session, holding = await held(backend)
    await holding
    assert session.survey is None
    assert session.problem is not None
    assert session.problem.line() == "Process 12 works with this profile — end it"


async def test_the_next_profile_waits_for_the_one_before(backend: FakeBackend) -> None:
    first, holding = await held(backend)
    second = Session(backend, backend.entries[1].path)
    other = asyncio.ensure_future(second.hold(first))
    await second.look()
    assert holding.done()
    assert (backend.opened, backend.closed) == (2, 1)
    await second.close()
    await other


async def test_a_run_to_the_end_leaves_its_summary(backend: FakeBackend) -> None:
    session, _, run = await started(backend)
    await backend.workspace.step(3000)
    await run
    assert session.summary is not None
    assert session.summary.is_faithful
    await session.close()


async def test_stop_ends_at_the_boundary(backend: FakeBackend) -> None:
    session, _, run = await started(backend)
    await backend.workspace.step(3)
    assert session.stop("enough")
    assert not session.stop("enough")
    await run
    assert session.summary is not None
    assert session.summary.state == "stopped"
    assert session.summary.messages.sent == 3
    await session.close()


async def test_cutting_off_cancels_and_takes_the_summary_on_record(backend: FakeBackend) -> None:
    session, _, run = await started(backend)
    assert session.cut_off()
    await run
    assert backend.workspace.control.state is RunState.STOPPED
    assert not session.is_running
    assert not session.cut_off()
    await session.close()


async def test_an_error_of_the_run_is_told_in_its_own_words(backend: FakeBackend) -> None:
    backend.workspace.run_error = AccessDenied("The Fluxer token was revoked", "make another")
    session, _ = await held(backend)
    await session.transfer()
    assert session.problem is not None
    assert session.problem.mend == "make another"
    await session.close()


async def test_an_unexpected_error_shows_neither_text_nor_token(
    backend: FakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.workspace.run_error = RuntimeError(f"token {CANARY}")
    session, _ = await held(backend)
    with caplog.at_level(logging.ERROR):
        await session.transfer()
    assert session.problem is not None
    assert CANARY not in session.problem.line()
    assert "RuntimeError" in session.problem.cause
    assert str(backend.log_file) in session.problem.mend
    assert "unexpected error" in caplog.text
    await session.close()


async def test_a_feed_gives_each_line_once(backend: FakeBackend) -> None:
    session, _, run = await started(backend)
    feed = Feed(backend.workspace)
    await backend.workspace.step(2)
    first = feed.read()
    assert len(first.messages) == 2
    assert first.lines
    await backend.workspace.step(1)
    second = feed.read()
    assert [message.number for message in second.messages] == [3]
    assert second.lines == ()
    session.stop("end")
    await run
    await session.close()
