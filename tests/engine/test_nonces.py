"""Where a channel cannot be read back, a repeated nonce settles a doubt while the server remembers it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from tests.engine.world import small_world


@pytest.mark.parametrize("generation", ["2026-02", "current"])
async def test_a_lost_reply_in_a_channel_that_cannot_be_read(tmp_path: Path, generation: str) -> None:
    async with small_world(tmp_path / "profile", messages=60, generation=generation) as world:
        sent: Counter[str] = Counter()
        closed = False

        async def unreadable(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if closed and request.method == "GET" and request.path.endswith("/messages"):
                return web.json_response({"code": "MISSING_PERMISSIONS", "message": "no"}, status=403)
            return None

        def loses(request: web.BaseRequest) -> bool:
            nonlocal closed
            if request.method != "POST" or "/webhooks/" not in request.path or request.path.endswith("/webhooks"):
                return False
            sent[request.path] += 1
            closed = True
            return sum(sent.values()) == 5

        world.trouble.answer_instead = unreadable
        world.trouble.loses_reply = loses
        async with world.workspace() as workspace:
            summary = await workspace.run(world.settings)
        assert summary.messages.balances
        assert summary.messages.uncertain == (generation == "2026-02")
        posts = [message.content for message in world.community.messages.values() if message.webhook_id]
        assert len(posts) == summary.messages.sent + summary.messages.uncertain
