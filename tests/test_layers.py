"""What importing a room brings with it: imports point down only, and what is heavy stays out until it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOADED = "import sys, importlib; importlib.import_module(sys.argv[1]); print('\\n'.join(sys.modules))"
ROOMS = ("engine", "journal", "media", "model", "profile", "reader", "sandbox", "tui", "writer")
PACKAGE = Path(__file__).parent.parent / "reaper_tui"
FORBIDDEN = {
    "reaper_tui.engine.clone": (
        *("textual", "click", "discord", "fluxer", "fastapi"),
        *("reaper_tui.sandbox", "reaper_tui.reader", "reaper_tui.writer", "reaper_tui.tui", "reaper_tui.media"),
    ),
    "reaper_tui.headless": ("textual", "reaper_tui.sandbox", "reaper_tui.tui"),
    "reaper_tui.cli": (
        *("textual", "reaper_tui.sandbox", "reaper_tui.tui", "discord", "fluxer"),
        *("fastapi", "uvicorn", "structlog", "pydantic", "redis", "asyncpg"),
    ),
    "reaper_tui.stream.client": ("fastapi", "uvicorn", "structlog", "pydantic", "redis", "asyncpg", "textual"),
    "reaper_tui.reader.client": ("fluxer", "textual", "reaper_tui.writer", "reaper_tui.engine", "reaper_tui.sandbox"),
    "reaper_tui.writer.writer": ("discord", "textual", "reaper_tui.reader", "reaper_tui.engine", "reaper_tui.sandbox"),
    "reaper_tui.tui.app": ("discord", "fluxer", "reaper_tui.reader", "reaper_tui.writer", "reaper_tui.sandbox"),
    "reaper_tui.media.spool": ("reaper_tui.reader", "reaper_tui.writer", "reaper_tui.engine", "reaper_tui.sandbox"),
    "reaper_tui.journal.journal": ("reaper_tui.engine", "reaper_tui.reader", "reaper_tui.writer", "reaper_tui.profile"),
}
ONLY_ITSELF = {"reaper_tui.model": "model", "reaper_tui.sandbox.service": "sandbox"}


def loaded_by(module: str) -> set[str]:
    """Return every module that is loaded after importing one in a fresh interpreter."""
    finished = subprocess.run(
        [sys.executable, "-c", LOADED, module], capture_output=True, text=True, check=True, timeout=60
    )
    return set(finished.stdout.split())


def named(modules: set[str], package: str) -> list[str]:
    return sorted(module for module in modules if module == package or module.startswith(f"{package}."))


@pytest.mark.parametrize("module", FORBIDDEN)
def test_a_room_loads_nothing_from_above_or_beside(module: str) -> None:
    modules = loaded_by(module)
    assert module in modules
    assert {package: found for package in FORBIDDEN[module] if (found := named(modules, package))} == {}


@pytest.mark.parametrize("room", ONLY_ITSELF.values())
def test_a_room_that_knows_nobody(room: str) -> None:
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in (PACKAGE / room).rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    ]
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint('\\n'.join(sys.modules))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    ours = named(set(finished.stdout.split()), "reaper_tui")
    assert [module for module in ours if not f"{module}.".startswith(("reaper_tui.__", f"reaper_tui.{room}."))] == [
        "reaper_tui"
    ]
