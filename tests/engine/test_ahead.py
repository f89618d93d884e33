"""What is composed before its turn stands as if it had been composed in its turn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiohttp import web

from reaper_tui.engine.ahead import Ahead, composed_ahead
from reaper_tui.engine.draft import Draft
from reaper_tui.engine.lane import Lane
from reaper_tui.journal import queries
from reaper_tui.journal.records import MessageState, StoredMessage
from reaper_tui.model.composition import Flow
from reaper_tui.model.message import Message
from reaper_tui.model.outgoing import Composition
from tests.engine.world import small_world

CHANGING = re.compile(r"\d{15,}|:\d+/")


async def refused_now_and_then(request: web.BaseRequest, body: bytes) -> web.Response | None:
    """Refuse every other text, and what would stand in its place."""
    if request.method != "POST" or not body or "/webhooks/" not in request.path:
        return None
    content = CHANGING.sub("", json.loads(body).get("content", ""))
    if len(content) % 2 and not content.startswith("-# ⚠"):
        return None
    return web.json_response({"code": "INVALID_FORM_BODY", "message": "no", "errors": []}, status=400)


async def clone(home: Path, *, is_trouble: bool) -> dict[str, list[str]]:
    async with small_world(home) as world:
        if is_trouble:
            world.trouble.answer_instead = refused_now_and_then
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        return {place: [CHANGING.sub("…", text) for text in texts] for place, texts in world.posts().items()}


@pytest.mark.parametrize("is_trouble", [False, True])
async def test_what_stands_is_the_same_whether_composed_ahead_or_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trouble: bool
) -> None:
    used, passed_over = 0, 0
    original = Ahead.draft_behind

    def draft_behind(self: Ahead, last: Any, target: Any) -> Draft | None:
        nonlocal used, passed_over
        draft = original(self, last, target)
        used += draft is not None
        passed_over += draft is None and self.draft is not None
        return draft

    monkeypatch.setattr(Ahead, "draft_behind", draft_behind)
    ahead = await clone(tmp_path / "ahead", is_trouble=is_trouble)
    assert used > 50
    # Behind a refused message another one came last.
    assert passed_over > 5 if is_trouble else passed_over < 5
    monkeypatch.setattr(Lane, "_look_ahead", lambda self, message: None)
    assert ahead == await clone(tmp_path / "in turn", is_trouble=is_trouble)


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[Lane]:
    """The lanes of every run, as they begin."""
    seen: list[Lane] = []
    original = Lane.run

    async def run(self: Lane) -> None:
        seen.append(self)
        await original(self)

    monkeypatch.setattr(Lane, "run", run)
    return seen


async def test_nothing_of_what_was_read_ahead_stays(tmp_path: Path, lanes: list[Lane]) -> None:
    await clone(tmp_path, is_trouble=False)
    assert lanes and not any(lane._ahead for lane in lanes)


async def test_what_changes_after_it_was_composed_is_sent_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: set[int] = set()
    look, row = Lane._look_ahead, queries.message

    def look_and_edit(self: Lane, message: Message) -> None:
        coming = self._next
        look(self, message)
        if (
            coming is not None
            and (ahead := self._ahead.get(coming.id))
            and ahead.draft is not None
            and ahead.message.content
        ):
            renewed.add(coming.id)
            self._shared.renewals.add((coming.id,))

    def edited(raw: Any, message_id: int) -> StoredMessage | None:
        found = row(raw, message_id)
        if found is None or message_id not in renewed:
            return found
        payload = {**json.loads(found.payload), "content": f"said anew {message_id}"}
        return msgspec.structs.replace(found, payload=json.dumps(payload).encode())

    monkeypatch.setattr(Lane, "_look_ahead", look_and_edit)
    monkeypatch.setattr(queries, "message", edited)
    async with small_world(tmp_path) as world:
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        said = " ".join(text for texts in world.posts().values() for text in texts)
    assert len(renewed) > 50
    assert [number for number in renewed if f"said anew {number}" not in said] == []


async def test_the_second_post_of_a_forum_leads_to_the_thread_its_first_one_opened(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=300, channels=14, generation="current") as world:
        source = world.sandbox.discord.store.community
        marked = 0
        for thread in source.threads.values():
            rows = sorted(source.messages.get(thread.id, ()), key=lambda message: message.id)
            plain = [message for message in rows if message.type == 0 and not message.reply_to]
            if len(plain) > 1:
                plain[1].content = f"this is <#{thread.id}>"
                marked += 1
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        leading = [
            str(thread.id) in world.community.messages[number].content
            for thread in world.community.threads.values()
            for number in world.community.message_ids.get(thread.id, ())
            if "this is " in world.community.messages[number].content
        ]
    assert marked > 1 and leading == [True] * marked


class Scribe:
    """Reads and composes what it is given, and notes the flow it was told."""

    def __init__(self, linked: frozenset[int] = frozenset(), error: Exception | None = None) -> None:
        self.linked = linked
        self.error = error
        self.flows: list[Flow] = []

    def parse(self, payload: bytes) -> Any:
        return SimpleNamespace(payload=payload)

    def references(self, message: Any) -> frozenset[int]:
        return self.linked

    def compose(self, message: Any, directory: Any, flow: Flow, degrade: Any) -> Composition:
        if self.error is not None:
            raise self.error
        self.flows.append(flow)
        return Composition()


def shared(scribe: Scribe) -> Any:
    return SimpleNamespace(reader=scribe, composer=scribe, target=TARGET, author_key=lambda message: message.author)


def stored(state: MessageState = MessageState.PENDING, composition: bytes | None = None) -> StoredMessage:
    return StoredMessage(2, 1, state, b"{}", composition)


TARGET: Any = SimpleNamespace(channels={1: 10})
BEFORE: Any = SimpleNamespace(id=1 << 40, author="alice")


def test_it_is_composed_behind_the_message_on_its_way() -> None:
    scribe = Scribe()
    ahead = composed_ahead(shared(scribe), stored(), None, BEFORE)
    assert ahead is not None and [flow.previous_author for flow in scribe.flows] == ["alice"]
    assert ahead.draft_behind(BEFORE, TARGET) is ahead.draft is not None
    assert ahead.draft_behind(SimpleNamespace(id=1 << 40, author="alice"), TARGET) is None  # type: ignore[arg-type]
    assert ahead.draft_behind(None, TARGET) is None


def test_it_is_composed_again_once_another_channel_stands() -> None:
    target: Any = SimpleNamespace(channels={1: 10})
    ahead = composed_ahead(SimpleNamespace(**{**vars(shared(Scribe())), "target": target}), stored(), None, BEFORE)
    assert ahead is not None and ahead.draft_behind(BEFORE, target) is not None
    assert ahead.draft_behind(BEFORE, SimpleNamespace(channels={1: 10})) is None  # type: ignore[arg-type]
    target.channels[2] = 20
    assert ahead.draft_behind(BEFORE, target) is None


def test_what_leads_elsewhere_is_only_read() -> None:
    ahead = composed_ahead(shared(Scribe(linked=frozenset({5}))), stored(), None, BEFORE)
    assert ahead is not None and ahead.message.payload == b"{}"  # type: ignore[attr-defined]
    assert ahead.draft is None and ahead.draft_behind(BEFORE, TARGET) is None


@pytest.mark.parametrize("row", [stored(MessageState.SENT), stored(composition=b"{}")])
def test_what_is_settled_or_was_begun_is_left_alone(row: StoredMessage) -> None:
    assert composed_ahead(shared(Scribe()), row, None, BEFORE) is None


def test_a_file_fetched_ahead_keeps_its_message_when_composing_fails() -> None:
    message: Any = SimpleNamespace()
    ahead = composed_ahead(shared(Scribe(error=RuntimeError("odd"))), stored(), Ahead(message), BEFORE)
    assert ahead == Ahead(message)
