"""The program as a stranger runs it: in processes of its own, watched through the public APIs only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROGRAM = [sys.executable, "-m", "reaper_tui"]


def environment(home: Path) -> dict[str, str]:
    """The surroundings of a user who has never run the program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REAPER_", "XDG_"))}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1"}


@contextmanager
def sandbox(home: Path, profile: Path, *options: str) -> Iterator[dict[str, Any]]:
    """A sandbox in a process of its own; yields its facts."""
    process = subprocess.Popen(
        [*PROGRAM, "sandbox", "--profile-out", str(profile), *options],
        stdout=subprocess.PIPE,
        env=environment(home),
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the sandbox did not start"
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


def run(home: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """A command of the program, to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout, env=environment(home), check=False
    )


def start(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A command of the program, left running."""
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(home)
    )


def posts(facts: dict[str, Any]) -> dict[str, list[tuple[str, str, tuple[str, ...]]]]:
    """Every post on the target, oldest first: (author, text, file names), by a channel key without ids."""
    fluxer = facts["fluxer"]
    found: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    headers = {"Authorization": f"Bot {fluxer['token']}"}
    with httpx.Client(base_url=fluxer["api_base"], headers=headers, timeout=30) as client:
        channels = client.get(f"/guilds/{fluxer['community_id']}/channels").json()
        names = {channel["id"]: channel["name"] for channel in channels}
        keys = Counter[str]()
        for channel in sorted(channels, key=lambda row: int(row["id"])):
            if channel["type"] != 0:
                continue
            key = f"{names.get(channel['parent_id'] or '', '')}/{channel['name']}"
            keys[key] += 1
            found[f"{key} {keys[key]}"] = _history(client, channel["id"])
    return found


def _history(client: httpx.Client, channel_id: str) -> list[tuple[str, str, tuple[str, ...]]]:
    rows: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    while True:
        reply = client.get(f"/channels/{channel_id}/messages", params={"limit": "100", **before})
        if reply.status_code == 429:
            continue
        page = reply.json()
        rows += page
        if len(page) < 100:
            break
        before = {"before": page[-1]["id"]}
    rows.reverse()
    return [
        (row["author"]["username"], row["content"], tuple(file["filename"] for file in row["attachments"]))
        for row in rows
        if row.get("webhook_id")
    ]
