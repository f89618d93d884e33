"""Serves stored bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from .attachments import content_type_of
from .calls import Call, Reply, reply
from .errors import invalid_format
from .files import HEAD_BYTES, Files
from .images import picture_of

HASHED = frozenset({"avatars", "icons", "banners", "splashes", "embed-splashes"})
NUMBERED = frozenset({"emojis", "stickers"})


async def serve(raw_path: str, files: Files) -> tuple[web.StreamResponse, int]:
    """The file of a path below /media and its size, or a 404."""
    found = await asyncio.to_thread(_find, raw_path, files)
    if found is None:
        return web.Response(status=404, text="Not found"), 0
    path, size, content_type = found
    return web.FileResponse(path, headers={"Content-Type": content_type}), size


async def refresh(call: Call) -> Reply:
    """POST /attachments/refresh-urls: addresses here carry no signature, so they stay as they are"""
    fields = await call.fields()
    addresses = fields.strings("attachment_urls", 50, 2048)
    fields.check()
    if not addresses:
        raise invalid_format("attachment_urls")
    return reply({"refreshed_urls": [{"original": address, "refreshed": address} for address in addresses]})


def _find(raw_path: str, files: Files) -> tuple[Path, int, str] | None:
    """The file, its size and its MIME type."""
    parts = [unquote(part) for part in raw_path.strip("/").split("/")]
    content_type = ""
    match parts:
        case ["attachments", channel_id, attachment_id, filename]:
            path = files.path_of("attachments", channel_id, attachment_id)
            content_type = content_type_of(filename)
        case [folder, owner_id, name] if folder in HASHED:
            path = files.path_of(folder, owner_id, name.rpartition(".")[0].removeprefix("a_"))
        case [folder, name] if folder in NUMBERED:
            path = files.path_of(folder, name.partition(".")[0])
        case _:
            path = None
    if path is None:
        return None
    return path, path.stat().st_size, content_type or _picture_type(path)


def _picture_type(path: Path) -> str:
    with path.open("rb") as file:
        picture = picture_of(file.read(HEAD_BYTES))
    return "application/octet-stream" if picture is None else picture.content_type
