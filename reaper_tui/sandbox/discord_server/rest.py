"""The REST door: token, limits, errors and headers around the routes."""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from reaper_tui.sandbox.discord_server.buckets import Buckets, Verdict
from reaper_tui.sandbox.discord_server.call import Call, Route
from reaper_tui.sandbox.discord_server.errors import Refusal, unauthorized
from reaper_tui.sandbox.discord_server.faults import Faults
from reaper_tui.sandbox.discord_server.metrics import Metrics
from reaper_tui.sandbox.discord_server.routes_channel import ROUTES as CHANNEL_ROUTES
from reaper_tui.sandbox.discord_server.routes_guild import ROUTES as GUILD_ROUTES
from reaper_tui.sandbox.discord_server.store import Store
from reaper_tui.sandbox.discord_server.wire_message import MessageWriter

_VIA = {"Via": "1.1 google"}
_MAJOR = ("channel", "guild")


class Rest:
    """Answers `/api/v10` (and any other version a client asks for)."""

    def __init__(
        self,
        store: Store,
        writer: MessageWriter,
        buckets: Buckets,
        faults: Faults,
        metrics: Metrics,
        gateway: Callable[[], str],
    ) -> None:
        self._store = store
        self._writer = writer
        self._buckets = buckets
        self._faults = faults
        self._metrics = metrics
        self._gateway = gateway

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put every route into `router`."""
        for prefix in (r"/api/v{version:\d+}", "/api"):
            for route in (*GUILD_ROUTES, *CHANNEL_ROUTES):
                router.add_route(route.method, prefix + route.path, self._answering(route))
            router.add_route("*", prefix + "/{rest:.*}", self._nowhere)

    def _answering(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = await self._respond(route, request)
            response = await self._faults.after(request, response) or response
            size = response.content_length or 0
            self._metrics.count(f"{route.method} {route.path}", response.status, size)
            self._metrics.traffic.count(route.method, request.match_info.get("channel", ""))
            return response

        return answer

    async def _respond(self, route: Route, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bot {self._store.token}":
            return _refuse(unauthorized(), {})
        major = "/".join(request.match_info.get(name, "") for name in _MAJOR)
        broken = await self._faults.intercept(request, lambda: self._buckets.spend(route.bucket, major).headers)
        if broken is not None:
            return broken
        verdict = self._buckets.spend(route.bucket, major)
        if not verdict.is_allowed:
            return _too_many(verdict)
        try:
            body: Any = await request.json() if request.can_read_body else None
            call = Call(self._store, self._writer, request.match_info, request.query, body, self._gateway())
            self._faults.set_address_age(request)
            return _reply(200, route.handler(call), verdict.headers)
        except ValueError:
            return _refuse(Refusal(400, 50109, "The request body contains invalid JSON."), verdict.headers)
        except Refusal as refusal:
            return _refuse(refusal, verdict.headers)

    async def _nowhere(self, request: web.Request) -> web.Response:
        self._metrics.count(f"{request.method} (unknown)", 404, 0)
        return _refuse(Refusal(404, 0, "404: Not Found"), {})


def _reply(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    encoded = msgspec.json.encode(body)
    return web.Response(status=status, body=encoded, content_type="application/json", headers=headers | _VIA)


def _refuse(refusal: Refusal, headers: dict[str, str]) -> web.Response:
    return _reply(refusal.status, refusal.body, headers)


def _too_many(verdict: Verdict) -> web.Response:
    body = {"message": "You are being rate limited.", "retry_after": verdict.retry_after, "global": verdict.is_global}
    headers = verdict.headers | {
        "Retry-After": str(math.ceil(verdict.retry_after)),
        "X-RateLimit-Scope": "global" if verdict.is_global else "user",
    }
    return _reply(429, body, headers)
