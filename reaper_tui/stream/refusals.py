"""A request that is turned away: as JSON, and on a WebSocket before the upgrade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reaper_tui.stream.wire_asgi import Send


class Refusal(Exception):
    """What a client is told instead of an answer; `code` is stable for programs."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int = 0, facts: Mapping[str, Any] = {}):
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.facts = facts

    def body(self) -> bytes:
        """Return the JSON document."""
        return msgspec.json.encode({"error": self.code, "message": str(self), **self.facts})

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that go with it."""
        found = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if self.retry_after:
            found.append((b"retry-after", str(self.retry_after).encode()))
        if self.status == 401:
            found.append((b"www-authenticate", b"Bearer"))
        return found


async def refuse(scope: Mapping[str, Any], send: Send, refusal: Refusal) -> None:
    """Answer a request or a WebSocket handshake with a refusal."""
    prefix = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
            return
        prefix = "websocket.http"
    body = refusal.body()
    headers = [*refusal.headers(), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{prefix}.response.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body})
