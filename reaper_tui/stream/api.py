"""The application: FastAPI for what is asked once, plain ASGI for those who listen."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from reaper_tui import __version__
from reaper_tui.model.errors import CloneError
from reaper_tui.stream.address import Network
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.gate import App, Gate, Receive, Scope
from reaper_tui.stream.health import Component, Health
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.keys import Keys
from reaper_tui.stream.listeners import Listeners
from reaper_tui.stream.manual import STYLE, manual
from reaper_tui.stream.messages import MOST, document, parse_query
from reaper_tui.stream.metrics import CONTENT_TYPE, exposition, registry_of
from reaper_tui.stream.origins import Origins
from reaper_tui.stream.rates import Rates
from reaper_tui.stream.refusals import Refusal
from reaper_tui.stream.session import Bounds
from reaper_tui.stream.wire_asgi import Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ABOUT = """Live messages of a Discord server.

`GET /ws?after=EPOCH:SEQ|live|earliest&ch=ID,ID&type=create,update,delete&hb=15` is a WebSocket, `GET /sse` the same for
EventSource. The server sends one JSON object a frame, named by `op`: `hello`, `event`, `live` (caught up), `hb` (all up
to `seq` was sent), `gap` (events that cannot be had), `reconnect` and `error`. Come back with `after=EPOCH:SEQ` of the
last frame and nothing is missed or repeated. Close codes 4000 to 4499 mean: come back; 4500 and above: do not.
"""


class StreamOptions(msgspec.Struct, frozen=True):
    """How a service answers; see `settings` for what each means."""

    keys: Keys
    origins: Origins
    admission: Admission
    bounds: Bounds = Bounds()
    proxies: tuple[Network, ...] = ()
    needs_key: bool = False
    channels: frozenset[int] = frozenset()
    heartbeat: float = 15.0


class StreamService(msgspec.Struct, frozen=True):
    """The parts of a running service."""

    app: App
    hub: Hub
    listeners: Listeners
    rates: Rates


def make_service(
    hub: Hub,
    options: StreamOptions,
    components: Sequence[Component],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> StreamService:
    """Return a service that streams what a hub follows."""
    listeners = Listeners(
        hub,
        options.admission,
        options.keys,
        options.bounds,
        needs_key=options.needs_key,
        channels=options.channels,
        heartbeat=options.heartbeat,
        clock=clock,
    )
    health = Health(hub, components, clock)
    rates = Rates()
    app = FastAPI(title="reaper-tui stream", version=__version__, description=ABOUT, docs_url=None, redoc_url=None)
    _add_errors(app, hub)
    _add_routes(app, hub, options, listeners, health, rates)
    _add_page(app)
    gate = Gate(
        _entrance(app, listeners),
        origins=options.origins,
        admission=options.admission,
        proxies=options.proxies,
        tally=hub.tally,
    )
    return StreamService(gate, hub, listeners, rates)


def _entrance(app: FastAPI, listeners: Listeners) -> App:
    """Return what shows listeners their way past the framework, which costs each handshake as much again."""

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if scope["type"] == "websocket":
            if path != "/ws":
                raise Refusal(404, "not_found", "the WebSocket is at /ws")
            await listeners.websocket(scope, receive, send)
        elif path == "/sse" and scope["method"] == "GET":
            await listeners.sent_events(scope, receive, send)
        elif path == "/ws":
            raise Refusal(426, "upgrade_required", "this is a WebSocket; /sse is the same for EventSource")
        else:
            await app(scope, receive, send)

    return enter


def _add_errors(app: FastAPI, hub: Hub) -> None:
    async def refused(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, Refusal)
        hub.tally.refused[error.code] += 1
        return _refused(error)

    async def wrong_query(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        name = first["loc"][-1] if first["loc"] else "query"
        return _refused(Refusal(422, "bad_query", f"{name}: {first['msg']}"))

    async def not_here(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, HTTPException)
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
        return _refused(Refusal(error.status_code, code, str(error.detail)))

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, wrong_query)
    app.add_exception_handler(HTTPException, not_here)


def _add_routes(
    app: FastAPI, hub: Hub, options: StreamOptions, listeners: Listeners, health: Health, rates: Rates
) -> None:
    registry = registry_of(hub, options.admission)

    @app.get("/messages", summary="Messages by pages, oldest first")
    async def messages(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        before: Annotated[str | None, Query(description="Only messages older than this id")] = None,
        after: Annotated[str | None, Query(description="Only messages newer than this id")] = None,
        channel: Annotated[str | None, Query(description="Channel ids, separated by commas")] = None,
    ) -> Response:
        options.keys.check(request.scope, is_needed=options.needs_key)
        query = parse_query(limit, before, after, channel, options.channels)
        cursor = f"{hub.epoch}:{hub.flushed}"
        try:
            rows = [] if hub.standing is None else await hub.source.messages(query)
        except CloneError as error:
            raise Refusal(503, "unavailable", error.line(), retry_after=2) from None
        body = document(rows, query, cursor)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    @app.get("/channels", summary="The names of channels")
    async def channels(request: Request) -> Response:
        options.keys.check(request.scope, is_needed=options.needs_key)
        try:
            found = [] if hub.standing is None else await hub.source.places()
        except CloneError as error:
            raise Refusal(503, "unavailable", error.line(), retry_after=2) from None
        seen = [place for place in found if not options.channels or place.channel_id in options.channels]
        rows = [{"id": str(place.channel_id), "name": place.name, "parent": place.parent_name} for place in seen]
        return _json({"channels": rows})

    @app.get("/health", summary="How each component is")
    async def health_of_all() -> Response:
        report = await health.report()
        return _json(report, 503 if report["status"] == "down" else 200)

    @app.get("/ready", summary="Whether listeners may come")
    async def ready() -> Response:
        is_ready = hub.standing is not None and not listeners.is_draining
        note = "" if is_ready else "draining" if listeners.is_draining else hub.trouble or "there is no feed yet"
        return _json({"ready": is_ready, "note": note}, 200 if is_ready else 503)

    @app.get("/stats", summary="Connections, rates and drops; needs the API key")
    async def stats(request: Request) -> Response:
        options.keys.check(request.scope, is_needed=True)
        return _json(_stats(hub, options.admission, rates))

    @app.get("/metrics", summary="The same for Prometheus")
    async def metrics() -> Response:
        return Response(exposition(registry), headers={"content-type": CONTENT_TYPE})

    del messages, channels, health_of_all, ready, stats, metrics


def _stats(hub: Hub, admission: Admission, rates: Rates) -> dict[str, Any]:
    tally = hub.tally
    return {
        "epoch": hub.epoch,
        "head": hub.flushed,
        "connections": {
            "total": admission.listening,
            "addresses": admission.addresses,
            "live": sum(session.is_live for session in hub.sessions),
        },
        "rates": rates.per_second(),
        "totals": {
            "events": tally.events,
            "deliveries": tally.deliveries,
            "replayed": tally.replayed,
            "bytes": tally.bytes,
            "opened": tally.opened,
            "requests": tally.requests,
        },
        "drops": {
            "fell_behind": tally.fell_behind,
            "gaps": tally.gaps,
            "dismissed": dict(tally.dismissed),
            "refused": dict(tally.refused),
        },
        "pending_bytes": tally.pending_bytes,
        "lag_seconds": round(tally.lag_seconds, 4),
        "listeners": [
            {
                "conn": session.number,
                "ip": session.address,
                "client": session.name,
                "channels": None if session.wanted.channels is None else sorted(map(str, session.wanted.channels)),
                "types": None if session.wanted.kinds is None else sorted(session.wanted.kinds),
                "behind": 0 if session.is_live else hub.flushed - session.cursor,
                "pending_bytes": session.wire.pending,
                "events": session.events_sent,
            }
            for session in hub.sessions
        ],
    }


def _add_page(app: FastAPI) -> None:
    folder = files("reaper_tui.stream") / "page"
    for path, name, kind in (
        ("/", "index.html", "text/html"),
        ("/viewer.js", "viewer.js", "text/javascript"),
        ("/viewer.css", "viewer.css", "text/css"),
    ):
        body = (folder / name).read_bytes()
        app.add_api_route(path, _file(body, kind), include_in_schema=False)
    app.add_api_route("/manual.css", _file(STYLE.encode(), "text/css"), include_in_schema=False)
    app.add_api_route("/docs", _file(manual(app.openapi()).encode(), "text/html"), include_in_schema=False)


def _file(body: bytes, kind: str) -> Callable[[], Any]:
    async def answer() -> Response:
        return Response(
            body,
            headers={
                "content-type": f"{kind}; charset=utf-8",
                "content-security-policy": PAGE_POLICY,
                "cache-control": "no-cache",
            },
        )

    return answer


def _json(document: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(document), status, media_type="application/json", headers={"cache-control": "no-store"}
    )


def _refused(refusal: Refusal) -> Response:
    headers = {name.decode(): value.decode() for name, value in refusal.headers()}
    return Response(refusal.body(), refusal.status, headers=headers)
