"""The profiles on disk and how their last runs ended, read without what it takes to run one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from reaper_tui.backend import LastRun, ProfileEntry
from reaper_tui.journal import queries
from reaper_tui.journal.lease import holder_of
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.summary import Verification
from reaper_tui.profile.paths import Paths
from reaper_tui.profile.settings import Settings, load_settings, save_settings


class ProfileShelf:
    """Lists, reads and writes profiles."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.log_file = paths.log_file
        self.preferences_file = paths.preferences_file

    def profiles(self) -> tuple[ProfileEntry, ...]:
        """Return the profiles there are, the one used last first."""
        return tuple(self._entry(path) for path in self.paths.profiles())

    def save_profile(self, name: str, settings: Settings) -> Path:
        """Write a new profile; raise ConfigurationError when the name is taken or is none."""
        if not name or name.startswith(".") or not all(mark.isalnum() or mark in "-_. " for mark in name):
            raise ConfigurationError(
                f"“{name}” is no name for a profile", "use letters, digits, dots, dashes and underscores"
            )
        path = self.paths.config / f"{name}.toml"
        if path.exists():
            raise ConfigurationError(f"There is a profile “{name}” already", "choose another name")
        save_settings(path, settings)
        return path

    def load_profile(self, path: Path) -> Settings:
        """Return a profile's settings."""
        return load_settings(path)

    def save_choices(self, path: Path, settings: Settings) -> None:
        """Write the copy and speed sections of these settings into a profile."""
        kept = load_settings(path, environment={})
        save_settings(path, msgspec.structs.replace(kept, copy=settings.copy, speed=settings.speed))

    def _entry(self, path: Path) -> ProfileEntry:
        workdir = self.paths.workdir(path)
        source, target, run = last_run(workdir / "journal.db", holder_of(workdir / "lock"))
        try:
            is_live = load_settings(path).copy.live
        except ConfigurationError:
            is_live = False
        return ProfileEntry(path.stem, path, source, target, run, is_live)


def last_run(journal: Path, holder: str = "") -> tuple[str, str, LastRun | None]:
    """Return both names and how the last run ended, without opening the journal for writing."""
    if not journal.exists():
        return "", "", None
    try:
        raw = sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=1)
        try:
            facts = dict(raw.execute("SELECT name, value FROM fact").fetchall())
            row = raw.execute(
                "SELECT state, ended_at, started_at, verification FROM run ORDER BY id DESC LIMIT 1"
            ).fetchone()
            count = queries.message_count(raw) if row else None
        finally:
            raw.close()
    except sqlite3.Error:
        return "", "", None
    source, target = facts.get("guild_name", ""), facts.get("community_name", "")
    if row is None or count is None:
        return source, target, None
    state = row[0] if row[1] is not None else "running" if holder else "interrupted"
    verification = msgspec.json.decode(row[3], type=Verification) if row[3] else None
    run = LastRun(
        state=state,
        at=row[1] or row[2],
        settled=count.source - count.pending,
        pending=count.pending,
        failed=count.failed + count.uncertain,
        is_verified=None if verification is None else verification.is_clean,
        runs_elsewhere=holder,
    )
    return source, target, run
