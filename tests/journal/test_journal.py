"""The journal keeps its account under any order of events, any cut, and any file it is given."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reaper_tui.journal import connection, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.lease import take_lease
from reaper_tui.journal.records import MessageState, PartRecord
from reaper_tui.journal.schema import MIGRATIONS
from reaper_tui.journal.settling import Settlement
from reaper_tui.model.errors import JournalError, ProfileHeld
from reaper_tui.model.plan import Placement, Route

LANE = 7
CHANNEL = 70


def route(container_id: int = LANE, lane_id: int = LANE) -> Route:
    return Route(container_id, f"c{container_id}", "text", lane_id, Placement.OWN, 0)


def part(message_id: int, number: int = 0, *, lane_id: int = LANE, is_last: bool = True) -> PartRecord:
    return PartRecord(message_id, number, lane_id, CHANNEL, 1, f"{message_id}-{number}", is_last, 0.0, None, "")


async def filled(path: Path, count: int = 3) -> Journal:
    journal = await Journal.open(path)
    await journal.select_routes([route()], 0)
    page = [(number, b"{}") for number in range(1, count + 1)]
    await journal.capture_page(LANE, page, cursor=count, attachments={}, is_end=True)
    return journal


class JournalMachine(RuleBasedStateMachine):
    """Random histories of one lane, held against a plain dictionary."""

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.journal = self.loop.run_until_complete(Journal.open(Path(self.directory()) / "j.db"))
        self.do(self.journal.select_routes([route()], 0))
        self.captured = 0
        self.states: dict[int, MessageState] = {}
        self.doubt: PartRecord | None = None
        self.target_id = 1000
        self.parts = 0

    def directory(self) -> str:
        import tempfile

        self.home = tempfile.TemporaryDirectory()
        return self.home.name

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def next_pending(self) -> int | None:
        return next((each for each in range(1, self.captured + 1) if each not in self.states), None)

    @rule(count=st.integers(1, 4), overlap=st.integers(0, 2))
    def capture(self, count: int, overlap: int) -> None:
        first = max(1, self.captured + 1 - overlap)
        page = [(number, b"{}") for number in range(first, self.captured + count + 1)]
        self.captured += count
        added = self.do(self.journal.capture_page(LANE, page, cursor=page[-1][0], attachments={}, is_end=False))
        assert added == count

    @precondition(lambda self: self.doubt is None and self.next_pending)
    @rule()
    def intend(self) -> None:
        self.doubt = part(self.next_pending or 0, self.parts)
        self.do(self.journal.intend(self.doubt, b"kept" if self.parts else None))

    @precondition(lambda self: self.doubt is not None)
    @rule()
    def intend_another(self) -> None:
        with pytest.raises(JournalError):
            self.do(self.journal.intend(part(9999)))

    @precondition(lambda self: self.doubt is not None)
    @rule(is_last=st.booleans(), state=st.sampled_from([MessageState.SENT, MessageState.FAILED]))
    def confirm(self, is_last: bool, state: MessageState) -> None:
        assert self.doubt is not None
        self.target_id += 1
        settlement = Settlement(state, "why" if state is MessageState.FAILED else "") if is_last else None
        for _ in range(2):
            self.do(self.journal.confirm(self.doubt, self.target_id, "f", container_id=LANE, settlement=settlement))
        if is_last:
            self.states[self.doubt.message_id] = state
        self.parts = 0 if is_last else self.parts + 1
        self.doubt = None

    @precondition(lambda self: self.doubt is not None)
    @rule()
    def withdraw(self) -> None:
        assert self.doubt is not None
        self.do(self.journal.withdraw(self.doubt))
        self.doubt = None

    @precondition(lambda self: self.doubt is None and not self.parts and self.next_pending)
    @rule(state=st.sampled_from([MessageState.SKIPPED, MessageState.FAILED, MessageState.UNCERTAIN]))
    def settle(self, state: MessageState) -> None:
        message_id = self.next_pending or 0
        for _ in range(2):
            self.do(self.journal.settle(LANE, LANE, message_id, Settlement(state, "rule")))
        self.states[message_id] = state

    @rule()
    def reopen(self) -> None:
        path = self.journal.path
        self.do(self.journal.close())
        self.journal = self.do(Journal.open(path))

    @invariant()
    def adds_up(self) -> None:
        if not hasattr(self, "journal"):
            return
        count = self.do(self.journal.read(queries.message_count))
        wanted = Counter(self.states.values())
        assert count.balances
        assert count.source == self.captured
        assert (count.sent, count.failed, count.uncertain, sum(count.skipped.values())) == (
            wanted[MessageState.SENT],
            wanted[MessageState.FAILED],
            wanted[MessageState.UNCERTAIN],
            wanted[MessageState.SKIPPED],
        )
        found = self.do(self.journal.read(lambda raw: queries.part_in_doubt(raw, LANE)))
        assert (found and found.message_id) == (self.doubt and self.doubt.message_id)

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.do(self.journal.close())
            self.loop.close()
            self.home.cleanup()


JournalMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestJournalHistories = JournalMachine.TestCase


async def test_writes_at_the_same_moment_share_a_commit_and_fail_alone(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.intend(part(1))
    results = await asyncio.gather(
        journal.remember({"a": "1"}), journal.intend(part(2)), journal.remember({"b": "2"}), return_exceptions=True
    )
    assert results[0] is None
    assert isinstance(results[1], JournalError)
    assert results[2] is None
    assert await journal.read(lambda raw: queries.fact(raw, "b")) == "2"
    assert await journal.read(lambda raw: queries.parts_of(raw, 2)) == []
    await journal.close()


def sent(journal: Journal, message_id: int) -> asyncio.Future[None]:
    return journal.confirm(
        part(message_id), 1000 + message_id, "f", container_id=LANE, settlement=Settlement(MessageState.SENT)
    )


async def between_groups(journal: Journal) -> None:
    """Return once the writer's thread has ended what it was at: what is queued then is a group of its own.

    The second statement stands behind whatever was begun while the first one waited.
    """
    for _ in range(2):
        await journal._connection._writer.execute_fetchall("SELECT 1")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record waits for company without end."""
    monkeypatch.setattr(connection, "COMPANY_SECONDS", 3600.0)


