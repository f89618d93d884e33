"""The server: takes requests, applies buckets, runs routes, sends replies once they are stored."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from reaper_tui.sandbox.port import Port
from reaper_tui.sandbox.traffic import Traffic

from . import media
from .avatars import AvatarFetcher
from .buckets import GLOBAL, Limiter, Verdict
from .calls import Call, Context, Reply
from .community import Community
from .entities import User
from .errors import ApiError, not_found, unauthorized
from .files import Files
from .gateway import Gateway
from .generation import GENERATIONS
from .instance import gateway_url
from .inventory import inventory_of
from .limit_headers import RESET_HEADER, tell_limits, too_many
from .routes import routes_of
from .routing import Match, Router
from .store import Store
from .uploads import Uploads

API_ROOTS = ("/api/v1/", "/api/")
CLIENT_GONE = 499
_JSON_TYPE = "application/json"
_log = logging.getLogger(__name__)


class Faults(Protocol):
    """What may spoil an exchange before or after the server did its part."""

    async def intercept(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Answer instead of the server, or None."""
        ...

    async def after(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse | None:
        """Replace the answer of an operation that is stored, or None."""
        ...


class FluxerServer:
    """A Fluxer instance on loopback with one community and one bot."""

    def __init__(
        self,
        *,
        generation: str = "2026-02",
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        store: Path | None = None,
        guild_name: str = "New community",
        bot_name: str = "reaper",
        seed: int = 0,
        residents: Sequence[tuple[str, str]] = (),
        limits: Mapping[str, int] | None = None,
    ) -> None:
        if generation not in GENERATIONS:
            raise ValueError(f"unknown generation {generation!r}, known are {', '.join(GENERATIONS)}")
        if speed <= 0:
            raise ValueError("speed must be above zero")
        self.faults: Faults | None = None
        self.skew = 0.0
        self.ignores_nonces = False
        self.honours_webhook_nonces = False
        self.listener: Port | None = None
        usual = GENERATIONS[generation]
        self.generation = replace(usual, limits=usual.limits.changed(limits or {}))
        self._speed = speed
        self._clock = clock
        self._path = store
        self._founding: dict[str, Any] = {
            "seed": seed,
            "guild_name": guild_name,
            "bot_name": bot_name,
            "residents": residents,
        }
        self._limiter = Limiter(clock, speed, is_precise=self.generation.has_precise_limits)
        self._routes = routes_of(self.generation)
        self._router = Router(self._routes)
        self._opened: Context | None = None
        self._runner: web.ServerRunner | None = None
        self._requests: Counter[tuple[str, int]] = Counter()
        self._bytes_in = self._bytes_out = 0
        self._traffic = Traffic()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Open the store and listen."""
        context = self._opened = await asyncio.to_thread(self._open)
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=1.0)
        try:
            await self._runner.setup()
            self.listener = Port(self._runner)
            await self.listener.open(host, port)
        except OSError:
            await self.stop()
            raise
        context.origin = f"http://{host}:{self.listener.number}"
        context.media = f"{context.origin}/media"

    async def stop(self) -> None:
        """Close every connection and the store; what the community held can still be read."""
        if self._opened is None:
            return
        await self._opened.gateway.close()
        await self._opened.avatars.close()
        if self.listener is not None:
            await self.listener.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await asyncio.to_thread(self._opened.community.store.close)
        await asyncio.to_thread(self._opened.files.close)

    def _open(self) -> Context:
        store = Store(self._path)
        files = Files(None if self._path is None else self._path.with_name(self._path.name + ".media"))
        community = Community(
            store,
            clock=lambda: self._clock() + self.skew,
            generation=self.generation,
            speed=self._speed,
            **self._founding,
        )
        uploads = Uploads(files, self._clock)
        return Context(community, files, Gateway(community), AvatarFetcher(community, files), uploads, server=self)

    @property
    def served_routes(self) -> list[tuple[str, str]]:
        """Method and template of every route."""
        return [(route.method, route.template) for route in self._routes]

    @property
    def community(self) -> Community:
        """Everything the server knows."""
        return self._context.community

    @property
    def _context(self) -> Context:
        if self._opened is None:
            raise RuntimeError("the server has not been started")
        return self._opened

    def facts(self) -> dict[str, str]:
        """How a client reaches the server."""
        origin = self._context.origin
        community = self._context.community
        return {
            "api_base": f"{origin}/api/v1",
            "gateway": gateway_url(origin),
            "media": self._context.media,
            "instance": origin,
            "token": community.token,
            "community_id": str(community.guild.id),
        }

    def state(self) -> dict[str, object]:
        """What the community holds."""
        return inventory_of(self._context.community)

    def metrics(self) -> dict[str, object]:
        """Requests by route and status, and bytes of bodies."""
        routes: dict[str, dict[str, int]] = {}
        for (route, status), count in sorted(self._requests.items()):
            routes.setdefault(route, {})[str(status)] = count
        sizes = {"bytes_in": self._bytes_in, "bytes_out": self._bytes_out}
        return {"requests": routes, **sizes, **self._traffic.snapshot()}

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.faults is not None:
            spoiled = await self.faults.intercept(request)
            if spoiled is not None:
                self._requests[("fault", spoiled.status)] += 1
                return spoiled
        name, response = await self._handle(request)
        if self.generation.build is not None and not response.prepared:
            response.headers["X-Fluxer-Version"] = self.generation.build
        store = self._context.community.store
        if store.has_unwritten:
            await store.flush()
        if self.skew:
            self._set_clock_wrong(response)
        if self.faults is not None:
            response = await self.faults.after(request, response) or response
        self._requests[(name, response.status)] += 1
        self._bytes_in += request.content.total_bytes
        self._bytes_out += response.content_length or 0
        return response

    def _set_clock_wrong(self, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self._clock() + self.skew, usegmt=True)
        if RESET_HEADER in response.headers:
            response.headers[RESET_HEADER] = str(int(response.headers[RESET_HEADER]) + int(self.skew))

    async def _handle(self, request: web.BaseRequest) -> tuple[str, web.StreamResponse]:
        raw_path = request.rel_url.raw_path
        if raw_path == "/gateway":
            return "GET /gateway", await self._context.gateway.serve(request)
        if raw_path.startswith("/media/"):
            response, size = await media.serve(raw_path[len("/media") :], self._context.files)
            self._bytes_out += size
            return "GET /media", response
        if raw_path.startswith("/uploads/") and request.method == "PUT":
            secret = raw_path.removeprefix("/uploads/")
            return "PUT /uploads", await self._context.uploads.receive(secret, request)
        match = self._match(request.method, raw_path)
        if match is None:
            return "unknown", _refusal(not_found())
        name = f"{match.route.method} {match.route.template}"
        try:
            return name, await self._run(request, match)
        except ApiError as error:
            return name, _refusal(error)
        except ConnectionError:
            return name, web.Response(status=CLIENT_GONE)
        except Exception:
            _log.exception("request failed: %s", name)
            error = ApiError(500, "INTERNAL_SERVER_ERROR", "Internal server error.")
            return name, _refusal(error)

    def _match(self, method: str, raw_path: str) -> Match | None:
        if raw_path == "/.well-known/fluxer":
            return self._router.match(method, raw_path)
        for root in API_ROOTS:
            if raw_path.startswith(root):
                return self._router.match(method, raw_path[len(root) :])
        return None

    async def _run(self, request: web.BaseRequest, match: Match) -> web.Response:
        route, parameters = match
        self._traffic.count(request.method, self._channel_of(parameters))
        user = self._user(request)
        identity = f"user:{user.id}" if user is not None else f"ip:{request.remote}"
        verdict: Verdict | None = None
        if route.bucket is not None:
            if not route.bucket.is_exempt_from_global:
                verdict = self._limiter.check(identity, GLOBAL, is_global=True)
                if not verdict.is_allowed:
                    return await self._limited(request, verdict)
            verdict = self._limiter.check(identity, route.bucket, parameters.get(route.bucket.scope, ""))
            if not verdict.is_allowed:
                return await self._limited(request, verdict)
        try:
            if route.needs_user and user is None:
                raise unauthorized()
            reply = await route.handler(Call(request, self._context, user, parameters))
        except ApiError:
            await _drain(request)
            raise
        response = _response(reply)
        if verdict is not None and self._tells_limits(user, parameters):
            tell_limits(response.headers, verdict, is_precise=self.generation.has_precise_limits)
        return response

    def _channel_of(self, parameters: dict[str, str]) -> str:
        """The channel that a request concerns, also through its webhook."""
        webhook_id = parameters.get("webhook_id", "")
        webhook = self._context.community.webhooks.get(int(webhook_id)) if webhook_id.isdecimal() else None
        return parameters.get("channel_id", "") if webhook is None else str(webhook.channel_id)

    def _tells_limits(self, user: User | None, parameters: dict[str, str]) -> bool:
        """Newer servers tell them only to bots and to whoever holds a webhook's token."""
        return not self.generation.has_precise_limits or user is not None or "token" in parameters

    def _user(self, request: web.BaseRequest) -> User | None:
        community = self._context.community
        return community.bot if request.headers.get("Authorization") == f"Bot {community.token}" else None

    async def _limited(self, request: web.BaseRequest, verdict: Verdict) -> web.Response:
        await _drain(request)
        error, headers = too_many(verdict, self._speed, is_precise=self.generation.has_precise_limits)
        response = _refusal(error)
        response.headers.update(headers)
        return response


def _refusal(error: ApiError) -> web.Response:
    return _response(Reply(error.status, error.body()))


def _response(reply: Reply) -> web.Response:
    headers = {"X-Request-Id": str(uuid.uuid4())}
    if reply.body is not None:
        headers["Content-Type"] = _JSON_TYPE
    return web.Response(status=reply.status, body=reply.body, headers=headers)


async def _drain(request: web.BaseRequest) -> None:
    """Read what is left of the body, so that the client hears the answer."""
    while await request.content.readany():
        pass
