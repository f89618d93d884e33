"""What a stream service answers when asked once: older messages by pages, and the names of channels."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from reaper_tui.model.errors import ServiceDown
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.secrets import Secret
from reaper_tui.tui.remote_message import RemoteMessage

ANSWER_SECONDS = 10.0
MOST = 200


class _Row(msgspec.Struct):
    id: str
    ch: str = "0"
    edited: bool = False
    d: msgspec.Raw = msgspec.Raw(b"null")


class _Page(msgspec.Struct):
    messages: list[_Row]
    has_more: bool = False


class _Channel(msgspec.Struct):
    id: str
    name: str | None = None


class _Channels(msgspec.Struct):
    channels: list[_Channel]


class StreamPages:
    """Asks the service at a WebSocket address over HTTP; raises ServiceDown when it does not answer."""

    def __init__(self, address: str, key: Secret | None) -> None:
        parts = urlsplit(address)
        scheme = {"ws": "http", "wss": "https"}[parts.scheme]
        self._base = urlunsplit((scheme, parts.netloc, parts.path.removesuffix("/ws"), "", "")).rstrip("/")
        self._key = key
        self._client: Any = None
        self._making = asyncio.Lock()

    async def older(self, before: int | None, limit: int) -> tuple[list[RemoteMessage], bool]:
        """Return messages older than an id, oldest first, and whether there are more."""
        query = {"limit": min(limit, MOST)} | ({} if before is None else {"before": before})
        page = await self._ask("/messages", query, _Page)
        try:
            found = [
                RemoteMessage(int(row.id), int(row.ch), bytes(row.d), "edited" if row.edited else "")
                for row in page.messages
            ]
        except ValueError:
            raise ServiceDown("a message has no sound id") from None
        return found, page.has_more and bool(found)

    async def channels(self) -> dict[int, SafeText]:
        """Return the names of channels by their ids."""
        found = await self._ask("/channels", {}, _Channels)
        return {
            int(row.id): sanitise_line(row.name, 60)
            for row in found.channels
            if row.name and row.id.isascii() and row.id.isdigit()
        }

    async def close(self) -> None:
        """Close what was opened."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask(self, path: str, query: dict[str, int], kind: type[Any]) -> Any:
        import httpx

        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
        try:
            answer = await self._client.get(f"{self._base}{path}", params=query)
            if answer.status_code != 200:
                raise ServiceDown(f"HTTP {answer.status_code}")
            return msgspec.json.decode(answer.content, type=kind)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceDown(sanitise_line(str(error) or type(error).__name__, 200)) from None
        except msgspec.DecodeError:
            raise ServiceDown("the answer cannot be read") from None

    def _make_client(self) -> Any:
        import httpx

        headers = {"X-API-Key": self._key.reveal()} if self._key else {}
        return httpx.AsyncClient(headers=headers, timeout=ANSWER_SECONDS, trust_env=False, follow_redirects=False)
