"""The small parts of the engine, each alone: control, outage, pace, webhooks, progress, drafts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.engine.control import IllegalTransition, RunControl, RunState, StopRequested
from reaper_tui.engine.draft import CONTENT_UNITS, Draft, kept_draft, next_step
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import LONGEST_ASKED_SECONDS, Outage
from reaper_tui.engine.pace import Pace
from reaper_tui.engine.progress import ChannelTally, Progress
from reaper_tui.engine.together import together
from reaper_tui.engine.webhook_pool import WEBHOOK_NAME, WebhookPool
from reaper_tui.model.community import Webhook
from reaper_tui.model.composition import Degrade
from reaper_tui.model.errors import AccessDenied, OutcomeUnknown, Refused, ServiceDown
from reaper_tui.model.outgoing import Composition, FileSlot, Part
from reaper_tui.model.text import utf16_length


def running() -> RunControl:
    control = RunControl()
    control.move(RunState.PREPARING)
    control.move(RunState.RUNNING)
    return control


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds


def test_the_machine_has_no_other_steps() -> None:
    control = RunControl()
    assert not control.stop()
    assert not control.pause()
    assert not control.cancel()
    with pytest.raises(IllegalTransition):
        control.move(RunState.RUNNING)
    control = running()
    assert control.pause()
    assert not control.pause()
    assert control.resume()
    assert control.stop("first")
    assert not control.stop("second")
    assert not control.pause()
    assert control.cancel()
    assert control.stop_reason == "first"
    control.move(RunState.STOPPED)
    assert not control.is_active
    control.move(RunState.PREPARING)
    assert not control.is_stopping


async def test_a_boundary_holds_while_paused_and_ends_with_a_stop() -> None:
    control = running()
    control.pause()
    waiting = asyncio.create_task(control.boundary())
    await asyncio.sleep(0)
    assert not waiting.done()
    control.resume()
    await waiting
    control.pause()
    waiting = asyncio.create_task(control.boundary())
    await asyncio.sleep(0)
    control.stop("enough")
    with pytest.raises(StopRequested, match="enough"):
        await waiting


async def test_reading_is_cut_off_by_a_stop_and_by_cancelling() -> None:
    control = running()
    ended: list[str] = []

    async def read() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("x")
        return "never"

    async def short() -> str:
        return "done"

    assert await control.unless_stopped(short()) == "done"
    task = asyncio.create_task(control.unless_stopped(read()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    task = asyncio.create_task(control.unless_stopped(read()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    control.stop()
    with pytest.raises(StopRequested):
        await task
    assert ended == ["x", "x"]


async def test_together_lets_a_stop_reach_everyone_and_an_error_end_all() -> None:
    done: list[str] = []

    async def stops() -> None:
        raise StopRequested("now")

    async def ends() -> None:
        await asyncio.sleep(0)
        done.append("end")

    async def fails() -> None:
        raise ValueError("broken")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cut")

    with pytest.raises(StopRequested):
        await together((stops(), ends()))
    with pytest.raises(ValueError, match="broken"):
        await together((waits(), fails(), fails()))
    assert done == ["end", "cut"]


def outage_with(clock: Clock, control: RunControl) -> tuple[Outage, Progress, EventLog]:
    progress, log = Progress(clock.now), EventLog(clock.now)
    return Outage(control, progress, log, now=clock.now), progress, log


async def test_many_senders_that_fail_together_are_one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, control = Clock(), running()
    waits: list[float] = []

    async def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    monkeypatch.setattr(control, "wait", wait)
    outage, progress, log = outage_with(clock, control)
    await asyncio.gather(*(outage.pause("Fluxer", ServiceDown("503")) for _ in range(24)))
    assert waits == [2.0] * 24
    assert "since" in progress.hold
    assert "next try at" in progress.hold
    clock.at += 2.0
    await outage.pause("Fluxer", ServiceDown("503"))
    assert waits[-1] == 4.0
    for _ in range(20):
        clock.at += waits[-1]
        await outage.pause("Fluxer", ServiceDown("503"))
    assert waits[-1] == 60.0
    clock.at += 60.0
    await outage.pause("Fluxer", ServiceDown("503", retry_after=1e9))
    assert waits[-1] == LONGEST_ASKED_SECONDS
    assert len(log.since(0)) == 1
    outage.over("Fluxer")
    outage.over("Fluxer")
    assert progress.hold == ""
    assert [line.level for line in log.since(0)] == [Level.WARNING, Level.SUCCESS]


async def test_an_outage_gives_way_to_a_stop_and_never_swallows_doubt() -> None:
    control = running()
    outage, _, _ = outage_with(Clock(), control)
    waiting = asyncio.create_task(outage.pause("Fluxer", ServiceDown("503")))
    await asyncio.sleep(0)
    control.stop()
    with pytest.raises(StopRequested):
        await waiting

    async def unknown() -> None:
        raise OutcomeUnknown("cut")

    with pytest.raises(OutcomeUnknown):
        await outage.through("Fluxer", unknown)


async def test_a_ceiling_is_kept_by_all_senders_together() -> None:
    clock = Clock()
    pace = Pace(60, clock.now, clock.wait)
    for _ in range(10):
        await pace.turn()
    assert clock.at == 1009.0
    assert await Pace(0, clock.now, clock.wait).turn() is None
    assert clock.at == 1009.0


class WebhookWriter:
    """Makes webhooks as the tests want it."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.made: list[Webhook] = []
        self.delays: dict[int, float] = {}

    async def create_webhook(self, channel_id: int, name: str) -> Webhook:
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Refused | ServiceDown) and not isinstance(outcome, OutcomeUnknown):
            raise outcome
        self.made.append(Webhook(100 + len(self.made), channel_id, name, "token"))
        if outcome is not None:
            raise outcome
        return self.made[-1]

    async def webhooks(self, channel_id: int) -> Sequence[Webhook]:
        return self.made

    def send_delay(self, webhook: Webhook) -> float:
        return self.delays.get(webhook.id, 0.0)


