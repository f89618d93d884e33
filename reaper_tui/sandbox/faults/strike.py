"""One request that a fault strikes, and what the fault does to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from reaper_tui.sandbox.faults import refusals, wire
from reaper_tui.sandbox.faults.catalogue import DISCORD, KNOWN
from reaper_tui.sandbox.faults.wish import Wish

_STORM_GLOBAL_PERIOD = 4


Limits = Callable[[], Mapping[str, str]]


class Strike(msgspec.Struct, frozen=True):
    """What a fault may look at."""

    wish: Wish
    side: str
    request: web.BaseRequest
    label: str
    speed: float
    number: int
    limits: Limits

    @property
    def delay(self) -> float:
        """How long to be silent."""
        return self.wish.delay or 0.0

    @property
    def retry_after(self) -> float:
        """How long a 429 asks to wait: scaled as every limit is."""
        if self.wish.retry_after is not None:
            return self.wish.retry_after
        return round((0.333 if self.side == DISCORD else 0.75) / self.speed, 3) or 0.001


Before = Callable[[Strike], Awaitable[web.StreamResponse | None]]
After = Callable[[Strike, web.Response], Awaitable[web.StreamResponse | None]]


async def _limited(strike: Strike) -> web.StreamResponse:
    name = strike.wish.fault_name
    is_global = name == "rate-limit-global"
    if name == "rate-limit-storm":
        is_global = strike.number % _STORM_GLOBAL_PERIOD == 0
    retry_after: float | None = strike.retry_after
    if name == "rate-limit-whole":
        retry_after = max(1, round(strike.wish.retry_after or 1))
    await wire.drain(strike.request)
    if name == "rate-limit-html":
        return refusals.html(429, "429 Too Many Requests")
    return refusals.too_many(
        strike.side, strike.limits(), None if name == "rate-limit-bare" else retry_after, is_global=is_global
    )


async def _failed(strike: Strike) -> web.StreamResponse:
    await wire.drain(strike.request)
    return refusals.server_error(int(strike.wish.fault_name.split("-")[1]), strike.side)


async def _unavailable(strike: Strike) -> web.StreamResponse:
    await wire.drain(strike.request)
    return refusals.unavailable(strike.side)


async def _reset(strike: Strike) -> web.StreamResponse:
    return wire.reset(strike.request)


async def _stalled(strike: Strike) -> web.StreamResponse:
    if strike.wish.fault_name == "stall-upload":
        await wire.read_half(strike.request)
    await wire.hold(strike.request, strike.delay)
    return wire.reset(strike.request)


async def _slow(strike: Strike) -> None:
    await wire.hold(strike.request, strike.delay)


async def _reset_then_store(strike: Strike) -> None:
    await strike.request.read()
    wire.reset(strike.request)
    await asyncio.sleep(strike.delay)


async def _token_unknown(strike: Strike) -> web.StreamResponse:
    await wire.drain(strike.request)
    return refusals.unknown_token(strike.side)


async def _forbidden(strike: Strike) -> web.StreamResponse:
    await wire.drain(strike.request)
    return refusals.missing_permission(strike.side)


async def _failed_after(strike: Strike, _: web.Response) -> web.StreamResponse:
    return refusals.server_error(int(strike.wish.fault_name.split("-")[1]), strike.side)


async def _reset_after(strike: Strike, _: web.Response) -> web.StreamResponse:
    return wire.reset(strike.request)


async def _stalled_after(strike: Strike, _: web.Response) -> web.StreamResponse:
    await wire.hold(strike.request, strike.delay)
    return wire.reset(strike.request)


async def _slow_after(strike: Strike, _: web.Response) -> None:
    await wire.hold(strike.request, strike.delay)


async def _cut(strike: Strike, response: web.Response) -> web.StreamResponse:
    return await wire.cut(strike.request, response)


async def _drip(strike: Strike, response: web.Response) -> web.StreamResponse:
    return await wire.drip(strike.request, response, strike.delay)


_STATUSES = (500, 502, 503, 504)
BEFORE: dict[str, Before] = {
    **{name: _limited for name in KNOWN if name.startswith("rate-limit-")},
    **{f"error-{status}": _failed for status in _STATUSES},
    "outage": _unavailable,
    "reset": _reset,
    "stall": _stalled,
    "stall-upload": _stalled,
    "slow": _slow,
    "reset-then-store": _reset_then_store,
    "token-revoked": _token_unknown,
    "permission-revoked": _forbidden,
}
AFTER: dict[str, After] = {
    **{f"error-{status}-after-store": _failed_after for status in _STATUSES},
    **{name: _reset_after for name in KNOWN if name.endswith("-reply-lost")},
    "reset-after-store": _reset_after,
    "stall-after-store": _stalled_after,
    "slow-reply": _slow_after,
    "cut-reply": _cut,
    "slow-body": _drip,
}
