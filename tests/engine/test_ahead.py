"""What is composed before its turn stands as if it had been composed in its turn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from reaper_tui.engine.ahead import Ahead, composed_ahead
from reaper_tui.engine.draft import Draft
from reaper_tui.engine.lane import Lane
from reaper_tui.journal.records import MessageState, StoredMessage
from reaper_tui.model.composition import Flow
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
    used: list[bool] = []
    original = Ahead.draft_behind

    def draft_behind(self: Ahead, last: Any) -> Draft | None:
        draft = original(self, last)
        used.append(draft is not None)
        return draft

    monkeypatch.setattr(Ahead, "draft_behind", draft_behind)
    ahead = await clone(tmp_path / "ahead", is_trouble=is_trouble)
    assert sum(used) > 50
    # With a refusal before it, what was composed ahead stands behind another message.
    assert (len(used) - sum(used) > 5) or not is_trouble
    monkeypatch.setattr(Lane, "_look_ahead", lambda self, message: None)
    assert ahead == await clone(tmp_path / "in turn", is_trouble=is_trouble)


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
    return SimpleNamespace(reader=scribe, composer=scribe, target=None, author_key=lambda message: message.author)


def stored(state: MessageState = MessageState.PENDING, composition: bytes | None = None) -> StoredMessage:
    return StoredMessage(2, 1, state, b"{}", composition)


BEFORE: Any = SimpleNamespace(id=1 << 40, author="alice")


def test_it_is_composed_behind_the_message_on_its_way() -> None:
    scribe = Scribe()
    ahead = composed_ahead(shared(scribe), stored(), None, BEFORE)
    assert ahead is not None and [flow.previous_author for flow in scribe.flows] == ["alice"]
    assert ahead.draft_behind(BEFORE) is ahead.draft is not None
    assert ahead.draft_behind(SimpleNamespace(id=1 << 40, author="alice")) is None  # type: ignore[arg-type]
    assert ahead.draft_behind(None) is None


def test_it_is_composed_once() -> None:
    scribe = Scribe()
    first = composed_ahead(shared(scribe), stored(), None, BEFORE)
    assert composed_ahead(shared(scribe), stored(), first, BEFORE) is first
    assert len(scribe.flows) == 1


def test_what_leads_elsewhere_is_only_read() -> None:
    ahead = composed_ahead(shared(Scribe(linked=frozenset({5}))), stored(), None, BEFORE)
    assert ahead is not None and ahead.message.payload == b"{}"  # type: ignore[attr-defined]
    assert ahead.draft is None and ahead.draft_behind(BEFORE) is None


@pytest.mark.parametrize("row", [stored(MessageState.SENT), stored(composition=b"{}")])
def test_what_is_settled_or_was_begun_is_left_alone(row: StoredMessage) -> None:
    assert composed_ahead(shared(Scribe()), row, None, BEFORE) is None


def test_a_file_fetched_ahead_keeps_its_message_when_composing_fails() -> None:
    message: Any = SimpleNamespace()
    ahead = composed_ahead(shared(Scribe(error=RuntimeError("odd"))), stored(), Ahead(message), BEFORE)
    assert ahead == Ahead(message)
