"""Avatar addresses of webhook messages: fetched once, hosted here from then on."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from urllib.parse import urlsplit

import aiohttp

from .community import Community
from .errors import invalid_image
from .files import HEAD_BYTES, Files
from .images import picture_of

EXTENSIONS = "jpeg, png, apng, webp, gif, avif"
MAX_BYTES = 10 * 1024 * 1024
HIT_SECONDS = 86_400.0
MISS_SECONDS = 300.0
FETCH_SECONDS = 30.0


def image_hash(image: bytes, *, is_animated: bool) -> str:
    """The name under which a picture is addressed."""
    short = hashlib.md5(image, usedforsecurity=False).hexdigest()[:8]
    return f"a_{short}" if is_animated else short


class AvatarFetcher:
    """Downloads each (webhook, address) once; only addresses on loopback are reachable."""

    def __init__(self, community: Community, files: Files) -> None:
        self._community = community
        self._files = files
        self._session: aiohttp.ClientSession | None = None
        self._known: dict[tuple[int, str], tuple[float, str | None]] = {}
        self._running: dict[tuple[int, str], asyncio.Task[str | None]] = {}

    async def close(self) -> None:
        """Stop fetching."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def hash_of(self, webhook_id: int, address: str) -> str | None:
        """The hash of the re-hosted avatar, or None if it could not be fetched."""
        key = (webhook_id, address)
        known = self._known.get(key)
        if known is not None and known[0] > self._community.clock():
            return known[1]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._rehost(webhook_id, address))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        hash = await asyncio.shield(task)
        seconds = MISS_SECONDS if hash is None else HIT_SECONDS
        self._known[key] = (self._community.clock() + seconds, hash)
        return hash

    async def _rehost(self, webhook_id: int, address: str) -> str | None:
        image = await self._fetch(address)
        if image is None:
            return None
        picture = picture_of(image[:HEAD_BYTES])
        if picture is None:
            raise invalid_image("avatar", EXTENSIONS)
        hash = image_hash(image, is_animated=picture.is_animated)
        await self._files.save(image, "avatars", str(webhook_id), hash.removeprefix("a_"))
        return hash

    async def _fetch(self, address: str) -> bytes | None:
        try:
            if not ipaddress.ip_address(urlsplit(address).hostname or "").is_loopback:
                return None
        except ValueError:
            return None
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS))
        try:
            async with self._session.get(address) as response:
                if response.status != 200:
                    return None
                image = await response.content.read(MAX_BYTES + 1)
                while len(image) <= MAX_BYTES and (more := await response.content.read(MAX_BYTES)):
                    image += more
        except (aiohttp.ClientError, TimeoutError):
            return None
        return image if 0 < len(image) <= MAX_BYTES else None
