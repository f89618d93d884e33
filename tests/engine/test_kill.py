"""A run that is killed with SIGKILL again and again ends as one that never was."""

from __future__ import annotations

import json
import random
import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests import processes

SHAPE = ("--messages", "500", "--channels", "5", "--speed", "20", "--seed", "7")
LINKS = re.compile(r"https?://[^/\s]+/channels(?:/\d+)+")
IDS = re.compile(r"\d{15,20}")


def without_ids(posts: dict[str, list[tuple[str, str, tuple[str, ...]]]]) -> dict[str, list[object]]:
    """Posts without ids and ports, which two targets do not share; a link elsewhere may still be the source's."""
    return {
        key: [(author, IDS.sub("ID", LINKS.sub("LINK", text)), files) for author, text, files in rows]
        for key, rows in posts.items()
    }


def killed_run(home: Path, profile: Path, seconds: float) -> bool:
    """Start a run and kill it; return whether it was still running."""
    return killed(home, ("run", str(profile), "--max-rate", "1500/min"), seconds)


def killed(home: Path, command: tuple[str, ...], seconds: float) -> bool:
    """Start a command and kill it; return whether it was still running."""
    process = processes.start(home, *command)
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_running


@pytest.mark.timeout(1800)
def test_killed_runs_end_like_one_that_was_not(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kills = request.config.getoption("--kills")
    moments = random.Random(request.config.getoption("--kill-seed"))
    calm, rough = tmp_path / "calm.toml", tmp_path / "rough.toml"
    with processes.sandbox(tmp_path, calm, *SHAPE) as facts:
        finished = processes.run(tmp_path, "run", str(calm), "--json")
        assert finished.returncode == 0, finished.stderr
        wanted = without_ids(processes.posts(facts))
    landed = 0
    with processes.sandbox(tmp_path, rough, *SHAPE) as facts:
        for _ in range(kills):
            landed += killed_run(tmp_path, rough, moments.uniform(0.6, 2.6))
        finished = processes.run(tmp_path, "run", str(rough), "--json")
        assert finished.returncode == 0, finished.stdout + finished.stderr
        found = without_ids(processes.posts(facts))
    summary = json.loads(finished.stdout)
    messages = summary["messages"]
    assert messages["source"] == 500
    assert messages["source"] == messages["sent"] + messages["merged"] + sum(messages["skipped"].values())
    assert summary["verify"]["missing"] == summary["verify"]["extra"] == summary["verify"]["out_of_order"] == 0
    assert found.keys() == wanted.keys()
    for channel, rows in wanted.items():
        differences = [pair for pair in zip(rows, found[channel], strict=False) if pair[0] != pair[1]]
        assert not differences, f"{channel}: {differences[:3]}"
        assert len(found[channel]) == len(rows)
    assert landed >= min(kills, 10), "too few kills struck a run at work"


@pytest.mark.timeout(600)
def test_killed_retries_leave_every_message_once(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kills = max(4, request.config.getoption("--kills") // 4)
    moments = random.Random(request.config.getoption("--kill-seed"))
    profile = tmp_path / "failing.toml"
    with processes.sandbox(tmp_path, profile, *SHAPE[:-2], "--seed", "8", "--fault", "content-blocked") as facts:
        refused = json.loads(processes.run(tmp_path, "run", str(profile), "--json").stdout)
        assert refused["messages"]["failed"] > 3
        httpx.post(f"{facts['control']}/faults", json={"faults": ["slow-reply:every=2,delay=0.3"]}).raise_for_status()
        landed = sum(killed(tmp_path, ("retry", str(profile)), moments.uniform(0.5, 2.5)) for _ in range(kills))
        httpx.post(f"{facts['control']}/faults", json={"faults": []}).raise_for_status()
        finished = processes.run(tmp_path, "retry", str(profile), "--json")
        assert finished.returncode == 0, finished.stdout + finished.stderr
        summary = json.loads(finished.stdout)
        found = [row for rows in processes.posts(facts).values() for row in rows]
    messages = summary["messages"]
    assert (messages["failed"], messages["uncertain"], messages["pending"]) == (0, 0, 0)
    assert messages["sent"] == refused["messages"]["sent"] + refused["messages"]["failed"]
    assert messages["source"] == messages["sent"] + messages["merged"] + sum(messages["skipped"].values())
    assert not [text for _, text, _ in found if "could not be carried over" in text]
    late = [text for _, text, _ in found if "Carried over later" in text]
    assert len(late) == len(set(late)) == refused["messages"]["failed"]
    assert landed >= 2, "too few kills struck a retry at work"
