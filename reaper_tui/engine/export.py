"""Export: the local archive as JSON Lines, a file for each channel, with the media beside it; usable offline."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.ports import Reader, Spool
from reaper_tui.journal import archive
from reaper_tui.journal.archive import ArchivedContainer, ArchivedMessage
from reaper_tui.journal.journal import Journal
from reaper_tui.model.errors import (
    AccessDenied,
    CloneError,
    ConfigurationError,
    FileUnavailable,
    ServiceDown,
    SpoolFull,
)
from reaper_tui.model.message import Attachment, Message
from reaper_tui.model.outgoing import FileSlot

VERSION = 1
BATCH = 500
INDEX = "archive.json"
MISSING = "missing.jsonl"
PARTIAL = ".partial"
LARGEST_FILE = 1 << 40
NAME_LENGTH = 80
TRIES = 3
PAUSE_SECONDS = 2.0
_UNFIT = re.compile(r"[^\w.-]+")
_SIGNED = re.compile(r"[?&](?:ex|is|hm|token|signature|sig)=[^&\s\"'<>)\]}]*")
_OPEN_END = re.compile(r"(https?://[^\s?\"'<>]+)&(?![^\s\"'<>)\]])")
_OPEN_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)&")


class ExportCount(msgspec.Struct):
    """What an export holds; `missing` files are named in missing.jsonl with the reason."""

    channels: int = 0
    messages: int = 0
    files: int = 0
    missing: int = 0
    bytes: int = 0


@dataclass
class Exporter:
    """Writes one archive; what is whole already is not fetched again. Without a spool no media are fetched."""

    journal: Journal
    parse: Callable[[bytes], Message]
    directory: Path
    log: EventLog
    spool: Spool | None
    reader: Reader | None
    count: ExportCount = field(default_factory=ExportCount)

    async def run(self) -> ExportCount:
        """Write everything, texts first; raise ConfigurationError for a folder that cannot take it.

        Raises ServiceDown when the file server cannot be reached; another run goes on there.
        """
        try:
            return await self._run()
        except OSError as error:
            raise ConfigurationError(
                f"{self.directory} cannot be written: {error.strerror}", "check its permissions and the disk"
            ) from None

    async def _run(self) -> ExportCount:
        facts = await self.journal.read(lambda raw: dict(raw.execute("SELECT name, value FROM fact").fetchall()))
        await asyncio.to_thread(self._prepare, facts.get("guild_id", ""))
        containers = await self.journal.read(archive.archived_containers)
        rows = [await self._channel(container) for container in containers]
        index = {
            "version": VERSION,
            "guild": {"id": facts.get("guild_id", ""), "name": facts.get("guild_name", "")},
            "community": {"id": facts.get("community_id", ""), "name": facts.get("community_name", "")},
            "channels": rows,
        }
        await asyncio.to_thread(write_whole, self.directory / INDEX, [msgspec.json.format(msgspec.json.encode(index))])
        self.log.write(Level.SUCCESS, f"{self.count.messages:,} messages of {len(rows)} channels and threads written")
        if self.spool is not None:
            await self._media(containers)
            await asyncio.to_thread(_remove_if_empty, self.directory / PARTIAL)
        return self.count

    def _prepare(self, guild_id: str) -> None:
        index = self.directory / INDEX
        if self.directory.exists() and not self.directory.is_dir():
            raise ConfigurationError(f"{self.directory} is not a folder", "choose another with --to")
        if index.exists():
            try:
                known = msgspec.json.decode(index.read_bytes())["guild"]["id"]
            except (OSError, ValueError, KeyError, TypeError):
                known = None
            if known != guild_id:
                raise ConfigurationError(f"{self.directory} holds another export", "choose another folder with --to")
        elif self.directory.exists() and any(entry.name != PARTIAL for entry in self.directory.iterdir()):
            begun = (self.directory / "channels").is_dir()
            if not begun:
                raise ConfigurationError(f"{self.directory} is not empty", "choose a new folder with --to")
        for folder in (self.directory, self.directory / "channels", self.directory / "media"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def _channel(self, container: ArchivedContainer) -> dict[str, Any]:
        path = self.directory / "channels" / f"{container.id}-{fit_name(container.name)}.jsonl"
        draft = path.with_suffix(".part")
        count, after = 0, 0
        with os.fdopen(await asyncio.to_thread(_opened, draft), "wb") as file:
            while batch := await self._batch(container.id, after):
                after = batch[-1].id
                lines = b"".join(msgspec.json.encode(self._line(row, container.id)) + b"\n" for row in batch)
                await asyncio.to_thread(file.write, lines)
                count += len(batch)
            await asyncio.to_thread(_flush, file.fileno(), file.flush)
        await asyncio.to_thread(draft.replace, path)
        self.count.channels += 1
        self.count.messages += count
        return {
            "id": str(container.id),
            "name": container.name,
            "kind": container.kind,
            "parent": container.parent_name,
            "messages": count,
            "is_whole": container.is_whole,
            "file": f"channels/{path.name}",
        }

    async def _batch(self, container_id: int, after: int) -> list[ArchivedMessage]:
        return await self.journal.read(lambda raw: archive.archived_messages(raw, container_id, after, BATCH))

    def _line(self, row: ArchivedMessage, container_id: int) -> dict[str, Any]:
        try:
            payload = msgspec.json.decode(row.payload)
        except ValueError:
            payload = {}
        said: dict[str, Any] = unsigned(cast("object", payload)) if isinstance(payload, dict) else {}
        for attachment in _attachments(said):
            if str(attachment.get("id", "")).isdigit():
                name = media_name(int(attachment["id"]), str(attachment.get("filename", "")))
                attachment["path"] = f"media/{container_id}/{name}"
        clone: dict[str, Any] = {"class": row.state.name.lower()}
        if row.cause:
            clone["cause"] = unsigned(row.cause)
        if row.is_gone:
            clone["is_deleted"] = True
        if row.target_id is not None:
            clone |= {"channel_id": str(row.target_channel_id), "message_id": str(row.target_id)}
        return {**said, "id": str(row.id), "clone": clone}

    async def _media(self, containers: list[ArchivedContainer]) -> None:
        missing: list[dict[str, str]] = []
        for container in containers:
            folder = self.directory / "media" / str(container.id)
            after = 0
            while batch := await self._batch(container.id, after):
                after = batch[-1].id
                for row in batch:
                    message = self.parse(row.payload)
                    for attachment in carried(message):
                        path = folder / media_name(attachment.id, attachment.filename)
                        if reason := await self._file(attachment, message, path):
                            name = path.relative_to(self.directory).as_posix()
                            missing.append({"path": name, "message_id": str(row.id), "reason": unsigned(reason)})
        self.count.missing = len(missing)
        lines = [msgspec.json.encode(row) + b"\n" for row in missing]
        await asyncio.to_thread(write_whole, self.directory / MISSING, lines)
        level = Level.WARNING if missing else Level.SUCCESS
        self.log.write(level, f"{self.count.files:,} files beside them, {len(missing):,} cannot be had")

    async def _file(self, attachment: Attachment, message: Message, path: Path) -> str:
        """Bring one file there unless it is; return why it cannot be had."""
        size = await asyncio.to_thread(_size, path)
        if size is not None and attachment.size in (size, -1):
            self.count.files += 1
            self.count.bytes += size
            return ""
        assert self.spool is not None
        slot = FileSlot(attachment.id, attachment.url, attachment.filename, max(attachment.size, 0) or None)
        try:
            file = await self._fetched(slot, message)
        except FileUnavailable as error:
            return error.reason
        try:
            await asyncio.to_thread(_move, file.path, path)
        finally:
            self.spool.release(file)
        self.count.files += 1
        self.count.bytes += file.size
        return ""

    async def _fetched(self, slot: FileSlot, message: Message) -> Any:
        assert self.spool is not None
        tries = 0
        while True:
            try:
                return await self.spool.fetch(slot, LARGEST_FILE)
            except FileUnavailable:
                url = await self._renewed(slot, message)
                if not url or url == slot.url:
                    raise
                slot = msgspec.structs.replace(slot, url=url)
            except SpoolFull:
                raise
            except ServiceDown:
                tries += 1
                if tries >= TRIES:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)

    async def _renewed(self, slot: FileSlot, message: Message) -> str:
        if self.reader is None:
            return ""
        try:
            links = await self.reader.refresh_links([slot.url])
            if url := links.get(slot.url):
                return url
            fresh = self.reader.parse((await self.reader.message(message.channel_id, message.id)).payload)
        except CloneError as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                self.reader = None
            return ""
        return next((each.url for each in carried(fresh) if each.id == slot.key), "")


def carried(message: Message) -> Iterator[Attachment]:
    """Yield the files of a message and of what it forwards."""
    yield from message.attachments
    for snapshot in message.snapshots:
        yield from snapshot.attachments


def fit_name(name: str) -> str:
    """Return a name that is safe in a file's name anywhere."""
    return _UNFIT.sub("-", name).strip(".-")[:NAME_LENGTH] or "unnamed"


