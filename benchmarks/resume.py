"""How long a killed clone with a million messages in its journal takes to its first send.

    python benchmarks/resume.py

The journal is that of a real small clone, with so many older messages and their posts added as earlier runs would have
left them; then one message is written and the program started anew. Servers run in another process.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import httpx
from figures import Figure, show
from programs import PROGRAM, environment, finish, sandbox

BATCH = 50_000
FIRST_ID = 1 << 40


def grow(journal: Path, count: int) -> None:
    """Add settled messages with their posts below everything the journal holds."""
    raw = sqlite3.connect(journal, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")
    places = raw.execute(
        "SELECT container_id, part.lane_id, channel_id, webhook_id, message.payload FROM part "
        "JOIN message ON message.id = message_id GROUP BY container_id HAVING count(*) > 150"
    ).fetchall()
    for start in range(0, count, BATCH):
        rows = range(start, min(count, start + BATCH))
        raw.execute("BEGIN")
        raw.executemany(
            "INSERT INTO message (id, container_id, state, payload) VALUES (?, ?, 1, ?)",
            ((FIRST_ID + row, places[row % len(places)][0], places[row % len(places)][4]) for row in rows),
        )
        raw.executemany(
            "INSERT INTO part (message_id, number, lane_id, channel_id, webhook_id, nonce, is_last, intended_at, "
            "target_id, fingerprint) VALUES (?, 0, ?, ?, ?, '', 1, 0, ?, '')",
            ((FIRST_ID + row, *places[row % len(places)][1:4], FIRST_ID + row) for row in rows),
        )
        raw.execute("COMMIT")
    for number, (container_id, *_) in enumerate(places):
        added = len(range(number, count, len(places)))
        raw.execute("UPDATE container SET source = source + ? WHERE id = ?", (added, container_id))
        raw.execute("INSERT INTO tally VALUES (?, 1, '', ?) ON CONFLICT DO UPDATE SET count = count + ?",
                    (container_id, added, added))  # fmt: skip
    # An interrupted run, so that nothing is looked at again from the start.
    raw.execute("UPDATE run SET ended_at = NULL, state = 'running'")
    raw.close()


def sent(facts: dict[str, Any]) -> int:
    """Return how many posts the target took."""
    routes = httpx.get(f"{facts['control']}/metrics").json()["fluxer"]["requests"]
    return sum(sum(counts.values()) for route, counts in routes.items() if route.startswith("POST /webhooks/"))


@click.command()
@click.option("--messages", default=1_000_000, show_default=True)
def main(messages: int) -> None:
    """Print the seconds from the start of the program to its first send."""
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder), Path(folder) / "resume.toml"
        with sandbox(home, profile, "--messages", "3000", "--channels", "12", "--speed", "5000") as facts:
            code, said = finish(home, profile, 300)
            if code != 0:
                raise SystemExit(f"resume: the first run ended with {code}: {said}")
            journal = next(home.rglob("journal.db"))
            grow(journal, messages)
            headers = {"Authorization": f"Bot {facts['discord']['token']}"}
            base, guild = facts["discord"]["api_base"], facts["discord"]["guild_id"]
            channels = httpx.get(f"{base}/guilds/{guild}/channels", headers=headers).json()
            place = next(row["id"] for row in channels if row["type"] == 0 and row["last_message_id"])
            change = {"action": "create", "channel_id": place, "content": "the first after a million"}
            httpx.post(f"{facts['control']}/discord/messages", json=change).raise_for_status()
            before, began = sent(facts), time.monotonic()
            process = subprocess.Popen(
                [*PROGRAM, "run", str(profile)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(home),
            )
            while sent(facts) == before:
                if process.poll() is not None:
                    raise SystemExit(f"resume: the run ended with {process.returncode} without sending")
                time.sleep(0.01)
            took = time.monotonic() - began
            peak = int(Path(f"/proc/{process.pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
            process.kill()
            process.wait()
            size = os.path.getsize(journal) / 1e6
    name = f"start to first send with {messages:,} messages ({size:,.0f} MB journal)"
    raise SystemExit(
        show(
            [
                Figure("resume", name, round(took, 2), "s", "the limit", 3.0, at_most=True),
                Figure("resume", "memory then", round(peak, 1), "MB", "the limit", 200.0, at_most=True),
            ]
        )
    )


if __name__ == "__main__":
    main()
