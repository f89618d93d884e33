"""How the app looks and behaves for one user: TOML in the config folder, beside the profiles."""

from __future__ import annotations

import contextlib
import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.settings import SpeedSettings


class Notifications(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens when a run ends; `command` is a program and its arguments, started without a shell."""

    bell: bool = True
    toast: bool = True
    title: bool = True
    command: list[str] = []


class Preferences(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The app's own settings; `keys` maps a command's name to its keys, `speed` is what new profiles begin with.

    `theme` is dark, light, ansi, plain (no colour) or the name of a theme of Textual.
    """

    theme: str = "dark"
    animation: bool = True
    keeps_running: bool = False
    last_profile: str = ""
    keys: dict[str, str] = {}
    notifications: Notifications = msgspec.field(default_factory=Notifications)
    speed: SpeedSettings = msgspec.field(default_factory=SpeedSettings)


def load_preferences(path: Path) -> Preferences:
    """Return what is on disk, the defaults when there is nothing; raise ConfigurationError when it cannot be read."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(raw, Preferences)
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        reason = (error.strerror or "unreadable") if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"The app's settings {path} cannot be read: {reason}", "mend or remove it") from None


def save_preferences(path: Path, preferences: Preferences) -> None:
    """Write preferences whole or not at all; values left at their default are not written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.write_text(tomli_w.dumps(_without_defaults(preferences)), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"The app's settings {path} cannot be written: {error.strerror}", "check the folder's permissions"
        ) from None


def _without_defaults(preferences: Preferences) -> dict[str, Any]:
    defaults: dict[str, Any] = msgspec.to_builtins(Preferences())
    return _differing(msgspec.to_builtins(preferences), defaults)


def _differing(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in values.items():
        before = defaults.get(name)
        if isinstance(value, dict) and isinstance(before, dict) and before:
            if inner := _differing(value, before):  # pyright: ignore[reportUnknownArgumentType]
                kept[name] = inner
        elif value != before:
            kept[name] = value
    return kept
