"""The troubles of the Discord side: those both sides know, and what the bot may read, and the CDN."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from email.utils import formatdate

import msgspec
from aiohttp import web

from reaper_tui.sandbox.discord_server.signing import LIFETIME_S, Signer
from reaper_tui.sandbox.discord_server.store import FORUM, VOICE, Store
from reaper_tui.sandbox.faults import Troubles, Wish
from reaper_tui.sandbox.faults.catalogue import DISCORD
from reaper_tui.sandbox.faults.wire import label_of

_GONE = "This content is no longer available."
_DENIED = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
_SLOW_BYTES = 1024
_DROP_BYTES = 256
_SAME_FILE_ALWAYS = ("cdn-404", "cdn-403", "cdn-wrong-size", "cdn-slow")
_RESET = "X-RateLimit-Reset"
GATEWAY_EVENTS = ("gateway-swallow", "gateway-invalid", "gateway-cut", "gateway-cut-4000", "gateway-reconnect")


class Damage(msgspec.Struct, frozen=True):
    """What happens to the bytes of a file on the way."""

    is_cut: bool = False
    is_half: bool = False
    is_slow: bool = False

    async def paced(self, pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces as fast as they may go."""
        for piece in pieces:
            if not self.is_slow:
                yield piece
                continue
            for start in range(0, len(piece), _DROP_BYTES):
                await asyncio.sleep(_DROP_BYTES / _SLOW_BYTES)
                yield piece[start : start + _DROP_BYTES]


class Faults(Troubles):
    """The faults that are on at the Discord server."""

    def __init__(
        self, store: Store, signer: Signer, speed: float, seed: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(DISCORD, seed=seed, speed=speed, clock=clock)
        self._store = store
        self._signer = signer

    def set(self, wishes: Sequence[str | Wish]) -> None:
        """Turn on exactly these, as far as they concern Discord."""
        super().set(wishes)
        store = self._store
        store.may_read_content = self.find("no-message-content") is None
        store.may_read_history = self.find("no-history") is None
        store.hidden_channels = frozenset()
        visible = [each for each in store.community.channels.values() if store.is_visible(each)]
        hidden: list[int] = []
        if self.find("hidden-channels") is not None:
            hidden += [each.id for each in visible if each.type == 0][-2:]
        store.hides_barely = self.find("hidden-voice-and-forum") is not None
        if store.hides_barely:
            hidden += [each.id for each in visible if each.type in (VOICE, FORUM)]
        store.hidden_channels = frozenset(hidden)

    def at_event(self, name: str) -> frozenset[str]:
        """Return the faults that strike an event which the gateway is about to tell."""
        return self._striking(GATEWAY_EVENTS, f"GATEWAY {name}")

    def at_connect(self) -> frozenset[str]:
        """Return the faults that strike a client which opens a socket."""
        return self._striking(("gateway-refused", "gateway-slam"), "CONNECT /gateway")

    def _striking(self, names: Sequence[str], label: str) -> frozenset[str]:
        return frozenset(name for name in names if (trigger := self.find(name)) is not None and trigger.strikes(label))

    def at_cdn(self, request: web.BaseRequest) -> web.Response | Damage:
        """Return what becomes of a file: an answer instead of it, or what happens to its bytes."""
        label = label_of(request)
        struck = {
            name
            for name in ("cdn-404", "cdn-403", "cdn-short", "cdn-wrong-size", "cdn-slow")
            if (trigger := self.find(name)) is not None
            and trigger.strikes(label, request.path if name in _SAME_FILE_ALWAYS else "")
        }
        if "cdn-404" in struck:
            return web.Response(status=404, text=_GONE)
        if "cdn-403" in struck:
            return web.Response(status=403, text=_DENIED, content_type="application/xml")
        return Damage("cdn-short" in struck, "cdn-wrong-size" in struck, "cdn-slow" in struck)

    def set_address_age(self, request: web.BaseRequest) -> None:
        """Let the addresses in the answer that is about to be written be out of date, or not."""
        expired = self.find("cdn-expired")
        is_struck = expired is not None and expired.strikes(label_of(request))
        self._signer.age_s = 2 * LIFETIME_S if is_struck else 0

    async def after(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse | None:
        """Replace the answer of a request, or None; set its clock wrong if that is asked for."""
        skew = self.find("clock-skew")
        if skew is not None:
            offset = skew.wish.offset or 0.0
            response.headers["Date"] = formatdate(time.time() + offset, usegmt=True)
            if _RESET in response.headers:
                response.headers[_RESET] = f"{float(response.headers[_RESET]) + offset:.3f}"
        return await super().after(request, response)
