"""Where each setting of a profile comes from: the environment, the file, or nobody."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from reaper_tui.profile.settings import load_settings

HIDDEN = "•••"
REFERENCES = ("env:", "file:", "keyring:")


class Origin(NamedTuple):
    """One setting: its name as section.key, its value fit to show, and what it was set by."""

    name: str
    value: str
    origin: str


def origins(path: Path, environment: Mapping[str, str] | None = None) -> list[Origin]:
    """Return every setting in force; a token is shown only as the reference it is. Raises as `load_settings` does.

    What goes on the command line of `run` goes before all of these.
    """
    variables = os.environ if environment is None else environment
    settings = load_settings(path, variables)
    written: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    rows: list[Origin] = []
    sections: dict[str, Any] = msgspec.to_builtins(settings)
    for section, values in sections.items():
        if not isinstance(values, dict):
            continue
        in_file: object = written.get(section)
        for key, value in cast("dict[str, Any]", values).items():
            variable = f"REAPER_{section}_{key}".upper()
            origin = "default"
            if isinstance(in_file, dict) and key in cast("dict[str, Any]", in_file):
                origin = "profile"
            if variable in variables:
                origin = variable
            rows.append(Origin(f"{section}.{key}", _shown(key, value), origin))
    return rows


def _shown(key: str, value: object) -> str:
    if "token" in key or "secret" in key or "password" in key:
        text = str(value)
        return text if not text or text.startswith(REFERENCES) else HIDDEN
    return msgspec.json.encode(value).decode() if not isinstance(value, str) else value
