"""Files on disk or, small ones, in memory for a moment: a bounded number of bytes between the two CDNs."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

from reaper_tui.media.download import Downloader, Wanted
from reaper_tui.media.drawing import Drawer, can_draw_lottie, can_shrink
from reaper_tui.media.room import Room
from reaper_tui.media.sink import DiskSink, MemorySink, in_thread, private
from reaper_tui.model.errors import FileUnavailable, SpoolFull
from reaper_tui.model.outgoing import FileSlot, SpooledFile

T = TypeVar("T")
PREFIX = "spooled-"
DRAWN_PREFIX = "drawn-"
DRAWN_FILES = 128
KEPT = "kept"
# What is no larger is kept in memory where there is room for it: making a file takes longer than sending so little.
SMALL_BYTES = 1024 * 1024
PICTURE_ENDINGS = frozenset({"png", "jpg", "jpeg", "gif", "webp"})
LOTTIE_BYTES = 1024 * 1024
# A picture may be so many times larger than it has to be in the end, and still be made smaller.
LARGER = 8
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class MediaSpool:
    """Streams files to disk and hands them out; a crash's leftovers go before the first one comes.

    Small ones stay in memory instead while all of them together take no more than `memory_bytes` there.
    """

    def __init__(
        self,
        directory: Path,
        max_bytes: int,
        *,
        memory_bytes: int = 0,
        cdn: str = "",
        allow_private: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._directory = directory
        self._room = Room(max_bytes)
        self._downloader = Downloader(cdn=cdn, allow_private=allow_private, clock=clock, sleep=sleep)
        self._drawer = Drawer()
        self._memory = self._memory_left = memory_bytes
        self._on_disk: dict[Path, int] = {}
        self._in_memory: dict[Path, int] = {}
        self._deletions: set[asyncio.Future[None]] = set()
        self._number = 0
        self._preparation: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Delete what was not released and close the connections."""
        for path in [*self._on_disk, *self._in_memory]:
            self._forget(path)
        await asyncio.gather(*self._deletions)
        await self._downloader.close()

    @property
    def bytes_held(self) -> int:
        """Return how many bytes files take up or are about to."""
        return self._room.taken + self._memory - self._memory_left

    async def fetch(self, slot: FileSlot, limit: int) -> SpooledFile:
        """Bring one file here, a vector animation drawn; raise FileUnavailable, ServiceDown or SpoolFull."""
        if slot.is_lottie:
            return await self._stored(slot, await self._drawn(slot.url, limit))
        if slot.size is not None and slot.size > limit:
            raise FileUnavailable("too large")
        if slot.size is not None and 0 < slot.size <= min(SMALL_BYTES, self._memory_left):
            return await self._small(slot, slot.size, limit)
        return await self._streamed(slot, limit)

    async def _small(self, slot: FileSlot, size: int, limit: int) -> SpooledFile:
        self._memory_left -= size
        sink = MemorySink()
        is_whole = False
        try:
            await self._downloader.download(Wanted(slot.url, limit, size), sink)
            is_whole = True
        finally:
            if not is_whole:
                self._memory_left += size
        path = self._next_path()
        self._in_memory[path] = size
        return _spooled(slot, path, size, sink.data)

    async def _streamed(self, slot: FileSlot, limit: int) -> SpooledFile:
        await self._prepare()
        reserved = slot.size if slot.size is not None else limit
        await self._room.take(reserved)
        sink = DiskSink(self._next_path(), slot.size or 0)
        is_whole = False
        try:
            await self._downloader.download(Wanted(slot.url, limit, slot.size), sink)
            await sink.finish()
            is_whole = True
        except OSError as error:
            raise _spool_full(error, self._directory) from None
        finally:
            sink.close()
            if not is_whole:
                self._room.give(reserved)
                await in_thread(lambda: sink.path.unlink(missing_ok=True))
        self._room.give(reserved - sink.received)
        self._on_disk[sink.path] = sink.received
        return _spooled(slot, sink.path, sink.received)

    @property
    def draws_lottie(self) -> bool:
        """Return whether vector animations can be drawn here."""
        return can_draw_lottie()

    def release(self, file: SpooledFile) -> None:
        """Delete a file that was sent; a second time does nothing."""
        self._forget(file.path)

    async def image(self, url: str, limit: int) -> bytes:
        """Return a small image; raise FileUnavailable when it is larger than the limit or not there."""
        sink = MemorySink()
        await self._downloader.download(Wanted(url, limit), sink)
        return sink.data

    async def picture(self, url: str, limit: int, *, is_lottie: bool = False) -> bytes:
        """Return a small picture that fits: vector animations drawn, larger ones made smaller; else FileUnavailable."""
        if is_lottie:
            return await self._drawn(url, limit)
        found = await self.image(url, limit * LARGER if can_shrink() else limit)
        return found if len(found) <= limit else await self._drawer.smaller(found, limit)

    async def keep(self, url: str, limit: int) -> None:
        """Keep a picture on disk for good, under its address; raise FileUnavailable, ServiceDown or SpoolFull."""
        data = await self.image(url, limit)
        await self._prepare()
        path = self._kept_path(url)
        try:
            await in_thread(lambda: _replace(path, data))
        except OSError as error:
            raise _spool_full(error, self._directory) from None

    async def is_kept(self, url: str) -> bool:
        """Return whether a picture is kept."""
        path = self._kept_path(url)
        return await in_thread(path.exists)

    async def kept(self, url: str) -> SpooledFile | None:
        """Return a picture that is kept, None when it is not; it is not to be released."""
        path = self._kept_path(url)
        size = await in_thread(lambda: path.stat().st_size if path.exists() else None)
        ending = urlsplit(url).path.rpartition(".")[2].lower()
        name = f"{path.name}.{ending if ending in PICTURE_ENDINGS else 'png'}"
        return None if size is None else SpooledFile(0, path, name, size)

    def _kept_path(self, url: str) -> Path:
        return self._directory / KEPT / hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:32]

    async def _drawn(self, url: str, limit: int) -> bytes:
        """Return a drawn animation; the same one is drawn once."""
        animation = await self.image(url, LOTTIE_BYTES)
        await self._prepare()
        name = f"{DRAWN_PREFIX}{hashlib.sha256(animation).hexdigest()}-{limit}"
        known = await in_thread(lambda: _read(self._directory / name))
        if known is None:
            known = await self._drawer.lottie(animation, limit)
            drawing = known
            await in_thread(lambda: _keep(self._directory, name, drawing))
        return known

    async def _stored(self, slot: FileSlot, data: bytes) -> SpooledFile:
        await self._prepare()
        await self._room.take(len(data))
        path = self._next_path()
        is_whole = False
        try:
            await in_thread(lambda: _write(path, data))
            is_whole = True
        except OSError as error:
            raise _spool_full(error, self._directory) from None
        finally:
            if not is_whole:
                self._room.give(len(data))
                await in_thread(lambda: path.unlink(missing_ok=True))
        self._on_disk[path] = len(data)
        return _spooled(slot, path, len(data))

    async def _prepare(self) -> None:
        if self._preparation is None or (self._preparation.done() and self._preparation.exception()):
            self._preparation = asyncio.ensure_future(asyncio.to_thread(_clear, self._directory))
        try:
            await asyncio.shield(self._preparation)
        except OSError as error:
            raise _spool_full(error, self._directory) from None

    def _next_path(self) -> Path:
        self._number += 1
        return self._directory / f"{PREFIX}{self._number}"

    def _forget(self, path: Path) -> None:
        self._memory_left += self._in_memory.pop(path, 0)
        size = self._on_disk.pop(path, None)
        if size is None:
            return
        self._room.give(size)
        deletion = asyncio.get_running_loop().run_in_executor(None, _delete, path)
        self._deletions.add(deletion)
        deletion.add_done_callback(self._deletions.discard)


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb", opener=private) as file:
        file.write(data)


