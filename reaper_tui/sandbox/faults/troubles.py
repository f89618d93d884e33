"""The faults that are on at one server: they sit before and behind it."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from reaper_tui.sandbox.faults import wire
from reaper_tui.sandbox.faults.catalogue import DISCORD
from reaper_tui.sandbox.faults.strike import AFTER, BEFORE, After, Before, Limits, Strike
from reaper_tui.sandbox.faults.trigger import Trigger
from reaper_tui.sandbox.faults.wish import Wish, wish_of
from reaper_tui.sandbox.port import Port


class Troubles:
    """Decides for every request which fault strikes it; a side adds the faults that only it has."""

    def __init__(self, side: str, *, seed: int, speed: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._side = side
        self._seed = seed
        self._speed = speed
        self._clock = clock
        self._triggers: list[Trigger] = []
        self._before: dict[str, Before] = {**BEFORE, "connection-refused": self._refuse}
        self._after: dict[str, After] = dict(AFTER)
        self.port: Port | None = None

    def set(self, wishes: Sequence[str | Wish]) -> None:
        """Turn on exactly these, as far as they concern this side; one that is on already goes on counting."""
        named = [wish_of(each) for each in wishes if each]
        already = {trigger.asked: trigger for trigger in self._triggers}
        self._triggers = [
            already.get(wish) or Trigger(wish, self._seed, self._clock) for wish in named if self._side in wish.sides
        ]

    async def settle(self) -> None:
        """Open the port again unless it is to stay closed."""
        if self.port is not None and self.find("connection-refused") is None:
            await self.port.accept()

    def find(self, name: str) -> Trigger | None:
        """Return the trigger of a fault that is on."""
        return next((each for each in self._triggers if each.wish.fault_name == name), None)

    def report(self) -> list[dict[str, object]]:
        """Return every fault that is on, and how often it struck."""
        return [{"side": self._side, **trigger.report()} for trigger in self._triggers]

    async def intercept(self, request: web.BaseRequest, limits: Limits = dict) -> web.StreamResponse | None:
        """Answer instead of the server, or None."""
        if not self._triggers:
            return None
        label = wire.label_of(request)
        if _is_exempt(label):
            return None
        for trigger in self._triggers:
            action = self._before.get(trigger.wish.fault_name)
            if action is None:
                continue
            key = await self.key_of(trigger.wish, request)
            if key is None or not trigger.strikes(label, key):
                continue
            answer = await self._during(trigger, action(self._strike(trigger, request, label, limits)))
            if answer is not None:
                return answer
        return None

    async def after(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse | None:
        """Replace the answer of an operation that is stored, or None."""
        if not self._triggers or response.status >= 300 or not isinstance(response, web.Response):
            return None
        label = wire.label_of(request)
        if _is_exempt(label):
            return None
        replaced: web.StreamResponse | None = None
        for trigger in self._triggers:
            action = self._after.get(trigger.wish.fault_name)
            if action is None or not trigger.strikes(label):
                continue
            work = action(self._strike(trigger, request, label, dict), response)
            replaced = await self._during(trigger, work)
            if not isinstance(replaced, web.Response):
                if replaced is not None:
                    return replaced
                continue
            response = replaced
        return replaced

    async def key_of(self, wish: Wish, request: web.BaseRequest) -> str | None:
        """Return what a fault goes by that strikes the same thing always, or nothing; None spares the request."""
        if wish.fault_name in ("token-revoked", "permission-revoked") and "Authorization" not in request.headers:
            return None
        if wish.fault_name == "permission-revoked":
            label = wire.label_of(request)
            is_needed = "/channels/" in label if self._side == DISCORD else request.method != "GET"
            return "" if is_needed else None
        return ""

    async def _refuse(self, strike: Strike) -> web.StreamResponse:
        if self.port is not None:
            await self.port.refuse(strike.wish.seconds)
        return wire.reset(strike.request)

    def _strike(self, trigger: Trigger, request: web.BaseRequest, label: str, limits: Limits) -> Strike:
        return Strike(trigger.wish, self._side, request, label, self._speed, trigger.struck, limits)

    async def _during(self, trigger: Trigger, work: Any) -> web.StreamResponse | None:
        trigger.holding += 1
        try:
            return await work
        finally:
            trigger.holding -= 1


def _is_exempt(label: str) -> bool:
    return label.startswith(("GET /gateway", "GET /media")) and label != "GET /gateway/bot"
