"""The gate: every request and handshake passes it, as plain ASGI, before anything else sees it."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reaper_tui.stream.address import Network, client_address
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.origins import Origins, header
from reaper_tui.stream.refusals import Refusal, refuse
from reaper_tui.stream.tally import Tally
from reaper_tui.stream.wire_asgi import Send

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ADDRESS = "reaper_tui.address"
# A probe or a scraper is never turned away for asking often.
UNCOUNTED = frozenset({"/ready", "/metrics"})
LISTENING = frozenset({"/ws", "/sse"})
SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
log = logging.getLogger("reaper_tui.stream.gate")


class Gate:
    """Finds out who asks, turns away who may not, and counts and logs both; queries are never logged."""

    def __init__(
        self, app: App, *, origins: Origins, admission: Admission, proxies: tuple[Network, ...], tally: Tally
    ) -> None:
        self._app = app
        self._origins = origins
        self._admission = admission
        self._proxies = proxies
        self.tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        address = scope[ADDRESS] = client_address(scope, self._proxies)
        seen = {"status": 0}
        origin = header(scope, b"origin")
        self.tally.requests += 1

        async def watched(message: MutableMapping[str, Any]) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                seen["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), *SAFE_HEADERS, *self._cors(origin, scope)]
            elif message["type"] == "websocket.accept":
                seen["status"] = 101
            await send(message)

        try:
            if not self._origins.allows(scope):
                raise Refusal(403, "foreign_origin", "this page may not use the service: see ALLOWED_ORIGINS")
            await self._count(scope, address)
            if scope["type"] == "http" and scope["method"] == "OPTIONS" and origin is not None:
                await watched({"type": "http.response.start", "status": 204, "headers": []})
                await watched({"type": "http.response.body", "body": b""})
            else:
                await self._app(scope, receive, watched)
        except Refusal as refusal:
            self.tally.refused[refusal.code] += 1
            await refuse(scope, watched, refusal)
        except OSError:
            # The other side went away in the middle: the server knows.
            raise
        except Exception:
            log.exception("unexpected error", extra={"path": scope["path"], "ip": address})
            if seen["status"]:
                raise
            await refuse(scope, watched, Refusal(500, "internal", "an unexpected error; see the log"))
        finally:
            is_told_elsewhere = scope["path"] in LISTENING and seen["status"] in (101, 200)
            is_probe = scope["path"] in UNCOUNTED or scope["path"] == "/health"
            level = logging.DEBUG if is_probe or is_told_elsewhere else logging.INFO
            took = round((time.monotonic() - began) * 1000, 1)
            log.log(
                level,
                "request",
                extra={
                    "path": scope["path"][:200],
                    "status": seen["status"],
                    "ip": address,
                    "ms": took,
                },
            )

    async def _count(self, scope: Scope, address: str) -> None:
        path = scope["path"]
        if path in LISTENING:
            await self._admission.handshake(address)
        elif path not in UNCOUNTED:
            await self._admission.request(address)

    def _cors(self, origin: str | None, scope: Scope) -> list[tuple[bytes, bytes]]:
        if origin is None or scope["type"] != "http" or not self._origins.allows(scope):
            return []
        headers = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]
        if scope["method"] == "OPTIONS":
            headers += [
                (b"access-control-allow-methods", b"GET, OPTIONS"),
                (b"access-control-allow-headers", b"authorization, x-api-key, last-event-id, if-none-match"),
                (b"access-control-max-age", b"600"),
            ]
        return headers
