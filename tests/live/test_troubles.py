"""Trouble on the gateway by name: the mirror goes on and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper_tui.sandbox.faults import Wish
from tests.live.mirror import mirror, people, posts_in, text_channel

TROUBLES = (
    "gateway-cut",
    "gateway-cut-4000",
    "gateway-reconnect",
    "gateway-invalid",
    "gateway-slam",
    "gateway-refused",
)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_messages_arrive_in_order_through(trouble: str, tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=20, channels=2) as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            await crowd.world.sandbox.change_faults([trouble])
            if trouble in ("gateway-slam", "gateway-refused"):
                await crowd.world.sandbox.discord.gateway.cut(forget=True)
            wanted = [f"line {number}" for number in range(6)]
            for line in wanted:
                await crowd.write(channel.id, line)
            await crowd.world.sandbox.change_faults([])
            await run.until(
                lambda: [said for said in posts_in(crowd.world, channel.name) if said.startswith("line")] == wanted,
                "every line",
            )


async def test_what_the_gateway_swallows_is_found_when_it_is_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reaper_tui.engine.recorder.DOUBT_SECONDS", 0.2)
    async with people(tmp_path / "profile", messages=20, channels=2) as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            await crowd.world.sandbox.change_faults([Wish("gateway-swallow", every=1)])
            await crowd.write(channel.id, "unheard of")
            await run.until(lambda: "unheard of" in posts_in(crowd.world, channel.name), "what nobody told")
