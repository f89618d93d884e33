"""The service as a process: killed and restarted, its copies stopped and started, one listener reading nothing."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import httpx

from reaper_tui.stream.client import Received, StreamClient
from tests.processes import sandbox
from tests.stream.chaos import Service, chaos


async def test_everybody_hears_everything_once_through_kills_and_outages(tmp_path: Path) -> None:
    result = await chaos(tmp_path, clients=40, rounds=5, rate=100, pause=0.3, stall_seconds=1.0)
    assert result.is_clean, result
    assert (result.kills, result.outages) == (2, 2)
    assert (result.deaf, result.deaf_dismissed) == (2, 2)
    assert result.deaf_heard_before < 400
    assert result.reconnects >= 40
    assert result.published > 100


async def test_people_on_the_other_side_are_heard_over_a_kill(tmp_path: Path) -> None:
    profile = tmp_path / "sandbox.toml"
    with sandbox(tmp_path, profile, "--messages", "30", "--channels", "3", "--speed", "100") as facts:
        service = Service(tmp_path, str(profile))
        second = Service(tmp_path, str(profile))
        client = StreamClient(f"127.0.0.1:{service.port}", after="earliest", jitter=lambda low, high: 0.1)
        heard: list[str] = []

        async def listen() -> None:
            async with aclosing(client.listen()) as items:
                async for item in items:
                    if isinstance(item, Received):
                        heard.append(f"{item.kind} {json.loads(bytes(item.body)).get('content', '')}".strip())

        async with httpx.AsyncClient(base_url=facts["control"], trust_env=False, timeout=20) as control:
            discord = facts["discord"]
            channels = await control.get(
                f"{discord['api_base']}/guilds/{discord['guild_id']}/channels",
                headers={"Authorization": f"Bot {discord['token']}"},
            )
            channel = next(row["id"] for row in channels.json() if row["type"] == 0)

            async def do(action: str, **change: object) -> str:
                reply = await control.post(
                    "/discord/messages", json={"action": action, "channel_id": channel, **change}
                )
                assert reply.status_code == 200, reply.text
                return str(reply.json().get("id", ""))

            async def until(count: int) -> None:
                async with asyncio.timeout(40):
                    while len(heard) < count:
                        await asyncio.sleep(0.02)

            try:
                await service.start()
                listening = asyncio.create_task(listen())
                async with asyncio.timeout(40), httpx.AsyncClient(trust_env=False) as http:
                    health: dict = {}
                    while health.get("components", {}).get("discord", {}).get("status") != "ok":
                        health = (await http.get(f"http://127.0.0.1:{service.port}/health")).json()
                        await asyncio.sleep(0.05)
                one = await do("create", content="one")
                await do("edit", message_id=one, content="one, better")
                await until(2)
                await second.start()
                service.kill()
                await do("create", content="while nobody listened")
                await service.start()
                await do("create", content="after")
                await until(4)
                await do("delete", message_id=one)
                await until(5)
                listening.cancel()
            finally:
                codes = [await asyncio.to_thread(each.end) for each in (service, second)]
    assert heard == ["create one", "update one, better", "create while nobody listened", "create after", "delete"]
    assert codes == [0, 0]