def media_name(key: int, filename: str) -> str:
    """Return what a file is called in the archive: never the same twice, never outside its folder."""
    stem, dot, extension = filename.rpartition(".")
    if not dot:
        stem, extension = filename, ""
    kept = _UNFIT.sub("-", extension)[:10]
    return f"{key}-{fit_name(stem)}.{kept}" if kept else f"{key}-{fit_name(stem)}"


def unsigned(value: object) -> Any:
    """Return a value whose links lost their signatures, which die within a day and are nobody's business."""
    if isinstance(value, str):
        if not _SIGNED.search(value):
            return value
        bare = _OPEN_END.sub(r"\1", _SIGNED.sub("", value))
        return _OPEN_QUERY.sub(r"\1?", bare)
    if isinstance(value, list):
        return [unsigned(entry) for entry in cast("list[object]", value)]
    if isinstance(value, dict):
        return {name: unsigned(entry) for name, entry in cast("dict[str, object]", value).items()}
    return value


def write_whole(path: Path, lines: list[bytes]) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f"{path.name}.part")
    with open(_opened(draft), "wb") as file:
        file.writelines(lines)
        _flush(file.fileno(), file.flush)
    draft.replace(path)


def _attachments(said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    carriers: list[Any] = [said]
    snapshots = cast("list[Any]", said.get("message_snapshots") or [])
    carriers += [cast("dict[str, Any]", entry).get("message") for entry in snapshots if isinstance(entry, dict)]
    for carrier in carriers:
        rows = cast("dict[str, Any]", carrier).get("attachments") if isinstance(carrier, dict) else None
        if isinstance(rows, list):
            yield from (cast("dict[str, Any]", row) for row in cast("list[Any]", rows) if isinstance(row, dict))


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _flush(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _move(source: Path, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.chmod(0o600)
    source.replace(path)
