"""Where the bytes of a download go: a file that only its owner reads, or memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
WRITE_BYTES = 262_144


class DiskSink:
    """Writes through a thread in large pieces, so that the loop never waits for the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.received = 0
        self.validator = ""
        self._file: io.FileIO | None = None
        self._pending = bytearray()
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was written, in hex."""
        return self._hash.hexdigest()

    async def open(self) -> None:
        """Create the file; raise OSError when that cannot be."""
        await in_thread(self._open)

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._pending += chunk
        self.received += len(chunk)
        if len(self._pending) >= WRITE_BYTES:
            await self._flush()

    async def restart(self) -> None:
        """Begin anew."""
        self._pending.clear()
        self._hash = hashlib.sha256()
        self.received = 0
        await in_thread(self._empty)

    async def finish(self) -> None:
        """Write what waits."""
        await self._flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    async def _flush(self) -> None:
        piece, self._pending = self._pending, bytearray()
        if piece:
            await in_thread(lambda: self._store(piece))

    def _open(self) -> None:
        self._file = io.FileIO(self.path, "x", opener=private)

    def _store(self, piece: bytearray) -> None:
        assert self._file is not None
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]
        self._hash.update(piece)

    def _empty(self) -> None:
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()


class MemorySink:
    """Keeps a small download in memory."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.validator = ""
        self.received = 0

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.data += chunk
        self.received = len(self.data)

    async def restart(self) -> None:
        """Begin anew."""
        self.data.clear()
        self.received = 0


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work to its end even when cancelled, so that nothing is closed under its hands."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def private(path: str, flags: int) -> int:
    """Open a file that nobody else may read."""
    return os.open(path, flags, 0o600)
