"""Where files live, by the platform's customs or under one home directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

APPLICATION = "reaper-tui"


@dataclass(frozen=True, slots=True)
class Paths:
    """The directories of this program; none need exist yet."""

    config: Path
    data: Path
    cache: Path
    log: Path

    def profile(self, name: str) -> Path:
        """Return the profile file for a name or a path."""
        if name.endswith(".toml") or "/" in name:
            return Path(name).expanduser()
        return self.config / f"{name}.toml"

    def profiles(self) -> tuple[Path, ...]:
        """Return the profiles there are, the one used last first."""
        return tuple(sorted(self.config.glob("*.toml"), key=lambda path: -path.stat().st_mtime))

    def workdir(self, profile: Path) -> Path:
        """Return where a profile's journal and spool live."""
        if profile.resolve().parent == self.config.resolve():
            return self.data / profile.stem
        return profile.resolve().with_suffix(".reaper")

    @property
    def log_file(self) -> Path:
        return self.log / "reaper-tui.log"

    @property
    def preferences_file(self) -> Path:
        return self.config / "app" / "preferences.toml"


def default_paths(home: Path | None = None) -> Paths:
    """Return the platform's directories, or ones below `home`."""
    if home is not None:
        root = home.expanduser()
        return Paths(root / "profiles", root / "data", root / "cache", root / "log")
    return Paths(
        Path(platformdirs.user_config_dir(APPLICATION)),
        Path(platformdirs.user_data_dir(APPLICATION)),
        Path(platformdirs.user_cache_dir(APPLICATION)),
        Path(platformdirs.user_log_dir(APPLICATION)),
    )
