"""The troubles of the Fluxer side: those both sides know, and what can go wrong with posts and webhooks."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from reaper_tui.sandbox.faults import Troubles, Wish, refusals, wire
from reaper_tui.sandbox.faults.catalogue import FLUXER
from reaper_tui.sandbox.faults.strike import Limits, Strike

if TYPE_CHECKING:
    from .server import FluxerServer


class FluxerFaults(Troubles):
    """The faults that are on at the Fluxer server."""

    def __init__(
        self, server: FluxerServer, *, seed: int, speed: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(FLUXER, seed=seed, speed=speed, clock=clock)
        self._server = server
        self._before |= {
            "webhook-deleted": self._delete_webhook,
            "embeds-refused": self._refuse_embeds,
            "content-blocked": self._block_content,
            "too-large": self._refuse_size,
            "reorder-locked": self._lock_order,
            "edit-locked": self._lock_message,
            "overloaded": self._overload,
            "ip-banned": self._ban,
            "uploads-disabled": self._disable,
        }
        self._after |= {"attachments-dropped": self._drop_attachment}

    def set(self, wishes: Sequence[str | Wish]) -> None:
        """Turn on exactly these, as far as they concern Fluxer."""
        super().set(wishes)
        self._server.ignores_nonces = self.find("nonce-ignored") is not None
        self._server.honours_webhook_nonces = self.find("nonce-honoured") is not None
        skew = self.find("clock-skew")
        self._server.skew = 0.0 if skew is None else skew.wish.offset or 0.0

    async def key_of(self, wish: Wish, request: web.BaseRequest) -> str | None:
        """Return the text of a post, or how big an upload is: refused once is refused always."""
        if wish.fault_name == "content-blocked":
            return str((await _json_of(request)).get("content") or "") or None
        if wish.fault_name == "embeds-refused":
            return "" if (await _json_of(request)).get("embeds") else None
        if wish.fault_name == "too-large":
            return str(request.content_length)
        return await super().key_of(wish, request)

    async def intercept(self, request: web.BaseRequest, limits: Limits = dict) -> web.StreamResponse | None:
        """Answer instead of the server, in the words of its generation, or None."""
        response = await super().intercept(request, limits)
        is_limit = response is not None and "X-RateLimit-Global" in response.headers
        if response is not None and is_limit and self._server.generation.has_precise_limits:
            _modernise(response, self._speed)
        return response

    async def _lock_order(self, strike: Strike) -> web.StreamResponse:
        await wire.drain(strike.request)
        return refusals.locked_order(2 / strike.speed)

    async def _lock_message(self, strike: Strike) -> web.StreamResponse:
        await wire.drain(strike.request)
        return refusals.locked_message(1 / strike.speed)

    async def _overload(self, strike: Strike) -> web.StreamResponse:
        await wire.drain(strike.request)
        is_precise = self._server.generation.has_precise_limits
        return refusals.overloaded((1 if is_precise else 5) / strike.speed, has_code=is_precise)

    async def _ban(self, strike: Strike) -> web.StreamResponse:
        await wire.drain(strike.request)
        return refusals.banned_address()

    async def _disable(self, strike: Strike) -> web.StreamResponse:
        await wire.drain(strike.request)
        return refusals.disabled_feature()

    async def _delete_webhook(self, strike: Strike) -> None:
        parts = strike.request.path.split("/")
        identifier = parts[parts.index("webhooks") + 1]
        webhook = self._server.community.webhooks.get(int(identifier)) if identifier.isdecimal() else None
        if webhook is not None:
            self._server.community.remove_webhook(webhook)

    async def _refuse_embeds(self, strike: Strike) -> web.StreamResponse:
        return refusals.refused_embeds()

    async def _block_content(self, strike: Strike) -> web.StreamResponse:
        return refusals.blocked_content()

    async def _refuse_size(self, strike: Strike) -> web.StreamResponse:
        await wire.drain(strike.request)
        return refusals.html(413, "413 Request Entity Too Large", refusals.HTML_413_BYTES)

    async def _drop_attachment(self, strike: Strike, response: web.Response) -> web.StreamResponse | None:
        body: dict[str, Any] = json.loads(response.body) if isinstance(response.body, bytes) else {}
        if not body.get("attachments"):
            return None
        community = self._server.community
        message = community.messages[int(body["id"])]
        message.attachments = message.attachments[:-1]
        community.save_message(message)
        await community.store.flush()
        body["attachments"].pop()
        return web.Response(status=200, body=json.dumps(body).encode(), headers=response.headers)


def _modernise(response: web.StreamResponse, speed: float) -> None:
    """Name the scope of a limit, and how long to wait in whole seconds of the server's clock."""
    headers = response.headers
    is_global = headers.pop("X-RateLimit-Global") == "true"
    headers["X-RateLimit-Scope"] = "global" if is_global else "user"
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    if "Retry-After" in headers:
        headers["Retry-After"] = f"{max(1, math.ceil(float(headers['Retry-After']) * speed)) / speed:g}"


async def _json_of(request: web.BaseRequest) -> dict[str, object]:
    if request.content_type != "application/json":
        return {}
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}  # pyright: ignore[reportUnknownVariableType]
