"""Bytes of files a second through a whole clone, beside a bare streamed copy.

    python benchmarks/files.py
    python benchmarks/files.py --count 1000 --megabytes 20 --alone    # 20 GB, for the memory it takes

The bare copy streams each file to disk and from there into a webhook post, one after another, with no checks, hashes or
journal. Both copy the same files of one channel; servers run in another process on the same cores.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import click
import httpx
from figures import Figure, show
from programs import PROGRAM, environment, sandbox

CHUNK = 1 << 18


def fill(facts: dict[str, Any], count: int, size: int) -> str:
    """Let somebody post so many files; return their channel."""
    headers = {"Authorization": f"Bot {facts['discord']['token']}"}
    base, guild = facts["discord"]["api_base"], facts["discord"]["guild_id"]
    channels = httpx.get(f"{base}/guilds/{guild}/channels", headers=headers).json()
    place = next(row["id"] for row in channels if row["type"] == 0)
    for number in range(count):
        file = {"filename": f"film-{number}.bin", "size": size}
        change = {"action": "create", "channel_id": place, "content": f"film {number}", "attachments": [file]}
        httpx.post(f"{facts['control']}/discord/messages", json=change).raise_for_status()
    return place


async def bare_copy(facts: dict[str, Any], place: str, folder: Path) -> float:
    """Return the seconds a bare copy of the channel's files takes."""
    discord, fluxer = facts["discord"], facts["fluxer"]
    bot = {"Authorization": f"Bot {fluxer['token']}"}
    async with aiohttp.ClientSession() as session:
        url = f"{discord['api_base']}/channels/{place}/messages"
        reader = {"Authorization": f"Bot {discord['token']}"}
        async with session.get(url, headers=reader, params={"limit": "100"}) as reply:
            page = await reply.json()
        base = fluxer["api_base"]
        channels = f"{base}/guilds/{fluxer['community_id']}/channels"
        async with session.post(channels, headers=bot, json={"type": 0, "name": "bare"}) as reply:
            channel = await reply.json()
        async with session.post(f"{base}/channels/{channel['id']}/webhooks", headers=bot, json={"name": "b"}) as reply:
            hook = await reply.json()
        began = time.monotonic()
        for row in page:
            for file in row["attachments"]:
                path = folder / "bare.bin"
                async with session.get(file["url"]) as reply:
                    with path.open("wb") as out:
                        async for chunk in reply.content.iter_chunked(CHUNK):
                            out.write(chunk)
                with path.open("rb") as source:
                    form = aiohttp.FormData(quote_fields=False)
                    body = {"content": "x", "attachments": [{"id": 0, "filename": "f.bin"}]}
                    form.add_field("payload_json", json.dumps(body), content_type="application/json")
                    form.add_field("files[0]", source, filename="f.bin")
                    hook_url = f"{base}/webhooks/{hook['id']}/{hook['token']}"
                    async with session.post(hook_url, data=form, params={"wait": "true"}) as reply:
                        if reply.status != 200:
                            raise SystemExit(f"files: the bare copy was refused: {await reply.text()}")
        return time.monotonic() - began


@click.command()
@click.option("--count", default=40, show_default=True)
@click.option("--megabytes", default=8, show_default=True)
@click.option("--alone", is_flag=True, help="Without the bare copy, which reads no more than a page of messages.")
def main(count: int, megabytes: int, alone: bool) -> None:
    """Print bytes a second as a ratio to a bare streamed copy."""
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder), Path(folder) / "files.toml"
        with sandbox(home, profile, "--messages", "0", "--channels", "1", "--speed", "10000") as facts:
            place = fill(facts, count, megabytes << 20)
            bare = 0.0 if alone else asyncio.run(bare_copy(facts, place, home))
            began = time.monotonic()
            command = [*PROGRAM, "run", str(profile), "--json", "--only", place]
            done = subprocess.run(command, capture_output=True, text=True, env=environment(home), check=False)
            took = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"files: the run ended with {done.returncode}: {done.stderr[-500:]}")
    summary = json.loads(done.stdout)
    if summary["attachments"]["sent"] != count:
        raise SystemExit(f"files: only {summary['attachments']['sent']} of {count} files arrived")
    rate = round(summary["attachments"]["bytes"] / took / 1e6, 1)
    name = f"whole command, {count} files of {megabytes} MiB ({rate} MB/s)"
    figures: list[Figure] = []
    if not alone:
        figures.append(Figure("files", name, round(bare / took, 2), "×", "a bare streamed copy", 0.5))
    figures.append(
        Figure(
            "files",
            f"memory, {count} files of {megabytes} MiB",
            summary["peak_rss_mb"],
            "MB",
            "the limit",
            200.0,
            at_most=True,
        )
    )
    raise SystemExit(show(figures))


if __name__ == "__main__":
    main()