class Pool(WebhookPool):
    """A pool whose backlog is told with every message."""

    async def next_of(self, author: str, backlog: int) -> Webhook:
        self._backlogs = [lambda: backlog // 2, lambda: backlog - backlog // 2]
        return await self.next(author)


def pool_with(writer: Any, present: Sequence[Webhook] = (), ceiling: int = 8, setting: int | str = "auto") -> Pool:
    outage, _, _ = outage_with(Clock(), running())
    return Pool(writer, outage, 7, present, setting=setting, ceiling=ceiling)


async def test_webhooks_are_made_when_they_pay_and_no_more_than_allowed() -> None:
    writer = WebhookWriter()
    pool = pool_with(writer, ceiling=3)
    assert (await pool.next_of("a", 1)).id == 100
    writer.delays[100] = 1.0
    assert (await pool.next_of("b", 1)).id == 100
    assert (await pool.next_of("b", 1000)).id == 101
    writer.delays[101] = 1.0
    assert (await pool.next_of("c", 1000)).id == 102
    writer.delays[102] = 0.5
    assert (await pool.next_of("d", 1000)).id == 102
    assert len(writer.made) == 3


async def test_webhooks_of_ours_are_used_again_and_others_count() -> None:
    writer = WebhookWriter()
    present = [Webhook(1, 7, WEBHOOK_NAME, "t"), Webhook(2, 7, "else", "t"), Webhook(3, 8, WEBHOOK_NAME, "t")]
    pool = pool_with(writer, present, ceiling=2)
    assert (await pool.next_of("a", 1000)).id == 1
    writer.delays[1] = 9.0
    assert (await pool.next_of("b", 1000)).id == 1
    pool.forget(present[0])
    assert (await pool.next_of("a", 1)).id == 100


async def test_a_webhook_whose_reply_was_lost_is_found() -> None:
    writer = WebhookWriter(OutcomeUnknown("cut"))
    assert (await pool_with(writer).next_of("a", 1)).id == 100
    assert len(writer.made) == 1


async def test_a_full_channel_closes_the_channel_and_not_its_messages() -> None:
    with pytest.raises(AccessDenied) as caught:
        await pool_with(WebhookWriter(Refused("full", status=400))).next_of("a", 1)
    assert not caught.value.ends_run
    writer = WebhookWriter(None, Refused("full", status=400))
    pool = pool_with(writer)
    await pool.next_of("a", 1)
    writer.delays[100] = 1.0
    assert (await pool.next_of("b", 1000)).id == 100
    assert (await pool.next_of("c", 1000)).id == 100


def test_numbers_stay_sane() -> None:
    clock = Clock()
    progress = Progress(clock.now)
    assert progress.snapshot(RunState.IDLE).elapsed_seconds == 0.0
    progress.started_at = clock.at
    tally = ChannelTally(1, "c", "text", estimate=100, source=10, sent=4)
    progress.channels = {1: tally}
    for _ in range(4):
        clock.at += 1
        progress.arrived("c", "a", "t")
    shot = progress.snapshot(RunState.RUNNING)
    assert (shot.expected, shot.settled, shot.rate_per_minute) == (100, 4, 60.0)
    assert shot.eta_seconds == pytest.approx(96.0)
    progress.limited_seconds = lambda: 400.0
    assert progress.snapshot(RunState.RUNNING).eta_seconds == 400.0, "a burst at first is no promise"
    progress.limited_seconds = lambda: 10.0
    assert progress.snapshot(RunState.RUNNING).eta_seconds == pytest.approx(96.0)
    tally.is_captured = True
    assert progress.snapshot(RunState.RUNNING).expected == 10
    tally.sent = 10
    assert progress.snapshot(RunState.RUNNING).eta_seconds is None
    clock.at += 100
    shot = progress.snapshot(RunState.RUNNING)
    assert shot.rate_per_minute == 0.0
    assert [message.number for message in progress.stream_since(2)] == [3, 4]
    progress.arrived("c", "a", "t")
    assert progress.snapshot(RunState.RUNNING).rate_per_minute == 2.0, "what arrived long ago counts no more"


def slot(key: int, size: int | None = 10) -> FileSlot:
    return FileSlot(key, "u", f"f{key}.txt", size)


def draft(*parts: Part) -> Draft:
    return Draft(Composition(parts))


def test_what_is_kept_is_what_cannot_be_composed_again() -> None:
    plain = draft(Part("a", "me"))
    assert plain.to_keep() is None
    for kept in (
        draft(Part("a", "me"), Part("b", "me")),
        Draft(plain.composition, (("embeds", "no"),)),
        Draft(plain.composition, (), "no"),
    ):
        assert kept_draft(kept.to_keep()) == kept
    assert kept_draft(None) is None


@given(st.integers(0, CONTENT_UNITS), st.integers(1, 10), st.integers(0, 10), st.text(max_size=300))
def test_files_left_out_are_named_and_everything_fits(length: int, count: int, lost: int, reason: str) -> None:
    slots = tuple(slot(key) for key in range(count))
    gone = dict.fromkeys(range(min(lost, count)), reason[:200])
    found = draft(Part("x" * length, "me", files=slots), Part("end", "me")).without_files(0, gone)
    assert all(utf16_length(part.content) <= CONTENT_UNITS for part in found.parts)
    assert all(part.content or part.files for part in found.parts)
    assert len(found.composition.placeholders) == len(gone)
    kept = [file.key for part in found.parts for file in part.files]
    assert kept == [key for key in range(count) if key not in gone]
    assert found.parts[-1].content == "end"


def test_what_the_target_did_not_keep_is_named_behind_it() -> None:
    found = draft(Part("text", "me", files=(slot(1), slot(2)))).with_unkept(0, 1)
    assert [len(part.files) for part in found.parts] == [1, 0]
    assert "f2.txt" in found.parts[1].content


def test_a_refused_post_of_a_half_sent_message_gets_poorer_until_nothing_is_left() -> None:
    current: Draft | None = draft(
        Part("one", "me"), Part("two", "me", "http://a", ({"title": "t"},), (slot(1),)), Part("three", "me")
    )
    seen = 0
    while current is not None and seen < 20:
        last, current = current, current.poorer(1, Refused(f"no {seen}", status=400, code="X"))
        seen += 1
    assert seen < 10
    assert last.parts[0].content == "one"
    assert last.parts[-1].content == "three"
    assert "could not be carried over" in last.parts[1].content
    assert {"embeds", "avatar", "part 2"} <= {subject for subject, _ in last.ledger}


@given(st.sampled_from(["", "embeds", "avatar", "files", "attachments", "content"]), st.sampled_from([400, 413]))
def test_the_ladder_ends(field: str, status: int) -> None:
    """Even for a composer that leaves nothing out."""
    stubborn = Composition((Part("x", "me", "http://a", ({"title": "t"},), (slot(1),)),))
    degrade, names = Degrade(), list[str]()
    while (step := next_step(degrade, Refused("no", status=status, field=field), stubborn)) is not None:
        degrade, name = step
        names.append(name)
    assert sorted(names) == ["avatar", "content", "embeds", "files"]
    assert names[-1] == "content"


def test_a_post_found_later_is_taken_for_what_is_composed_only_where_it_reads_so() -> None:
    part = Part(content="as it is", username="Ada")
    composed = Draft(Composition(parts=(part, part)))
    same = composed.found_as(0, "as it is")
    assert same.parts == (part,) and not same.is_guessed
    assert composed.found_as(0, "as it was").is_guessed
    shown = Draft(Composition(parts=(Part(content="as it is", username="Ada", embeds=({"title": "new"},)),)))
    assert shown.found_as(0, "as it is").is_guessed
    left_out = Draft(Composition(parts=(), rule="empty")).found_as(0, "as it was")
    assert left_out.is_guessed and [part.content for part in left_out.parts] == ["as it was"]
