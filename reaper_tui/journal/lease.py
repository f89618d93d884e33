"""The lease: one process at a time works with a profile."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from reaper_tui.model.errors import JournalError, ProfileHeld

UNKNOWN = "holder unknown"


class Lease:
    """Held as long as the process lives: the system gives the lock back after a crash of any kind."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the profile back."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1


def take_lease(path: Path) -> Lease:
    """Take the lease in a lock file; raise ProfileHeld naming the holder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(
            f"The folder {path.parent} cannot be written: {error.strerror}", "check its permissions"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = _holder(descriptor)
        os.close(descriptor)
        raise ProfileHeld(
            f"Another reaper-tui works with this profile: {holder}", "stop that one, or wait until it ends"
        ) from None
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise JournalError(f"The lock {path} cannot be written: {error.strerror}", "free some disk space") from None
    return Lease(descriptor)


def holder_of(path: Path) -> str:
    """Return which other process holds a lease, empty when none does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return ""
    holder = _holder(descriptor)
    try:
        if holder == UNKNOWN or f"process {os.getpid()} on {socket.gethostname()}" in holder:
            return ""
        # Only a lock that seems held is tried, so that this look never is what refuses another process.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return holder
    finally:
        os.close(descriptor)
    return ""


def _holder(descriptor: int) -> str:
    try:
        note: dict[str, Any] = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {note['pid']} on {note['host']}, since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN
