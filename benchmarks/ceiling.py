"""Messages a second with the limits out of the way, end to end, beside a bare loop that keeps no journal.

    python benchmarks/ceiling.py

The bare loop reads raw pages of 100 and posts each text with its files through a webhook, channels side by side and in
order within each, as the program does; it remembers nothing, mends nothing, and compares nothing afterwards. Servers
run in another process on the same cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import click
from figures import Figure, show
from programs import PROGRAM, environment, sandbox

SIDE_BY_SIDE = 6
LANES = 64


async def bare_loop(facts: dict[str, Any]) -> tuple[int, float, float]:
    """Return messages carried, seconds taken and CPU seconds of this process."""
    discord, fluxer = facts["discord"], facts["fluxer"]
    reader = {"Authorization": f"Bot {discord['token']}"}
    bot = {"Authorization": f"Bot {fluxer['token']}"}
    connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=4)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get(url: str, headers: dict[str, str], **query: Any) -> Any:
            while True:
                async with session.get(url, headers=headers, params=query) as reply:
                    if reply.status == 429:
                        await asyncio.sleep((await reply.json())["retry_after"])
                        continue
                    return await reply.json()

        async def form(body: Any, files: list[dict[str, Any]]) -> aiohttp.FormData:
            made = aiohttp.FormData(quote_fields=False)
            body["attachments"] = [{"id": number, "filename": f"f{number}"} for number in range(len(files))]
            made.add_field("payload_json", json.dumps(body), content_type="application/json")
            for number, file in enumerate(files):
                async with session.get(file["url"]) as reply:
                    made.add_field(f"files[{number}]", await reply.read(), filename=f"f{number}")
            return made

        async def post(url: str, headers: dict[str, str], body: Any, **query: Any) -> Any:
            while True:
                async with session.post(url, headers=headers, json=body, params=query) as reply:
                    if reply.status == 429:
                        await asyncio.sleep((await reply.json())["retry_after"])
                        continue
                    return await reply.json()

        base = fluxer["api_base"]
        channels = await get(f"{discord['api_base']}/guilds/{discord['guild_id']}/channels", reader)
        active = await get(f"{discord['api_base']}/guilds/{discord['guild_id']}/threads/active", reader)
        sources = [row["id"] for row in channels if row["type"] in (0, 5)] + [row["id"] for row in active["threads"]]
        queues: dict[str, asyncio.Queue[Any]] = {source: asyncio.Queue() for source in sources}
        waiting, count = list(sources), 0
        cpu, began = time.process_time(), time.monotonic()

        async def read() -> None:
            while waiting:
                source, after = waiting.pop(), "0"
                url = f"{discord['api_base']}/channels/{source}/messages"
                while True:
                    page = await get(url, reader, limit="100", after=after)
                    rows = sorted(page, key=lambda row: int(row["id"])) if isinstance(page, list) else []
                    for row in rows:
                        queues[source].put_nowait(row)
                    if len(rows) < 100:
                        queues[source].put_nowait(None)
                        break
                    after = rows[-1]["id"]

        async def write(source: str, slots: asyncio.Semaphore) -> None:
            nonlocal count
            async with slots:
                url = f"{base}/guilds/{fluxer['community_id']}/channels"
                place = await post(url, bot, {"type": 0, "name": f"bare-{source}"})
                hook = await post(f"{base}/channels/{place['id']}/webhooks", bot, {"name": "bare"})
                url = f"{base}/webhooks/{hook['id']}/{hook['token']}"
                while (row := await queues[source].get()) is not None:
                    body = {"content": (row["content"] or "…")[:1990], "username": row["author"]["username"] or "x"}
                    if files := row["attachments"][:10]:
                        data = await form(body, files)
                        async with session.post(url, data=data, params={"wait": "true"}) as reply:
                            await reply.read()
                    else:
                        await post(url, {}, body, wait="true")
                    count += 1

        slots = asyncio.Semaphore(LANES)
        await asyncio.gather(*(read() for _ in range(SIDE_BY_SIDE)), *(write(source, slots) for source in sources))
        return count, time.monotonic() - began, time.process_time() - cpu


def program(home: Path, profile: Path) -> tuple[int, float, float]:
    """Return messages settled, seconds of the whole command and CPU seconds of its process."""
    before, began = os.times(), time.monotonic()
    done = subprocess.run(
        [*PROGRAM, "run", str(profile), "--json"], capture_output=True, text=True, env=environment(home), check=False
    )
    took, after = time.monotonic() - began, os.times()
    if done.returncode != 0:
        raise SystemExit(f"ceiling: the run ended with {done.returncode}: {done.stderr[-500:]}")
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return json.loads(done.stdout)["messages"]["source"], took, cpu


@click.command()
@click.option("--messages", default=30_000, show_default=True)
@click.option("--channels", default=30, show_default=True)
def main(messages: int, channels: int) -> None:
    """Print end-to-end messages a second, and CPU a message, as ratios to a bare loop."""
    options = ("--messages", str(messages), "--channels", str(channels), "--speed", "10000")
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder), Path(folder) / "ceiling.toml"
        with sandbox(home, profile, *options) as facts:
            bare = asyncio.run(bare_loop(facts))
        profile.with_suffix(".json").unlink(missing_ok=True)
        with sandbox(home, profile, *options):
            ours = program(home, profile)
    rate, bare_rate = ours[0] / ours[1], bare[0] / bare[1]
    print(
        f"ceiling: {ours[0]} messages in {ours[1]:.1f} s ({rate:.0f}/s, {1000 * ours[2] / ours[0]:.2f} ms CPU each); "
        f"bare loop {bare[0]} in {bare[1]:.1f} s ({bare_rate:.0f}/s, {1000 * bare[2] / bare[0]:.2f} ms)",
        file=sys.stderr,
    )
    raise SystemExit(
        show(
            [
                Figure("ceiling", "messages a second", round(rate / bare_rate, 2), "×", "a bare loop", 0.5),
                Figure(
                    "ceiling",
                    "CPU of a message",
                    round(ours[2] / ours[0] / (bare[2] / bare[0]), 2),
                    "×",
                    "a bare loop",
                ),
            ]
        )
    )


if __name__ == "__main__":
    main()
