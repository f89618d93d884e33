"""A backend that does nothing real and moves only when told; `python -m tests.tui.fakes` shows the app on it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from reaper_tui.backend import Identity, LastRun, Mirrored, ProfileEntry, Survey
from reaper_tui.engine.control import RunControl, RunState, StopRequested
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.progress import ChannelState, ChannelTally, MirroredMessage, Phase, Progress, Wait
from reaper_tui.engine.selection import selected_channels
from reaper_tui.model.community import Channel, ChannelKind, Community, Guild
from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.plan import Action, Exclusion, ItemKind, Placement, Plan, PlanItem, Route
from reaper_tui.model.removal import Removable, RemovalOutcome
from reaper_tui.model.retrying import Retriable
from reaper_tui.model.summary import (
    AttachmentCount,
    Failure,
    HttpCount,
    MessageCount,
    Party,
    StructureCount,
    Summary,
    Verification,
)
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.preferences import Preferences, save_preferences
from reaper_tui.profile.secrets import Secret
from reaper_tui.profile.settings import DiscordSettings, FluxerSettings, Settings

GUILD_ID = 1_100_000_000_000_000_000
START = 1_750_000_000.0
CANARY = "CANARYaaaaaaaaaaaaaaaaaaaa.bbbbbb.cccccccccccccccccccccccccccc"

_ROWS: tuple[tuple[int, ChannelKind, str, int | None, int, bool, str], ...] = (
    (1, ChannelKind.TEXT, "welcome", None, 12, True, ""),
    (10, ChannelKind.CATEGORY, "Community", None, 0, True, ""),
    (11, ChannelKind.ANNOUNCEMENT, "news", 10, 48, True, ""),
    (12, ChannelKind.TEXT, "general", 10, 1187, False, ""),
    (13, ChannelKind.THREAD, "Which bike for winter?", 12, 42, True, ""),
    (14, ChannelKind.THREAD, "Meetup in Lyon", 12, 17, True, ""),
    (15, ChannelKind.TEXT, "photos", 10, 340, False, ""),
    (16, ChannelKind.VOICE, "Lounge", 10, 3, True, ""),
    (20, ChannelKind.CATEGORY, "Help", None, 0, True, ""),
    (21, ChannelKind.FORUM, "questions", 20, 0, True, ""),
    (22, ChannelKind.THREAD, "Brake squeals after rain", 21, 31, True, ""),
    (23, ChannelKind.THREAD, "Lights: dynamo or battery?", 21, 26, True, ""),
    (24, ChannelKind.TEXT, "general", 20, 210, False, ""),
    (30, ChannelKind.CATEGORY, "Team", None, 0, True, ""),
    (31, ChannelKind.TEXT, "mod-log", 30, 0, False, "the bot lacks View Channel"),
    (32, ChannelKind.TEXT, "planning", 30, 96, False, ""),
    (33, ChannelKind.TEXT, "絵文字-и-bidi", 30, 8, True, ""),
)

PEOPLE = ("Alice", "Bob Ray", "chloë", "Дмитрий", "小林", "Eve")
LINES = (
    "Good morning! Who is riding on Sunday?",
    "I would, if the rain stops. The forecast says 60 % from noon on, so better early.",
    "Here are the pictures from last week",
    "Does anyone have a spare 622 tube?",
    "それはいいですね",
    "The new trail is open: https://example.org/trail",
)


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until moved."""

    at: float = START

    def __call__(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds


def fake_guild(rows: tuple[tuple[int, ChannelKind, str, int | None, int, bool, str], ...] = _ROWS) -> Guild:
    """Return a guild with these channels."""
    return Guild(
        GUILD_ID,
        "Rainy Day Cyclists",
        channels=tuple(
            Channel(GUILD_ID + number, kind, name, GUILD_ID + parent if parent else None, number, cannot_read=reason)
            for number, kind, name, parent, _, _, reason in rows
        ),
    )


def fake_survey(rows: tuple[tuple[int, ChannelKind, str, int | None, int, bool, str], ...] = _ROWS) -> Survey:
    """Return a survey of that guild and a fresh community."""
    estimates = {GUILD_ID + number: (count, exact) for number, _, _, _, count, exact, _ in rows}
    return Survey(fake_guild(rows), Community(9, "Cyclists on Fluxer", 99), estimates)


@dataclass(frozen=True, slots=True)
class FakeFinding:
    """One line of an examination."""

    name: str
    state: str
    line: str
    mend: str = ""


FINDINGS = (
    FakeFinding("Discord token", "ok", "belongs to ReaperBot"),
    FakeFinding("Message content", "fault", "the intent is off", "switch on Message Content Intent in the portal"),
    FakeFinding("#mod-log", "note", "cannot be read", "give the bot View Channel there"),
    FakeFinding("Disk", "ok", "38 GB free"),
    FakeFinding("Webhooks", "skipped", "no channel chosen yet"),
)


@dataclass
class FakeWorkspace:
    """A run that sends one message for each permit."""

    settings: Settings
    clock: FakeClock
    workdir: Path
    surveyed: Survey = field(default_factory=fake_survey)
    survey_error: Exception | None = None
    plan_error: Exception | None = None
    run_error: Exception | None = None
    lost: int = 0
    drains_at_once: bool = True
    control: RunControl = field(default_factory=RunControl)
    last: Summary | None = None
    found: Verification = field(default_factory=lambda: Verification(checked=412))
    findings: tuple[FakeFinding, ...] = ()
    earlier: tuple[MirroredMessage, ...] = ()
    made: tuple[Removable, ...] = (
        Removable("channel", 2, 20, "general"),
        Removable("channel", 3, 30, "photos"),
        Removable("emoji", 5, 50, "party_bike"),
        Removable("role", 4, 40, "riders"),
    )
    runs: int = 0
    retries: int = 0

    def __post_init__(self) -> None:
        self.progress = Progress(self.clock)
        self.log = EventLog(self.clock)
        self._permits = asyncio.Semaphore(0)
        self._sent_one = asyncio.Event()
        self._drained = asyncio.Event()
        self.survey_gate = asyncio.Event()
        self.survey_gate.set()

    async def survey(self) -> Survey:
        await self.survey_gate.wait()
        if self.survey_error:
            raise self.survey_error
        return self.surveyed

    def plan(self, survey: Survey, settings: Settings) -> Plan:
        if self.plan_error:
            raise self.plan_error
        readable = [row for row in survey.guild.channels if not row.cannot_read]
        carried = selected_channels(survey.guild, settings.copy).carried
        taken = [row for row in readable if row.id in carried]
        names = {row.id: row.name for row in survey.guild.channels}
        items = [PlanItem(ItemKind.IDENTITY, GUILD_ID, survey.guild.name, Action.CHANGE)]
        items += [
            PlanItem(ItemKind.ROLE, place, name, Action.CREATE) for place, name in enumerate(("admin", "mod", "riders"))
        ]
        items += [
            PlanItem(
                ItemKind.CATEGORY if row.kind is ChannelKind.CATEGORY else ItemKind.CHANNEL,
                row.id,
                row.name,
                Action.REUSE if row.name == "welcome" else Action.CREATE,
                target_kind="voice" if row.kind is ChannelKind.VOICE else "text",
            )
            for row in readable
            if row.kind is not ChannelKind.THREAD
        ]
        items.append(
            PlanItem(ItemKind.EMOJI, 5, "party_bike", Action.CANNOT, reason="the image has 700 kB, the limit is 384 kB")
        )
        routes = tuple(
            Route(
                row.id,
                row.name,
                row.kind.value,
                row.parent_id or 0 if row.kind is ChannelKind.THREAD else row.id,
                Placement.INLINE if row.kind is ChannelKind.THREAD else Placement.OWN,
                *survey.estimates.get(row.id, (0, True)),
                parent_name=names.get(row.parent_id or 0, ""),
            )
            for row in taken
            if row.has_messages and settings.copy.history
        )
        excluded = tuple(
            Exclusion(row.name, row.cannot_read, row.id) for row in survey.guild.channels if row.cannot_read
        )
        messages = sum(route.estimate for route in routes)
        return Plan(
            survey.guild.name,
            survey.community.name,
            tuple(items),
            routes,
            excluded,
            ("The target has no threads: each is told inside its channel, between two marker lines.",),
            messages + 60,
            messages / 8,
        )

    async def run(self, settings: Settings) -> Summary:
        self.runs += 1
        self.control.move(RunState.PREPARING)
        progress = self.progress
        progress.started_at = self.clock()
        progress.source_name, progress.target_name = self.surveyed.guild.name, self.surveyed.community.name
        routes = self.plan(self.surveyed, settings).routes
        for route in routes:
            progress.channels.setdefault(
                route.container_id,
                ChannelTally(route.container_id, route.name, route.kind, route.parent_name, estimate=route.estimate),
            )
        progress.phase = Phase.MESSAGES
        self.log.write(Level.INFO, f"Source {progress.source_name}, target {progress.target_name}")
        self.log.write(Level.SUCCESS, "3 roles and 14 channels are in place")
        self.log.write(Level.WARNING, ":party_bike: has 700 kB, the limit is 384 kB: left out")
        if self.run_error:
            self.control.move(RunState.FAILED)
            raise self.run_error
        self.control.move(RunState.RUNNING)
        try:
            await self._send_all()
        except StopRequested:
            if not self.drains_at_once:
                await self._drained.wait()
            return self._end(RunState.STOPPED)
        return self._end(RunState.DONE)

    async def summary(self) -> Summary | None:
        return self.last

    async def retriable(self) -> Retriable:
        return Retriable(failed=sum(tally.failed for tally in self.progress.channels.values()))

    async def retry(self, settings: Settings) -> Summary:
        self.retries += 1
        self.lost = 0
        for tally in self.progress.channels.values():
            tally.failed = 0
        return await self.run(settings)

    async def older(self, place: tuple[float, int], limit: int) -> tuple[Mirrored, ...]:
        return tuple(row for row in self._mirrored() if (row.at, row.message_id) < place)[-limit:]

    async def newer(self, place: tuple[float, int], limit: int) -> tuple[Mirrored, ...]:
        return tuple(row for row in self._mirrored() if (row.at, row.message_id) > place)[:limit]

    async def details(self, item: Mirrored) -> tuple[tuple[SafeText, SafeText], ...]:
        lines = (
            ("author", item.author),
            ("state", "✔ sent"),
            ("target", "channel 77, message 99"),
            ("text", item.text),
        )
        return tuple((SafeText(word), SafeText(value)) for word, value in lines)

    def _mirrored(self) -> list[Mirrored]:
        rows = [*self.earlier, *self.progress.stream_since(0)]
        return [Mirrored(row.at, row.number, row.channel_name, row.author, row.text, row.files) for row in rows]

    async def removable(self) -> tuple[Removable, ...]:
        return self.made

    async def remove(self) -> RemovalOutcome:
        """Remove a thing for each permit."""
        self.control.move(RunState.PREPARING)
        self.control.move(RunState.RUNNING)
        self.progress.structure_total, outcome = len(self.made), RemovalOutcome()
        try:
            while self.made:
                self.progress.note = f"removing {self.made[0].kind} {self.made[0].name}"
                await self._boundary_or_permit()
                self.made = self.made[1:]
                outcome.removed += 1
                self.progress.structure_done += 1
        except StopRequested:
            self.control.move(RunState.STOPPED)
            raise
        self.control.move(RunState.DONE)
        return outcome

    async def verify(self) -> Verification:
        """Read back a channel for each permit, and find what the test put into `found`."""
        self.control.move(RunState.PREPARING)
        self.control.move(RunState.RUNNING)
        self.progress.phase = Phase.VERIFY
        self.progress.started_at = self.clock()
        try:
            for place in range(1, 4):
                self.progress.note = f"reading back #general ({place} of 3)"
                await self._boundary_or_permit()
        except StopRequested:
            self.control.move(RunState.STOPPED)
            raise
        self.control.move(RunState.DONE)
        return self.found

    async def examine(self) -> AsyncIterator[FakeFinding]:
        for finding in self.findings:
            yield finding

    async def step(self, messages: int = 1, seconds: float = 0.5) -> None:
        """Let so many messages through and wait until they are."""
        for _ in range(messages):
            if not self.control.is_active:
                return
            self._sent_one.clear()
            self.clock.advance(seconds)
            self._permits.release()
            await self._sent_one.wait()

    def drain(self) -> None:
        """Let what is in flight arrive."""
        self._drained.set()

    def limit(self, seconds: float, channel: str = "general") -> None:
        """Let the run wait for a limit."""
        what = sanitise_line(f"webhook limit in #{channel}")
        self.progress.waits[channel] = Wait(what, self.clock() + seconds)
        self.progress.status_429 += 1

    async def _send_all(self) -> None:
        tallies = list(self.progress.channels.values())
        turn = sum(tally.settled for tally in map(ChannelTally.snapshot, tallies))
        while True:
            open_tallies = [tally for tally in tallies if tally.snapshot().settled < tally.estimate]
            for tally in tallies:
                if tally not in open_tallies:
                    tally.state = ChannelState.DONE
            if not open_tallies:
                return
            await self._boundary_or_permit()
            tally = open_tallies[turn % min(4, len(open_tallies))]
            tally.state = ChannelState.SENDING
            tally.source = tally.estimate
            tally.is_captured = True
            if self.lost:
                self.lost -= 1
                tally.failed += 1
                self.log.write(Level.ERROR, f"#{tally.name}: a message was refused: content blocked", tally.id)
            else:
                tally.sent += 1
                files = int(turn % 7 == 2)
                self.progress.bytes_sent += 400 + 80_000 * files
                self.progress.arrived(tally.name, PEOPLE[turn % len(PEOPLE)], LINES[turn % len(LINES)], files)
            self.progress.requests += 1
            turn += 1
            self._sent_one.set()

    async def _boundary_or_permit(self) -> None:
        await self.control.boundary()
        permit = asyncio.ensure_future(self._permits.acquire())
        stop = asyncio.ensure_future(self.control.stopping())
        try:
            await asyncio.wait({permit, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            permit.cancel()
            stop.cancel()
        self._sent_one.set()
        await self.control.boundary()

    def _end(self, state: RunState) -> Summary:
        tallies = self.progress.channels.values()
        sent, failed = sum(tally.sent for tally in tallies), sum(tally.failed for tally in tallies)
        source = sum(tally.estimate for tally in tallies)
        self.progress.phase = Phase.FINISHED
        self.progress.ended_at = self.clock()
        self.control.move(state)
        is_done = state is RunState.DONE
        self.last = Summary(
            run_id=self.runs,
            state=state.value,
            source=Party(str(GUILD_ID), self.surveyed.guild.name),
            target=Party("9", self.surveyed.community.name),
            structure={
                "roles": StructureCount(3, 3, 0, 0),
                "channels": StructureCount(13, 12, 1, 0),
                "emojis": StructureCount(1, 1, 0, 0),
            },
            messages=MessageCount(
                source + 14, sent, 0, {"member_join": 11, "pin_notice": 3}, failed, 0, source - sent - failed
            ),
            attachments=AttachmentCount(40, 38, 2, self.progress.bytes_sent),
            http=HttpCount(self.progress.requests + 60, self.progress.status_429, 1, 12.5),
            verify=Verification(checked=sent) if is_done else None,
            duration_s=self.clock() - (self.progress.started_at or START),
            peak_rss_mb=96.4,
            failures=[
                Failure("message", "by Eve in #general", "content blocked by the target", "12", str(number))
                for number in range(failed)
            ],
            exclusions=["#mod-log: the bot lacks View Channel"],
        )
        return self.last


class FakeBackend:
    """Profiles in memory, one workspace, and answers as told."""

    def __init__(self, home: Path, *, has_profiles: bool = True) -> None:
        self.home = home
        self.log_file = home / "reaper-tui.log"
        self.preferences_file = home / "app" / "preferences.toml"
        self.clock = FakeClock()
        self.settings = Settings(
            discord=DiscordSettings(token=CANARY, guild_id="1"), fluxer=FluxerSettings(token=CANARY, community_id="2")
        )
        self.workspace = FakeWorkspace(self.settings, self.clock, home / "cyclists")
        self.discord: Identity | Exception = Identity(
            "ReaperBot", (("11", "Rainy Day Cyclists"), ("12", "Test server")), bot_id="1100000000000000001"
        )
        self.fluxer: Identity | Exception = Identity("Builder", (("21", "Cyclists on Fluxer"),), bot_id="77")
        self.open_error: Exception | None = None
        self.saved: dict[str, Settings] = {}
        self.choices: list[Settings] = []
        self.opened = 0
        self.closed = 0
        self.tokens: list[Secret] = []
        self.check_gate = asyncio.Event()
        self.check_gate.set()
        self.findings: tuple[FakeFinding, ...] = tuple(row for row in FINDINGS if row.state == "ok")
        self.looks = asyncio.Semaphore(1000)
        self.examined: list[Settings] = []
        self.entries: tuple[ProfileEntry, ...] = ()
        if has_profiles:
            self.entries = (
                ProfileEntry(
                    "cyclists",
                    home / "cyclists.toml",
                    "Rainy Day Cyclists",
                    "Cyclists on Fluxer",
                    LastRun("stopped", START - 86_400, settled=1588, pending=412),
                ),
                ProfileEntry("book-club", home / "book-club.toml", "Book club", "Book club"),
            )

    def profiles(self) -> tuple[ProfileEntry, ...]:
        return self.entries

    async def check_discord(self, token: Secret, api_base: str) -> Identity:
        return await self._identity(token, self.discord)

    async def check_fluxer(self, token: Secret, instance: str) -> Identity:
        return await self._identity(token, self.fluxer)

    async def _identity(self, token: Secret, answer: Identity | Exception) -> Identity:
        self.tokens.append(token)
        await self.check_gate.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def examine(self, settings: Settings) -> AsyncIterator[FakeFinding]:
        self.examined.append(settings)
        for finding in self.findings:
            await self.looks.acquire()
            yield finding

    def save_profile(self, name: str, settings: Settings) -> Path:
        self.saved[name] = settings
        return self.home / f"{name}.toml"

    def load_profile(self, path: Path) -> Settings:
        return self.settings

    def save_choices(self, path: Path, settings: Settings) -> None:
        self.choices.append(settings)

    @contextlib.asynccontextmanager
    async def open(self, path: Path) -> AsyncIterator[FakeWorkspace]:
        if self.open_error:
            raise self.open_error
        self.opened += 1
        self.workspace.settings = msgspec.structs.replace(self.settings)
        try:
            yield self.workspace
        finally:
            self.closed += 1


REFUSED = AccessDenied("Discord does not know this token", "copy it again from the Bot page of the portal")


async def _keep_moving(workspace: FakeWorkspace, per_second: float, at_once: int) -> None:
    beat = 0
    while True:
        await asyncio.sleep(1 / per_second)
        workspace.clock.advance(1 / per_second)
        beat += workspace.control.state is RunState.RUNNING
        if beat % 200 == 199 and at_once == 1:
            workspace.limit(3.0)
            beat += 1
        if workspace.control.state is RunState.RUNNING and not workspace.progress.snapshot(RunState.RUNNING).waits:
            await workspace.step(at_once, 0)


def show(arguments: list[str]) -> Iterator[int]:
    """Run the app on a fake; arguments: empty, refuse, lose, fast, calm, demo, start, keep."""
    from reaper_tui.tui.app import ReaperApp

    class Moving(ReaperApp):
        async def on_load(self) -> None:
            rate = 400.0 if "fast" in arguments else 25.0
            at_once = 20 if "calm" in arguments else 1
            self._mover = asyncio.ensure_future(_keep_moving(self.backend.workspace, rate, at_once))  # type: ignore[attr-defined]

    with tempfile.TemporaryDirectory() as home:
        backend = FakeBackend(Path(home), has_profiles="empty" not in arguments)
        if "refuse" in arguments:
            backend.open_error = backend.discord = REFUSED
        backend.workspace.lost = 3 if "lose" in arguments else 0
        if "keep" in arguments:
            save_preferences(backend.preferences_file, Preferences(keeps_running=True))
        is_demo = "demo" in arguments
        app = Moving(
            backend,
            profile=backend.entries[0].path if is_demo else None,
            demo=is_demo,
            auto_start="start" in arguments,
        )
        app.run()
        yield app.return_code or 0


if __name__ == "__main__":
    sys.exit(next(show(sys.argv[1:])))