def _spooled(slot: FileSlot, path: Path, size: int, data: bytes | None = None) -> SpooledFile:
    return SpooledFile(
        key=slot.key,
        path=path,
        filename=slot.filename,
        size=size,
        description=slot.description,
        is_spoiler=slot.is_spoiler,
        duration_seconds=slot.duration_seconds,
        waveform=slot.waveform,
        data=data,
    )


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):
        path.touch()
    return data


def _keep(directory: Path, name: str, data: bytes) -> None:
    """Keep a drawing for the next time, in place of those longest unused; it is only a convenience."""
    with suppress(OSError):
        draft = directory / f"{PREFIX}{name}"
        _write(draft, data)
        draft.replace(directory / name)
        kept = sorted(directory.glob(f"{DRAWN_PREFIX}*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[DRAWN_FILES:]:
            path.unlink(missing_ok=True)


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    # The same picture may be kept by several at once.
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    _write(draft, data)
    draft.replace(path)


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _clear(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in directory.glob(f"{PREFIX}*"):
        leftover.unlink(missing_ok=True)


def _spool_full(error: OSError, directory: Path) -> SpoolFull:
    if error.errno in _FULL:
        return SpoolFull(f"The disk under {directory} is full", "free some space and start again: it goes on from here")
    return SpoolFull(f"Files cannot be kept under {directory}: {error.strerror}", "check the folder and the disk")
