"""Whatever happens between feed and listener, each listener gets what an independent model says, in order and once."""

from __future__ import annotations

import asyncio
import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from reaper_tui.journal.feed import FeedRow
from reaper_tui.stream.cursors import Cursor
from reaper_tui.stream.events import Batch, events_of
from reaper_tui.stream.filters import Filter
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.session import Bounds, Session
from reaper_tui.stream.wire_ws import HIGH_WATER
from tests.stream.feeds import MemorySource

BUFFER = 2000
BOUNDS = Bounds(client_bytes=BUFFER, stall_seconds=1e9, slow_seconds=1e9, ring_events=20)
FILTERS = (
    Filter(),
    Filter(frozenset({1})),
    Filter(frozenset({1, 2}), frozenset({"create"})),
    Filter(None, frozenset({"delete", "update"})),
)


class SlowWire:
    """A socket whose reader takes bytes only when told to."""

    def __init__(self, spend=lambda: None) -> None:
        self.on_drained = lambda: None
        self.spend = spend
        self.pending = 0
        self.most = 0
        self.is_full = False
        self.is_closed = False
        self.frames: list[dict] = []

    def push(self, batch: Batch) -> None:
        self.spend()
        self._add(len(batch.frames))
        self.frames += [json.loads(event.text) for event in batch.events]

    def say(self, text: bytes, seq: int | None = None) -> None:
        self._add(0)
        self.frames.append(json.loads(text))

    def close(self, code: int, reason: str) -> None:
        self.is_closed = True

    def drain(self) -> None:
        self.pending = 0
        self.is_full = False
        self.on_drained()

    def _add(self, size: int) -> None:
        self.pending += size
        self.most = max(self.most, self.pending)
        self.is_full = self.is_full or self.pending > min(HIGH_WATER, BUFFER // 2)


class Listener:
    """A client that keeps its cursor and comes back; `heard` is over all its connections."""

    def __init__(self, wanted: Filter, begin: int, spend) -> None:
        self.spend = spend
        self.wanted = wanted
        self.begin = begin
        self.cursor = begin
        self.heard: list[int] = []
        self.missing: set[int] = set()
        self.session: Session | None = None
        self.wire = SlowWire(spend)
        self._seen = 0

    def listen(self) -> None:
        for frame in self.wire.frames[self._seen :]:
            if frame["op"] == "event":
                assert frame["seq"] > self.cursor, "repeated or out of order"
                self.heard.append(frame["seq"])
            if frame["op"] == "gap":
                self.missing |= set(range(self.cursor + 1, frame["from"] + 1))
                self.cursor = max(self.cursor, frame["from"])
            elif frame["op"] in ("event", "live", "hb"):
                assert frame["seq"] >= self.cursor
                self.cursor = frame["seq"]
        self._seen = len(self.wire.frames)

    def forget(self) -> None:
        self.wire, self._seen, self.session = SlowWire(self.spend), 0, None


class StreamMachine(RuleBasedStateMachine):
    """The service under publishing, stalls, cuts, forgetting and crashes; time is what the machine says it is."""

    listeners = Bundle("listeners")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.source = MemorySource()
        self.now = 0.0
        self.published: list[FeedRow] = []
        self.all: list[Listener] = []
        self.start()

    def start(self) -> None:
        self.due: list = []
        self.hub = self.loop.run_until_complete(self._new_hub())
        standing = self.loop.run_until_complete(self.source.standing())
        assert standing is not None
        self.hub.begin(standing)

    async def _new_hub(self) -> Hub:
        return Hub(self.source, BOUNDS, clock=lambda: self.now, later=self._later)

    def _later(self, wait: float, call):
        entry = [call]
        self.due.append(entry)

        class Handle:
            def cancel(self) -> None:
                entry.clear()

        return Handle()

    @rule(
        target=listeners,
        wanted=st.sampled_from(FILTERS),
        start=st.sampled_from(["live", "earliest"]),
    )
    def come(self, wanted: Filter, start: str) -> Listener:
        begin, _ = self.loop.run_until_complete(self.hub.place(start))
        listener = Listener(wanted, begin, self._spend)
        self.all.append(listener)
        self._open(listener, begin)
        return listener

    def _spend(self) -> None:
        # Writing takes time, so that the next flush has to wait and events lie between taking and sending.
        self.now += 0.1

    @rule(listener=listeners)
    def come_back(self, listener: Listener) -> None:
        self._cut(listener)
        begin, reason = self.loop.run_until_complete(self.hub.place(Cursor(self.hub.epoch, listener.cursor)))
        if reason:
            listener.missing |= set(range(listener.cursor + 1, begin + 1))
            listener.cursor = begin
        self._open(listener, begin)

    def _open(self, listener: Listener, begin: int) -> None:
        listener.session = Session(listener.wire, listener.wanted, begin, bounds=BOUNDS, heartbeat=15, now=self.now)
        self.hub.open(listener.session)

    def _cut(self, listener: Listener) -> None:
        # What was written may or may not have arrived: here, all of it.
        listener.listen()
        if listener.session is not None:
            self.hub.close(listener.session)
        listener.forget()

    @rule(
        kinds=st.lists(
            st.tuples(st.sampled_from(["create", "update", "delete"]), st.integers(1, 3), st.integers(1, 700)),
            min_size=1,
            max_size=12,
        ),
        hole=st.integers(0, 2),
    )
    def publish(self, kinds: list, hole: int) -> None:
        seq = self.published[-1].seq if self.published else 0
        rows = []
        for kind, channel_id, size in kinds:
            seq += 1 + hole
            rows.append(FeedRow(seq, self.now, kind, channel_id, seq, b'"%s"' % (b"x" * size)))
        self.published += rows
        self.source.rows += rows
        self.hub.take(events_of(rows, "1"))

    @rule(cost=st.sampled_from([0.0, 0.01, 1.0]))
    def time_passes(self, cost: float) -> None:
        self.now += 0.05 + cost
        due, self.due = self.due, []
        for entry in due:
            for call in list(entry):
                call()

    @rule()
    def serve_a_page(self) -> None:
        if not self.hub.behind.empty():
            self.loop.run_until_complete(self.hub.send_page(self.hub.behind.get_nowait()))

    @rule(listener=listeners)
    def read(self, listener: Listener) -> None:
        listener.wire.drain()
        listener.listen()

    @rule()
    def beat(self) -> None:
        self.now += 20
        self.hub.sweep()

    @rule(share=st.floats(0, 1))
    @precondition(lambda self: self.published)
    def forget_old(self, share: float) -> None:
        floor = self.published[int(share * (len(self.published) - 1))].seq
        if floor > self.source.floor:
            self.source.floor = floor
            self.source.rows = [row for row in self.source.rows if row.seq > floor]
            self.loop.run_until_complete(self.hub.look())

    @rule()
    def crash(self) -> None:
        """Everything in memory is gone; what listeners received and the feed stay."""
        for listener in self.all:
            listener.listen()
            listener.forget()
        self.start()
        for listener in self.all:
            self.come_back(listener)

    @rule(listener=consumes(listeners))
    def go(self, listener: Listener) -> None:
        self._cut(listener)
        self.all.remove(listener)

    @invariant()
    def buffers_are_bounded(self) -> None:
        for listener in self.all:
            # One event larger than the buffer must still get through.
            assert listener.wire.most <= BUFFER + 1000

    @invariant()
    def who_is_live_is_a_member_and_up_to_date(self) -> None:
        for session in self.hub.sessions:
            group = self.hub.group_of(session)
            assert session.is_live == (group is not None and session in group.members)

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    def compare(self) -> None:
        """Let everybody read to the end, then hold what was heard against what was published."""
        for _ in range(10_000):
            self.time_passes(1.0)
            while not self.hub.behind.empty():
                self.serve_a_page()
            for listener in self.all:
                self.read(listener)
            if all(listener.session is None or listener.session.is_live for listener in self.all) and not self.due:
                break
        for listener in self.all:
            if listener.session is None:
                continue
            assert listener.session.is_live
            wanted = [
                row.seq
                for row in self.published
                if row.seq > listener.begin
                and row.seq not in listener.missing
                and (listener.wanted.channels is None or row.channel_id in listener.wanted.channels)
                and (listener.wanted.kinds is None or row.kind in listener.wanted.kinds)
            ]
            assert [seq for seq in listener.heard if seq not in listener.missing] == wanted


TestStreamMachine = StreamMachine.TestCase
TestStreamMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
