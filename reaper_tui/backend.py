"""What a face of the program (app or headless) needs of what stands behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.progress import Progress
from reaper_tui.model.community import Community, Guild
from reaper_tui.model.plan import Plan
from reaper_tui.model.removal import Removable, RemovalOutcome
from reaper_tui.model.retrying import Retriable
from reaper_tui.model.summary import Summary, Verification
from reaper_tui.model.text import SafeText
from reaper_tui.profile.secrets import Secret
from reaper_tui.profile.settings import Settings


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token belongs to and where it may work: `places` are (id, name); `warnings` one line each with the mend.

    `bot_id` fills in the invite link; empty when the check does not tell it.
    """

    name: str
    places: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()
    bot_id: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """Both sides as they stand; estimates are (messages, is exact) and sizes bytes of files copied, by container id."""

    guild: Guild
    community: Community
    estimates: Mapping[int, tuple[int, bool]]
    sizes: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class LastRun:
    """How a profile's last run ended: `state` is done, stopped, failed, interrupted or running; `at` since 1970.

    `is_verified` is None when the target was not read back; `runs_elsewhere` names a process that holds the profile.
    """

    state: str
    at: float
    settled: int = 0
    pending: int = 0
    failed: int = 0
    is_verified: bool | None = None
    runs_elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """A profile on disk; `run` is None when there was no run yet."""

    name: str
    path: Path
    source_name: str
    target_name: str
    run: LastRun | None = None
    is_live: bool = False


class Finding(Protocol):
    """One line of an examination: `state` is ok, note, fault or skipped; `mend` says what to do."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def mend(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A message as the stream shows it; `at` is when it was sent, in seconds since 1970.

    A `notice` is a line of the stream about itself, with an id of its own below zero.
    """

    at: float
    message_id: int
    channel: SafeText
    author: SafeText
    text: SafeText
    files: int = 0
    mark: Literal["", "edited", "deleted", "notice"] = ""


class Workspace(Protocol):
    """One opened profile; opening took its lease, closing gives it back. `workdir` holds its journal and spool."""

    workdir: Path
    settings: Settings
    control: RunControl
    progress: Progress
    log: EventLog

    async def survey(self) -> Survey: ...
    def plan(self, survey: Survey, settings: Settings) -> Plan:
        """Return what a run with these settings would do (settings.copy.channels is the selection)."""
        ...

    async def run(self, settings: Settings) -> Summary:
        """Clone to the end, or until control stops it; raises CloneError when it cannot begin."""
        ...

    async def retriable(self) -> Retriable:
        """Return how much a retry would try."""
        ...

    async def retry(self, settings: Settings) -> Summary:
        """Try again what failed, vanished or was left out; control, progress and log as in a run."""
        ...

    async def verify(self) -> Verification:
        """Read the target back and compare, writing nothing; runs under the control, raises StopRequested."""
        ...

    def examine(self) -> AsyncIterator[Finding]:
        """Yield one line for each thing a run needs; a thing out of order is a line, never an error."""
        ...

    async def older(self, place: tuple[float, int], limit: int) -> tuple[Mirrored, ...]:
        """Return messages that were sent before a place (time, message id), oldest first."""
        ...

    async def newer(self, place: tuple[float, int], limit: int) -> tuple[Mirrored, ...]:
        """Return messages that were sent behind a place, oldest first."""
        ...

    async def details(self, item: Mirrored) -> tuple[tuple[SafeText, SafeText], ...]:
        """Return everything the journal knows of a message as (word, value)."""
        ...

    async def removable(self) -> Sequence[Removable]:
        """Return what this profile made on the target and would remove, in that order."""
        ...

    async def remove(self) -> RemovalOutcome:
        """Remove that, and nothing else; runs under the control, raises StopRequested between two things."""
        ...

    async def summary(self) -> Summary | None:
        """Return the outcome of the last run, None when there was none."""
        ...


class Backend(Protocol):
    """The door behind the app; every method may raise a CloneError whose line() can be shown."""

    log_file: Path
    preferences_file: Path

    def profiles(self) -> tuple[ProfileEntry, ...]: ...
    async def check_discord(self, token: Secret, api_base: str) -> Identity: ...
    async def check_fluxer(self, token: Secret, instance: str) -> Identity: ...
    def examine(self, settings: Settings) -> AsyncIterator[Finding]:
        """Yield what a run with settings that are no profile yet would need, line by line as it is looked at."""
        ...

    def save_profile(self, name: str, settings: Settings) -> Path: ...
    def load_profile(self, path: Path) -> Settings: ...
    def save_choices(self, path: Path, settings: Settings) -> None:
        """Write the copy and speed sections of these settings into a profile, leaving the rest of the file alone."""
        ...

    def open(self, path: Path) -> AbstractAsyncContextManager[Workspace]: ...
