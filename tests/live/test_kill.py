"""A mirror that is killed with SIGKILL again and again loses and doubles nothing."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests import processes

KILLS = 3
SHAPE = ("--messages", "80", "--channels", "3", "--speed", "500", "--seed", "5", "--generation", "current")


class Source:
    """The people of a sandbox in another process, reached through its control port."""

    def __init__(self, facts: dict[str, Any], seed: int) -> None:
        self._client = httpx.Client(base_url=facts["control"], timeout=20)
        discord = facts["discord"]
        channels = httpx.get(
            f"{discord['api_base']}/guilds/{discord['guild_id']}/channels",
            headers={"Authorization": f"Bot {discord['token']}"},
        ).json()
        self.channel = next(row for row in channels if row["type"] == 0)
        self._random = random.Random(seed)
        self.said: dict[str, str] = {}
        self._number = 0

    def act(self) -> None:
        """Let somebody write, or change what was written."""
        roll = self._random.random()
        self._number += 1
        if self.said and roll < 0.2:
            victim = self._random.choice(list(self.said))
            self._do(action="delete", message_id=victim)
            del self.said[victim]
        elif self.said and roll < 0.4:
            message_id = self._random.choice(list(self.said))
            self.said[message_id] = f"edited {self._number}"
            self._do(action="edit", message_id=message_id, content=self.said[message_id])
        else:
            made = self._do(action="create", content=f"written {self._number}")
            self.said[made["id"]] = f"written {self._number}"

    def _do(self, **change: Any) -> dict[str, Any]:
        reply = self._client.post("/discord/messages", json={"channel_id": self.channel["id"], **change})
        reply.raise_for_status()
        return reply.json()

    def close(self) -> None:
        self._client.close()


def found(facts: dict[str, Any], channel: str) -> list[str]:
    """What people said since the sandbox began, as the target has it."""
    said: list[str] = []
    for key, rows in processes.posts(facts).items():
        if key.split("/", 1)[1].rsplit(" ", 1)[0] != channel:
            continue
        for _, text, _ in rows:
            said += [line for line in text.splitlines() if line.startswith(("written ", "edited "))]
    return said


def wait(holds: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 40) -> bool:
    """Return whether something holds in time, while a process runs."""
    deadline = time.monotonic() + seconds
    while not (result := holds()) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.25)
    return result


def counted(home: Path, profile: Path) -> dict[str, Any]:
    """Return the report's account of messages."""
    return json.loads(processes.run(home, "report", str(profile), "--json").stdout)["messages"]


def test_killed_mirrors_end_like_one_that_was_not(tmp_path: Path) -> None:
    profile = tmp_path / "mirror.toml"
    moments = random.Random(9)
    with processes.sandbox(tmp_path, profile, *SHAPE) as facts:
        source = Source(facts, seed=4)
        started: list[subprocess.Popen[bytes]] = []
        try:
            for _ in range(KILLS):
                started.append(process := processes.start(tmp_path, "run", str(profile), "--live"))
                source.act()
                newest = list(source.said.values())[-1:]
                wait(lambda newest=newest: set(newest) <= set(found(facts, source.channel["name"])), process)
                for _ in range(moments.randint(1, 25)):
                    source.act()
                process.send_signal(signal.SIGKILL)
                process.wait()
                source.act()
            started.append(process := processes.start(tmp_path, "run", str(profile), "--live"))
            stands = wait(lambda: found(facts, source.channel["name"]) == list(source.said.values()), process)
            assert stands, f"{found(facts, source.channel['name'])} != {list(source.said.values())}"
            # What was written last may be on record a moment after it stands.
            assert wait(lambda: counted(tmp_path, profile)["pending"] == 0, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 143
        finally:
            for process in started:
                process.kill()
                process.wait()
            source.close()
        messages = counted(tmp_path, profile)
    assert messages["pending"] == messages["failed"] == messages["uncertain"] == 0
    classes = messages["sent"] + messages["merged"] + sum(messages["skipped"].values())
    assert messages["source"] == classes
