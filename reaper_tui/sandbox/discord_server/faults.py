"""Named troubles that the Discord side can be put into."""

import asyncio

from aiohttp import web

from reaper_tui.sandbox.discord_server.buckets import Verdict
from reaper_tui.sandbox.discord_server.store import Store

NAMES = ("rate-limit-storm", "outage", "slow", "no-message-content", "no-history", "hidden-channels")
_STORM_PERIOD = 3
_SLOWNESS_S = 0.25


class Faults:
    """The troubles that are on, and what they do to an answer."""

    def __init__(self, store: Store, speed: float) -> None:
        self._store = store
        self._speed = speed
        self._active: frozenset[str] = frozenset()
        self._answered = 0

    @property
    def active(self) -> tuple[str, ...]:
        """The names that are on."""
        return tuple(sorted(self._active))

    def set(self, names: tuple[str, ...]) -> None:
        """Turn on exactly `names`, as far as they concern Discord."""
        self._active = frozenset(names) & frozenset(NAMES)
        self._store.may_read_content = "no-message-content" not in self._active
        self._store.may_read_history = "no-history" not in self._active
        store = self._store
        store.hidden_channels = frozenset()
        channels = [each.id for each in store.community.channels.values() if each.type == 0 and store.is_visible(each)]
        store.hidden_channels = frozenset(channels[-2:] if "hidden-channels" in self._active else ())

    async def before_answer(self) -> web.Response | None:
        """Wait or return a broken answer, as the troubles want it; None to go on."""
        if "slow" in self._active:
            await asyncio.sleep(_SLOWNESS_S)
        if "outage" in self._active:
            return web.Response(status=503, text="upstream connect error or disconnect/reset before headers")
        return None

    def judge(self, verdict: Verdict) -> Verdict:
        """Turn every third verdict into a 429 while the storm is on."""
        self._answered += 1
        if "rate-limit-storm" not in self._active or self._answered % _STORM_PERIOD:
            return verdict
        is_global = self._answered % (_STORM_PERIOD * 4) == 0
        retry_after = round((0.7 if is_global else 0.333) / self._speed, 3)
        headers = {"X-RateLimit-Global": "true"} if is_global else verdict.headers
        return Verdict(False, headers, retry_after, is_global)
