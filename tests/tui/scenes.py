"""Every screen in a state worth looking at, reached by keys; snapshots and screenshots are made of these."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from reaper_tui.engine.progress import ChannelState, MirroredMessage
from reaper_tui.model.summary import Verification
from reaper_tui.model.text import SafeText
from reaper_tui.tui.widgets.findings import Findings
from tests.tui.fakes import FINDINGS, LINES, PEOPLE, REFUSED, START, FakeBackend
from tests.tui.pilots import press, settle

PROFILE = Path("~/.config/reaper-tui/cyclists.toml")
LOG = (
    ("15:02:11", "info", "reaper-tui 0.1.0 started"),
    ("15:02:14", "info", "12 channels and threads, about 2,020 messages"),
    ("15:02:19", "warning", "Fluxer limits: webhook limit in #general"),
    ("15:03:40", "error", "#news: a message was refused: content blocked"),
    ("15:04:02", "info", "verified 2,018 messages: 0 missing, 0 extra, 0 changed, 0 out of order"),
)
Scene = Callable[[Pilot[None], FakeBackend], Awaitable[None]]


def prepared(home: Path, name: str) -> FakeBackend:
    """Return a backend for a scene; nothing it shows depends on where it lives."""
    backend = FakeBackend(home, has_profiles=name != "welcome")
    backend.log_file = Path("reaper-tui.log")
    backend.workspace.workdir = Path("~/.local/share/reaper-tui/cyclists")
    backend.workspace.findings = FINDINGS
    if name == "refused":
        backend.workspace.survey_error = REFUSED
    if name == "log":
        lines = [
            {"at": f"2026-02-14T{at}+0000", "level": level, "from": "reaper_tui", "text": text}
            for at, level, text in LOG
        ]
        backend.log_file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    if name == "stream":
        backend.workspace.earlier = tuple(
            MirroredMessage(
                number - 60,
                START - 600 + 7 * number,
                SafeText(("general", "photos", "questions")[number % 3]),
                SafeText(PEOPLE[number % len(PEOPLE)]),
                SafeText(LINES[number % len(LINES)]),
                int(number % 6 == 2),
            )
            for number in range(60)
        )
    return backend


async def home(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "escape")


async def stay(pilot: Pilot[None], backend: FakeBackend) -> None:
    await settle(pilot)


async def wizard(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "escape", "n")
    pilot.app.screen.query_one("#discord .token").value = "x" * 60  # type: ignore[attr-defined]
    await press(pilot, "enter")


async def checks(pilot: Pilot[None], backend: FakeBackend) -> None:
    backend.findings = FINDINGS
    await press(pilot, "escape", "n")
    pilot.app.screen.query_one("#profile-name", Input).cursor_blink = False
    for side in ("discord", "fluxer"):
        pilot.app.screen.query_one(f"#{side} .token", Input).value = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.made-up"
        await press(pilot, "enter", "enter")
    while (
        "fault" not in pilot.app.screen.query_one(Findings).verdict or pilot.app.screen.query_one(Findings).is_looking
    ):
        await settle(pilot)


async def channels(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "down", "down", "down", "down", "space")


async def review(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter")


async def items(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "2")


async def options(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "4")


async def transfer(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "enter")
    backend.workspace.lost = 2
    await backend.workspace.step(420, 0.12)
    for tally in backend.workspace.progress.channels.values():
        if tally.name == "photos":
            tally.state = ChannelState.LIMITED
    backend.workspace.limit(12)
    pilot.app.screen.pulse()  # type: ignore[attr-defined]
    await settle(pilot)


async def messages(pilot: Pilot[None], backend: FakeBackend) -> None:
    await transfer(pilot, backend)
    await press(pilot, "3")


async def offline(pilot: Pilot[None], backend: FakeBackend) -> None:
    await transfer(pilot, backend)
    backend.workspace.progress.hold = "Fluxer does not answer since 15:02:11: 503 — next try at 15:02:43"
    pilot.app.screen.pulse()  # type: ignore[attr-defined]
    await settle(pilot)


async def paused(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "enter")
    await backend.workspace.step(60, 0.12)
    await press(pilot, "p")


async def report(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "enter", "enter")
    await backend.workspace.step(3000, 0.12)
    await settle(pilot)


async def stopped(pilot: Pilot[None], backend: FakeBackend) -> None:
    await transfer(pilot, backend)
    await press(pilot, "x")


async def failures(pilot: Pilot[None], backend: FakeBackend) -> None:
    backend.workspace.lost = 3
    await report(pilot, backend)
    await press(pilot, "f", "down")


async def verify(pilot: Pilot[None], backend: FakeBackend) -> None:
    backend.workspace.found = Verification(
        checked=2018,
        missing=1,
        changed=1,
        mendable=2,
        details=["#general: the post for message 7 is missing", "#photos: the post for message 12 was changed"],
    )
    await report(pilot, backend)
    await press(pilot, "v", "s")
    await backend.workspace.step(3)
    await settle(pilot)


async def doctor(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "d")
    await settle(pilot)


async def danger(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "X")
    await settle(pilot)


async def naming(pilot: Pilot[None], backend: FakeBackend) -> None:
    await report(pilot, backend)
    await press(pilot, "X", "ctrl+r")


async def settings(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "f2")


async def stream(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "f4")
    await settle(pilot)


async def log(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "f3")


async def help_of(pilot: Pilot[None], backend: FakeBackend) -> None:
    await press(pilot, "question_mark")


SCENES: dict[str, Scene] = {
    "home": home,
    "welcome": stay,
    "wizard": wizard,
    "checks": checks,
    "channels": channels,
    "review": review,
    "items": items,
    "options": options,
    "transfer": transfer,
    "messages": messages,
    "offline": offline,
    "paused": paused,
    "report": report,
    "stopped": stopped,
    "failures": failures,
    "verify": verify,
    "doctor": doctor,
    "danger": danger,
    "naming": naming,
    "settings": settings,
    "stream": stream,
    "log": log,
    "help": help_of,
    "refused": stay,
}
