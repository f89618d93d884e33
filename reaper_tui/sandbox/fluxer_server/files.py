"""Stored bytes: attachments, avatars, icons, emojis, stickers, each under a key."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from .images import jpeg_metadata_spans, picture_of

HEAD_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1024
Read = Callable[[int], Awaitable[bytes]]
RESTORED_MARK = b"\xff\xfe\x00\x0cre-encoded"


@dataclass(slots=True)
class Upload:
    """A received file that no message holds yet."""

    path: Path
    size: int
    head: bytes
    digest: str


@dataclass(slots=True)
class _Sink:
    path: Path
    most: int
    size: int = 0
    head: bytearray = field(default_factory=bytearray)
    pending: list[bytes] = field(default_factory=list[bytes])
    pending_bytes: int = 0
    file: BinaryIO | None = None

    def write_pending(self) -> None:
        if self.file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.file = self.path.open("wb")
        self.file.writelines(self.pending)
        self.pending, self.pending_bytes = [], 0

    def finish(self) -> None:
        self.write_pending()
        assert self.file is not None
        self.file.close()

    def abandon(self) -> None:
        if self.file is not None:
            self.file.close()
            self.path.unlink(missing_ok=True)


class Files:
    """A directory of bytes; without a path a temporary one, removed at the end."""

    def __init__(self, root: Path | None) -> None:
        self._is_temporary = root is None
        self._root = Path(tempfile.mkdtemp(prefix="fluxer-sandbox-")) if root is None else root
        self._incoming = self._root / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True)
        self._uploads = 0

    def close(self) -> None:
        """Remove the directory if it was temporary."""
        if self._is_temporary:
            shutil.rmtree(self._root, ignore_errors=True)

    def path_of(self, *key: str) -> Path | None:
        """Where the bytes of a key lie, if they exist."""
        if any(part in ("", ".", "..") or "/" in part or "\\" in part or "\0" in part for part in key):
            return None
        path = self._root.joinpath(*key)
        return path if path.is_file() else None

    async def save(self, data: bytes, *key: str) -> None:
        """Keep bytes under a key."""
        await asyncio.to_thread(self._write, self._root.joinpath(*key), data)

    async def receive(self, read: Read, most: int) -> Upload:
        """Stream what `read` gives to disk; beyond `most` bytes it is only counted."""
        self._uploads += 1
        sink = _Sink(self._incoming / str(self._uploads), most)
        try:
            digest = await self._drain(read, sink)
        except BaseException:
            await asyncio.to_thread(sink.abandon)
            raise
        return Upload(sink.path, sink.size, bytes(sink.head), digest)

    async def keep(self, upload: Upload, *key: str) -> None:
        """Move an upload to its key; a JPEG loses its metadata on the way, as the real server re-encodes it."""
        await asyncio.to_thread(self._keep, upload, self._root.joinpath(*key))

    async def join(self, parts: list[Upload]) -> Upload:
        """Make one upload of several."""
        self._uploads += 1
        return await asyncio.to_thread(self._join, parts, self._incoming / str(self._uploads))

    async def discard(self, uploads: list[Upload]) -> None:
        """Delete uploads that no message took."""
        await asyncio.to_thread(self._discard, uploads)

    async def remove(self, *key: str) -> None:
        """Delete the bytes of a key, or of all keys below it."""
        await asyncio.to_thread(self._remove, self._root.joinpath(*key))

    async def _drain(self, read: Read, sink: _Sink) -> str:
        """Write what `read` gives to the sink; returns its SHA-256."""
        digest = hashlib.sha256()
        while chunk := await read(CHUNK_BYTES):
            sink.size += len(chunk)
            if sink.size > sink.most:
                sink.pending, sink.pending_bytes = [], 0
                continue
            digest.update(chunk)
            if len(sink.head) < HEAD_BYTES:
                sink.head += chunk[: HEAD_BYTES - len(sink.head)]
            sink.pending.append(bytes(chunk))
            sink.pending_bytes += len(chunk)
            if sink.pending_bytes >= HEAD_BYTES:
                await asyncio.to_thread(sink.write_pending)
        await asyncio.to_thread(sink.finish)
        return digest.hexdigest()

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def _keep(self, upload: Upload, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        picture = picture_of(upload.head)
        if picture is None or picture.format != "jpeg":
            upload.path.replace(target)
            return
        digest, size, at = hashlib.sha256(), 0, 2
        with upload.path.open("rb") as source, target.open("wb") as stored:
            for start, end in [(0, 2), *jpeg_metadata_spans(upload.head), (upload.size, upload.size)]:
                if start == 0:
                    piece = source.read(2) + RESTORED_MARK
                    stored.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    continue
                source.seek(at)
                while at < start and (piece := source.read(min(CHUNK_BYTES, start - at))):
                    stored.write(piece)
                    digest.update(piece)
                    size, at = size + len(piece), at + len(piece)
                at = end
        upload.path.unlink()
        upload.size, upload.digest = size, digest.hexdigest()

    def _join(self, parts: list[Upload], path: Path) -> Upload:
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as joined:
            for part in parts:
                with part.path.open("rb") as file:
                    while piece := file.read(HEAD_BYTES):
                        joined.write(piece)
                        digest.update(piece)
                        size += len(piece)
                part.path.unlink()
        with path.open("rb") as joined:
            head = joined.read(HEAD_BYTES)
        return Upload(path, size, head, digest.hexdigest())

    def _discard(self, uploads: list[Upload]) -> None:
        for upload in uploads:
            upload.path.unlink(missing_ok=True)

    def _remove(self, path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                path.unlink()
