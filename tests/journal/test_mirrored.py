"""The stream's windows: every message once, in both directions, whatever arrives meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_tui.journal import mirrored
from reaper_tui.journal.schema import migrate


@pytest.fixture
def raw() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    connection.execute(
        "INSERT INTO container (id, name, kind, parent_name, lane_id, sequence, estimate) "
        "VALUES (1, 'general', 'text', '', 1, 0, 0)"
    )
    yield connection
    connection.close()


def post(raw: sqlite3.Connection, message_id: int, at: float, target: int | None, lane: int = 1) -> None:
    raw.execute("INSERT INTO message (id, container_id, payload) VALUES (?, 1, x'7b7d')", (message_id,))
    raw.execute(
        "INSERT INTO part "
        "(message_id, number, lane_id, channel_id, webhook_id, nonce, is_last, intended_at, target_id) "
        "VALUES (?, 0, ?, 9, 8, '', 1, ?, ?)",
        (message_id, lane, at, target),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(0, 5), max_size=12), limit=st.integers(1, 4))
def test_windows_join_without_gap_or_repeat(times: list[int], limit: int) -> None:
    raw = sqlite3.connect(":memory:")
    migrate(raw)
    raw.execute(
        "INSERT INTO container (id, name, kind, parent_name, lane_id, sequence, estimate) "
        "VALUES (1, 'general', 'text', '', 1, 0, 0)"
    )
    for number, at in enumerate(times, 1):
        post(raw, number, float(at), 100 + number)
    wanted = sorted((float(at), number) for number, at in enumerate(times, 1))
    place, forward = (-1.0, 0), []
    while rows := mirrored.newer(raw, *place, limit):
        forward += [(row.at, row.message_id) for row in rows]
        place = forward[-1]
    place, back = (mirrored.FAR, 0), []
    while rows := mirrored.older(raw, *place, limit):
        back += [(row.at, row.message_id) for row in rows]
        place = back[-1]
    raw.close()
    assert forward == wanted == back[::-1]


def test_nothing_behind_a_post_in_doubt_is_told_until_it_is_certain(raw: sqlite3.Connection) -> None:
    post(raw, 1, 1.0, 101)
    post(raw, 2, 2.0, None)
    post(raw, 3, 3.0, 103, lane=2)
    assert [row.message_id for row in mirrored.newer(raw, -1.0, 0, 10)] == [1]
    raw.execute("UPDATE part SET target_id = 102 WHERE message_id = 2")
    assert [row.message_id for row in mirrored.newer(raw, 1.0, 1, 10)] == [2, 3]


def test_a_trace_names_posts_and_what_was_left_out(raw: sqlite3.Connection) -> None:
    post(raw, 1, 1.0, 101)
    raw.execute("INSERT INTO ledger (message_id, subject, cause) VALUES (1, 'a.png', 'gone')")
    found = mirrored.trace(raw, 1)
    assert found is not None
    assert found.posts == [(9, 101)]
    assert found.ledger == [("a.png", "gone")]
    assert mirrored.trace(raw, 2) is None
