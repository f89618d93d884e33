"""Discord's REST door: discord.py's client with an own base address, own retries, and waits one can watch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import aiohttp
from discord.file import File
from discord.http import HTTPClient, Route

from reaper_tui.model.errors import ServiceDown
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.bucket import Bucket, Ceiling
from reaper_tui.reader.errors import RETRIED_BY_LIBRARY, Garbled, is_worth_retrying, retry_after_of, translated
from reaper_tui.reader.events import Notify, ReaderEvent

LONGEST_WAIT_SECONDS = 60.0
REQUESTS_PER_SECOND = 40.0
BURST = 10
PATIENT_DELAYS = (0.5, 1.0, 3.0, 7.0, 15.0)
FIRST_DELAYS = (0.5, 1.5)
WORTH_TELLING_SECONDS = 0.05
UNTOLD_WAIT_SECONDS = 5.0
TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=15, sock_read=45)


@dataclass(slots=True)
class _Attempt:
    what: str
    channel_id: int | None
    replies: int = 0
    status: int = 0
    retry_after: float | None = None
    cleared_global: bool = False


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


class DiscordHTTP(HTTPClient):
    """Requests to one Discord-speaking address; every failure is one of `model.errors`.

    `requests`, `limited` and `retries` count what went over the wire.
    """

    def __init__(
        self,
        api_base: str,
        *,
        notify: Notify,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        limits_scale: float = 1.0,
    ) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._on_start)
        trace.on_request_end.append(self._on_end)
        super().__init__(asyncio.get_running_loop(), http_trace=trace, max_ratelimit_timeout=LONGEST_WAIT_SECONDS)
        self._base = api_base.rstrip("/")
        self._notify = notify
        self._now = now
        self._sleep = sleep
        self._ceiling = Ceiling(REQUESTS_PER_SECOND * limits_scale, BURST, sleep)
        self._has_served = False
        self._global_until = 0.0
        self.requests = 0
        self.limited = 0
        self.retries = 0

    def get_ratelimit(self, key: str) -> Bucket:
        """Return the bucket of a route and its major parameters."""
        bucket = self._buckets.get(key)
        if not isinstance(bucket, Bucket):
            bucket = self._buckets[key] = Bucket(self.max_ratelimit_timeout, self._tell_wait)
            self._try_clear_expired_ratelimits()
        return bucket

    async def request(
        self,
        route: Route,
        *,
        files: Sequence[File] | None = None,
        form: Iterable[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return a request's JSON, tried again a few times while it may help; raises the errors of `model.errors`."""
        if route.url.startswith(route.BASE):
            route.url = self._base + route.url.removeprefix(route.BASE)
        kwargs.setdefault("timeout", TIMEOUT)
        delays = iter(PATIENT_DELAYS if self._has_served else FIRST_DELAYS)
        while True:
            attempt = _Attempt(route.key, optional_snowflake(route.channel_id))
            outer = _attempt.set(attempt)
            try:
                reply = _as_json(await super().request(route, files=files, form=form, **kwargs))
            except Exception as error:
                failure = error
            else:
                self._has_served = True
                return reply
            finally:
                _attempt.reset(outer)
                self._reopen_after(attempt)
            delay = next(delays, None)
            if delay is None or not is_worth_retrying(failure):
                raise _cause(failure, attempt) from failure
            if attempt.retry_after is not None or attempt.status == 429:
                delay = max(delay, UNTOLD_WAIT_SECONDS if attempt.retry_after is None else attempt.retry_after)
                if delay > LONGEST_WAIT_SECONDS:
                    raise _cause(failure, attempt) from failure
            self.retries += 1
            self._tell("retry", f"{translated(failure, route.key)}; trying again", delay, attempt.channel_id)
            await self._sleep(delay)

    def _reopen_after(self, attempt: _Attempt) -> None:
        # discord.py leaves its global gate shut when the request that waits behind it is cancelled
        if attempt.cleared_global and not self._global_over.is_set():
            seconds = max(0.0, self._global_until - self.loop.time())
            self.loop.call_later(seconds, self._global_over.set)

    async def _on_start(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        await self._ceiling.take()
        self.requests += 1

    async def _on_end(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        attempt = _attempt.get()
        if attempt is None:
            return
        headers = params.response.headers
        attempt.status = params.response.status
        attempt.retry_after = None
        if attempt.status == 429:
            self.limited += 1
            attempt.retry_after = seconds = retry_after_of(headers)
            if "X-RateLimit-Global" in headers or headers.get("X-RateLimit-Scope") == "global":
                self._global_until = self.loop.time() + (seconds or 0.0)
            attempt.cleared_global = True
            self._tell("wait", "Discord's limit was met", seconds or 0.0, attempt.channel_id)
        elif attempt.status in RETRIED_BY_LIBRARY:
            self.retries += 1
            delay = 1.0 + 2 * attempt.replies
            self._tell("retry", f"Discord answered {attempt.status}; trying again", delay, attempt.channel_id)
        attempt.replies += 1

    def _tell_wait(self, seconds: float) -> None:
        attempt = _attempt.get()
        if seconds >= WORTH_TELLING_SECONDS:
            self._tell("wait", "Discord's limit", seconds, attempt.channel_id if attempt else None)

    def _tell(self, kind: Literal["wait", "retry"], what: str, seconds: float, channel_id: int | None) -> None:
        self._notify(ReaderEvent(kind, what, seconds, channel_id, self._now() + seconds))


def _as_json(reply: object) -> object:
    if not isinstance(reply, str):
        return reply
    try:
        return json.loads(reply)
    except ValueError:
        raise Garbled("not JSON") from None


def _cause(failure: Exception, attempt: _Attempt) -> Exception:
    if attempt.status == 429 and isinstance(failure, ValueError | LookupError | TypeError):
        return ServiceDown("Discord's limit asks for a pause", retry_after=attempt.retry_after)
    return translated(failure, attempt.what)
