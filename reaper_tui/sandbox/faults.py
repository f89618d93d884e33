"""Named troubles that either server can be put into."""

import asyncio
import json

from aiohttp import web

from reaper_tui.sandbox.discord_server.faults import NAMES as DISCORD_FAULTS

FLUXER_FAULTS = ("fluxer-rate-limit-storm", "fluxer-outage", "fluxer-slow")
KNOWN = (*DISCORD_FAULTS, *FLUXER_FAULTS)
_SHARED = {"rate-limit-storm": "fluxer-rate-limit-storm", "outage": "fluxer-outage", "slow": "fluxer-slow"}
_STORM_PERIOD = 3
_SLOWNESS_S = 0.25


class FluxerFaults:
    """Troubles of the Fluxer side; the names both sides know set both."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._active: frozenset[str] = frozenset()
        self._seen = 0

    def set(self, names: tuple[str, ...]) -> None:
        """Turn on exactly `names`, as far as they concern Fluxer."""
        self._active = (frozenset(names) | {_SHARED[name] for name in names if name in _SHARED}) & frozenset(
            FLUXER_FAULTS
        )

    async def intercept(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Answer instead of the server, or None."""
        if request.path == "/gateway" or not self._active:
            return None
        if "fluxer-slow" in self._active:
            await asyncio.sleep(_SLOWNESS_S)
        if "fluxer-outage" in self._active:
            return web.Response(status=503, text="Service Unavailable")
        self._seen += 1
        if "fluxer-rate-limit-storm" in self._active and self._seen % _STORM_PERIOD == 0:
            await request.read()
            is_global = self._seen % (_STORM_PERIOD * 4) == 0
            return _too_many(round(0.75 / self._speed, 3), is_global)
        return None

    async def after(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse | None:
        """Leave every answer as it is."""
        return None


def _too_many(retry_after: float, is_global: bool) -> web.Response:
    body = {
        "code": "RATE_LIMITED",
        "message": "You're being rate limited.",
        "global": is_global,
        "retry_after": retry_after,
    }
    headers = {"Retry-After": str(retry_after), "X-RateLimit-Global": "true" if is_global else "false"}
    return web.Response(status=429, body=json.dumps(body).encode(), content_type="application/json", headers=headers)
