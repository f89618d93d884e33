"""Where the bytes of a download go: a file that only its owner reads, or memory."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
WRITE_BYTES = 262_144
SPARE_BYTES = 64 * 1024 * 1024


class DiskSink:
    """Writes through a thread in large pieces, so that the loop never waits for the disk.

    The file is made with its first piece; `expected` bytes and some to spare must be free then, else OSError.
    """

    def __init__(self, path: Path, expected: int) -> None:
        self.path = path
        self._expected = expected
        self.received = 0
        self.validator = ""
        self._file: io.FileIO | None = None
        self._pending = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._pending += chunk
        self.received += len(chunk)
        if len(self._pending) >= WRITE_BYTES:
            piece, self._pending = self._pending, bytearray()
            await in_thread(lambda: self._store(piece))

    async def restart(self) -> None:
        """Begin anew."""
        self._pending.clear()
        self.received = 0
        if self._file is not None:
            await in_thread(self._empty)

    async def finish(self) -> None:
        """Write what waits and close the file."""
        await in_thread(self._finish)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> io.FileIO:
        if shutil.disk_usage(self.path.parent).free < self._expected + SPARE_BYTES:
            raise OSError(errno.ENOSPC, "no space")
        return io.FileIO(self.path, "x", opener=private)

    def _store(self, piece: bytearray) -> None:
        if self._file is None:
            self._file = self._open()
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]

    def _finish(self) -> None:
        self._store(self._pending)
        self.close()

    def _empty(self) -> None:
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()


class MemorySink:
    """Keeps a small download in memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.validator = ""
        self.received = 0

    @property
    def data(self) -> bytes:
        """Return what has come."""
        return bytes(self._bytes)

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._bytes += chunk
        self.received = len(self._bytes)

    async def restart(self) -> None:
        """Begin anew."""
        self._bytes.clear()
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