async def test_a_record_waits_for_the_next_intent_and_shares_its_commit(tmp_path: Path, patience: None) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.intend(part(1))
    statements: list[str] = []
    await journal.write(lambda raw: raw.set_trace_callback(statements.append))
    await between_groups(journal)
    statements.clear()
    on_record = sent(journal, 1)
    await between_groups(journal)
    assert "BEGIN IMMEDIATE" not in statements
    await journal.intend(part(2))
    assert on_record.done()
    assert statements.count("COMMIT") == 1
    await journal.close()


async def test_a_record_that_is_asked_for_waits_no_longer(tmp_path: Path, patience: None) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.intend(part(1))
    on_record = sent(journal, 1)
    journal.hurry()
    await on_record
    assert (await journal.read(lambda raw: queries.parts_of(raw, 1)))[0].target_id == 1001
    await journal.close()


async def test_a_record_that_nothing_follows_is_put_on_disk_all_the_same(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.intend(part(1))
    await sent(journal, 1)
    assert (await journal.read(lambda raw: queries.parts_of(raw, 1)))[0].target_id == 1001
    await journal.close()


async def test_a_record_that_waits_is_on_disk_when_the_journal_is_closed(tmp_path: Path, patience: None) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.intend(part(1))
    on_record = sent(journal, 1)
    await journal.close()
    assert on_record.done()
    raw = sqlite3.connect(tmp_path / "j.db")
    assert raw.execute("SELECT target_id FROM part").fetchall() == [(1001,)]
    raw.close()


async def test_a_cancelled_write_is_whole_and_hurts_no_other(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    first = asyncio.create_task(journal.remember({"a": "1"}))
    second = asyncio.create_task(journal.remember({"b": "2"}))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled()
    assert await journal.read(lambda raw: queries.fact(raw, "b")) == "2"
    assert await journal.read(lambda raw: queries.fact(raw, "a")) in (None, "1")
    await journal.close()


async def test_closing_commits_what_waits_and_can_be_cancelled(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    waiting = [asyncio.create_task(journal.remember({f"n{number}": "x"})) for number in range(20)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(journal.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    await asyncio.gather(*waiting)
    with pytest.raises(JournalError):
        await journal.remember({"late": "x"})
    await journal.close()
    raw = sqlite3.connect(tmp_path / "j.db")
    assert raw.execute("SELECT count(*) FROM fact").fetchone() == (20,)
    raw.close()


async def test_opening_that_is_cancelled_leaves_nothing_open(tmp_path: Path) -> None:
    for turns in range(6):
        task = asyncio.create_task(Journal.open(tmp_path / "j.db"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            await task.result().close()
    journal = await Journal.open(tmp_path / "j.db")
    await journal.close()


async def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        journal = await Journal.open(tmp_path / "j.db")
        names = await journal.read(lambda raw: raw.execute("SELECT name FROM migration").fetchall())
        assert names == [(name,) for name, _ in MIGRATIONS]
        await journal.close()


async def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.close()
    raw = sqlite3.connect(tmp_path / "j.db")
    raw.execute("INSERT INTO migration VALUES ('9999_future', 0)")
    raw.commit()
    raw.close()
    with pytest.raises(JournalError, match="newer"):
        await Journal.open(tmp_path / "j.db")


@pytest.mark.parametrize(
    "content", [b"this is no database at all, not even a little one" * 40, b"SQLite format 3\0" + b"\xff" * 5000]
)
async def test_a_damaged_journal_is_named_with_its_mend(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "j.db").write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged|cannot be used") as caught:
        await Journal.open(tmp_path / "j.db")
    assert "j.db" in caught.value.line()
    assert caught.value.mend


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from reaper_tui.journal import connection, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.model.errors import JournalError
from reaper_tui.model.plan import Placement, Route

async def main():
    journal = await Journal.open(Path(sys.argv[1]))
    await journal.select_routes([Route(7, "c", "text", 7, Placement.OWN, 0)], 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    stored = 0
    try:
        while True:
            page = [(stored + n, b"x" * 2000) for n in range(1, 21)]
            await journal.capture_page(7, page, cursor=stored + 20, attachments={}, is_end=False)
            stored += 20
    except JournalError as error:
        print(stored, error.line())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await journal.remember({"after": "works"})
    await journal.close()

asyncio.run(main())
"""


def test_a_full_disk_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "j.db")], capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 0, finished.stderr
    stored, _, line = finished.stdout.partition(" ")
    assert "is full" in line
    assert "nothing is lost" in line
    raw = sqlite3.connect(tmp_path / "j.db")
    count = queries.message_count(raw)
    assert count.source == int(stored)
    assert count.balances
    assert queries.fact(raw, "after") == "works"
    raw.close()


async def test_a_container_that_was_begun_stays_in_its_lane(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j.db")
    await journal.select_routes([route(1, 1), route(11, 1), route(12, 1)], 0)
    for container in (11, 12):
        await journal.capture_page(container, [(container * 10, b"{}")], cursor=1, attachments={}, is_end=True)
    await journal.intend(part(110, lane_id=1))
    await journal.select_routes([route(1, 1), route(11, 11), route(12, 12)], 0)
    lanes = {row.id: row.lane_id for row in await journal.read(queries.containers)}
    assert lanes == {1: 1, 11: 1, 12: 12}
    await journal.close()


async def test_a_container_that_is_not_selected_does_not_count(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    await journal.settle(LANE, LANE, 1, Settlement(MessageState.SKIPPED, "pin_notice"))
    assert (await journal.read(queries.message_count)).pending == 2
    await journal.select_routes([], 0)
    assert (await journal.read(queries.message_count)).source == 0
    await journal.select_routes([route()], 0)
    count = await journal.read(queries.message_count)
    assert (count.source, count.skipped, count.pending) == (3, {"pin_notice": 1}, 2)
    await journal.close()


async def test_bytes_of_files_are_counted_for_each_container(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "j.db")
    assert await journal.read(queries.bytes_sent) == {}
    for message_id, size in ((1, 700), (2, 0), (3, 300)):
        await journal.settle(LANE, LANE, message_id, Settlement(MessageState.SENT, bytes_sent=size))
        await journal.settle(LANE, LANE, message_id, Settlement(MessageState.SENT, bytes_sent=size))
    assert await journal.read(queries.bytes_sent) == {LANE: 1000}
    assert (await journal.read(queries.attachment_count)).bytes == 1000
    await journal.close()


async def test_files_are_private(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "deep" / "j.db")
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "deep" / "j.db").stat().st_mode & 0o777 == 0o600
    await journal.close()


def test_the_lease_is_held_once_and_survives_a_stale_note(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text('{"pid": 1, "host": "gone", "since": "long ago"}')
    lease = take_lease(lock)
    with pytest.raises(ProfileHeld, match=r"process \d+ on"):
        take_lease(lock)
    lease.release()
    lease.release()
    take_lease(lock).release()
