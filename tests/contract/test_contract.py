"""The sandbox's Fluxer server against what a real one answered."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from replayer import Replayer, differences, fits, load

from reaper_tui.sandbox.fluxer_server import FluxerServer

HERE = Path(__file__).parent
IDENTIFY = {"os": "linux", "browser": "test", "device": "test"}


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[FluxerServer]:
    server = FluxerServer(clock=clock)
    await server.start()
    yield server
    await server.stop()


async def start_session(facts: dict[str, str]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{facts['gateway']}?v=1&encoding=json") as socket,
    ):
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": facts["token"], "properties": IDENTIFY}})
        assert (await socket.receive_json())["t"] == "READY"


async def test_every_recorded_exchange_is_answered_as_the_real_server_did(server: FluxerServer, clock: Clock) -> None:
    steps = load(HERE / "fluxer-2026-02.jsonl")
    await start_session(server.facts())
    assert await Replayer(server.facts(), clock.wait).replay(steps) == []
    assert len(steps) == 473


async def test_a_bot_without_a_session_may_only_speak_through_webhooks(server: FluxerServer, clock: Clock) -> None:
    steps = load(HERE / "fluxer-2026-02-nosession.jsonl")
    assert await Replayer(server.facts(), clock.wait).replay(steps) == []
    assert len(steps) == 5


async def test_the_replayer_notices_a_server_that_never_saw_a_session(server: FluxerServer, clock: Clock) -> None:
    steps = [step for step in load(HERE / "fluxer-2026-02.jsonl") if step["n"] in (1, 74, 80, 82, 309)]
    found = await Replayer(server.facts(), clock.wait).replay(steps[:-1])
    assert found == []
    steps[-1]["json"] = {"content": "hello"}
    found = await Replayer(server.facts(), clock.wait).replay(steps)
    assert any("MUST_START_SESSION_BEFORE_SENDING" in line for line in found)


def test_placeholders_describe_texts() -> None:
    assert fits("a ${x} <snowflake>", "a b 1573408740080623650", {"x": "b"})
    assert not fits("<snowflake>", "12", {})
    assert fits("${rep:3,ab}", "ababab", {})


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ({"a": 1}, {}),
        ({"a": None}, {"a": 0}),
        ([1, 2], [2, 1]),
        ({"n": 1}, {"n": True}),
        ("<iso>", "yesterday"),
        ([1], []),
    ],
)
def test_contradictions_are_found(wanted: object, actual: object) -> None:
    assert list(differences(wanted, actual, "body", {}, any_order=False))


def test_lists_may_come_in_any_order_where_the_recording_says_so() -> None:
    assert list(differences([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], "body", {}, any_order=True)) == []
