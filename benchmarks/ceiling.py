"""Messages a second with the limits out of the way, end to end, beside a bare loop that keeps no journal.

    python benchmarks/ceiling.py

The bare loop reads raw pages of 100 and posts each text with its files and its author's name and picture through a
webhook, channels side by side and in order within each, as the program does; it remembers nothing, mends nothing, and
compares nothing afterwards. A second one leaves the pictures out, which the server then need not fetch.
Servers run in another process on the same cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import click
from figures import Figure, show
from programs import PROGRAM, environment, sandbox

SIDE_BY_SIDE = 6
LANES = 64


async def bare_loop(facts: dict[str, Any], cdn: str) -> tuple[int, float, float]:
    """Return messages carried, seconds taken and CPU seconds of this process; without a `cdn` pictures are left out."""
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

        def portrait(author: dict[str, Any]) -> dict[str, str]:
            if not cdn or not author["avatar"]:
                return {}
            return {"avatar_url": f"{cdn}/avatars/{author['id']}/{author['avatar']}.png?size=256"}

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
                    author = row["author"]
                    body = {"content": (row["content"] or "…")[:1990], "username": author["username"] or "x"}
                    body |= portrait(author)
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


def bare(home: Path, profile: Path, options: tuple[str, ...], *, has_pictures: bool) -> tuple[int, float, float]:
    """Return what `bare_loop` returns, with a sandbox of its own."""
    with sandbox(home, profile, *options) as facts:
        cdn = tomllib.loads(profile.read_text())["discord"]["cdn"] if has_pictures else ""
        took = asyncio.run(bare_loop(facts, cdn))
    profile.with_suffix(".json").unlink(missing_ok=True)
    return took


@click.command()
@click.option("--messages", default=30_000, show_default=True)
@click.option("--channels", default=30, show_default=True)
def main(messages: int, channels: int) -> None:
    """Print end-to-end messages a second, and CPU a message, as ratios to a bare loop."""
    options = ("--messages", str(messages), "--channels", str(channels), "--speed", "10000")
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder), Path(folder) / "ceiling.toml"
        same = bare(home, profile, options, has_pictures=True)
        poorer = bare(home, profile, options, has_pictures=False)
        with sandbox(home, profile, *options):
            ours = program(home, profile)
    rate, same_rate, poorer_rate = (count / took for count, took, _ in (ours, same, poorer))
    print(
        f"ceiling: {ours[0]} messages in {ours[1]:.1f} s ({rate:.0f}/s, {1000 * ours[2] / ours[0]:.2f} ms CPU each); "
        f"bare loop {same[0]} in {same[1]:.1f} s ({same_rate:.0f}/s, {1000 * same[2] / same[0]:.2f} ms), "
        f"without pictures {poorer_rate:.0f}/s",
        file=sys.stderr,
    )
    raise SystemExit(
        show(
            [
                Figure("ceiling", "messages a second", round(rate / same_rate, 2), "×", "a bare loop", 0.5),
                Figure(
                    "ceiling",
                    "messages a second",
                    round(rate / poorer_rate, 2),
                    "×",
                    "a bare loop that leaves authors' pictures out",
                ),
                Figure(
                    "ceiling",
                    "CPU of a message",
                    round(ours[2] / ours[0] / (same[2] / same[0]), 2),
                    "×",
                    "a bare loop",
                ),
            ]
        )
    )


if __name__ == "__main__":
    main()
