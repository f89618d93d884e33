"""What a sandbox remembers between two lives: the options that made it, and its ports."""

import os
import sys
from pathlib import Path
from typing import IO

import msgspec

from reaper_tui.sandbox.errors import SandboxError

_VERSION = 1


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a state file."""

    version: int = _VERSION
    seed: int
    channels: int
    messages: int
    speed: float
    generation: str
    community: str = "busy"
    limits: dict[str, int] = {}
    ports: dict[str, int] = {}


def recall(path: Path, wished: Memory) -> Memory:
    """Return what `path` remembers, or `wished` if it does not exist; refuse if the two do not agree."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        return wished
    except (msgspec.MsgspecError, IsADirectoryError, PermissionError) as error:
        raise SandboxError(f"{path} is not a readable sandbox state file: {error}") from error
    if kept.version != _VERSION:
        raise SandboxError(
            f"{path} was written by another version (state version {kept.version}, this one reads {_VERSION})"
        )
    differing = [
        f"{name} is {getattr(kept, name)} there, {getattr(wished, name)} asked"
        for name in ("seed", "channels", "messages", "speed", "generation", "community", "limits")
        if getattr(kept, name) != getattr(wished, name)
    ]
    if differing:
        raise SandboxError(f"{path} belongs to another sandbox: {'; '.join(differing)}")
    return kept


def hold(path: Path) -> IO[str]:
    """Keep `path` from any other sandbox until the returned file is closed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise SandboxError(f"cannot write beside the state file {path}: {error.strerror}") from error
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held.close()
            raise SandboxError(f"{path} is in use by another sandbox") from error
    return held


def remember(path: Path, memory: Memory) -> None:
    """Write `memory` to `path`, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(msgspec.json.encode(memory) + b"\n")
        os.replace(fresh, path)
    except OSError as error:
        raise SandboxError(f"cannot write the state file {path}: {error.strerror}") from error
