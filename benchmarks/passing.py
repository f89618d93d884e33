"""The app while messages pass at a set rate: everything of it but the engine, whose numbers are made up.

    python benchmarks/passing.py --rate 2000

`ui.py` starts this in a terminal and presses keys; by hand it shows what the app looks like then.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from reaper_tui.engine.events import Level
from reaper_tui.engine.progress import ChannelState
from reaper_tui.model.community import ChannelKind
from reaper_tui.tui.app import run_app
from tests.tui.fakes import LINES, PEOPLE, FakeBackend, FakeClock, FakeWorkspace, fake_survey

CHANNELS = 40
LARGEST = 1_000_000
BEAT = 0.005
MESSAGES_A_LINE = 100


class RealClock(FakeClock):
    """The time it is."""

    def __call__(self) -> float:
        return time.time()


@dataclass
class PassingWorkspace(FakeWorkspace):
    """A run that counts so many messages a second on the real clock, and a line of the log for a hundred of them."""

    rate: float = 0

    async def _send_all(self) -> None:
        tallies = list(self.progress.channels.values())
        for tally in tallies:
            tally.source, tally.is_captured, tally.state = tally.estimate, True, ChannelState.SENDING
        began, sent = time.perf_counter(), 0
        while True:
            await self.control.boundary()
            due = int((time.perf_counter() - began) * self.rate)
            for number in range(sent, due):
                tally = tallies[number % CHANNELS]
                tally.sent += 1
                self.progress.requests += 1
                self.progress.arrived(tally.name, PEOPLE[number % len(PEOPLE)], LINES[number % len(LINES)])
                if number % MESSAGES_A_LINE == 0:
                    self.log.write(Level.INFO, f"#{tally.name}: {tally.sent:,} messages so far", tally.id)
            sent = max(sent, due)
            await asyncio.sleep(BEAT)


@click.command()
@click.option("--rate", default=2000.0, show_default=True, help="Messages a second.")
def main(rate: float) -> None:
    """Show the app while messages pass."""
    rows = [
        (number, ChannelKind.TEXT, f"channel-{number}", None, LARGEST, True, "") for number in range(1, CHANNELS + 1)
    ]
    with tempfile.TemporaryDirectory() as place:
        backend = FakeBackend(Path(place))
        backend.workspace = PassingWorkspace(
            backend.settings, RealClock(), backend.home, surveyed=fake_survey(tuple(rows)), rate=rate
        )
        raise SystemExit(run_app(backend, profile=backend.entries[0].path))


if __name__ == "__main__":
    main()
