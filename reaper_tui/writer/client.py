"""fluxer.py's HTTP client with a request of our own: paced, cancel-safe, streaming, and never posting twice blindly."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, suppress
from statistics import median
from typing import Any, NoReturn
from urllib.parse import urlencode

import aiohttp
import msgspec
from fluxer.http import HTTPClient, Route  # pyright: ignore[reportMissingTypeStubs]

from reaper_tui import __version__
from reaper_tui.model.errors import NotFound, OutcomeUnknown, Refused, ServiceDown
from reaper_tui.profile.secrets import Secret
from reaper_tui.writer.buckets import Allowance, allowance_for, bucket_key
from reaper_tui.writer.errors import Answer, error_of, quieten_library, unknown_outcome
from reaper_tui.writer.events import Notify, WriterEvent
from reaper_tui.writer.limiter import Clock, Limiter, Sleep, Ticket, quota_of

USER_AGENT = f"reaper-tui/{__version__}"
CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
# So long a request waits for a connection, and an upload for a byte to move: every chunk pushes it on.
STALL_SECONDS = 120.0
# Fluxer closes idle connections after five seconds; a post on a dying one has an unknown outcome.
KEEPALIVE_SECONDS = 4.0
HEADERS_OF_NOW = frozenset({"x-fluxer-version", "x-ratelimit-bucket", "x-ratelimit-reset-after"})
ATTEMPTS = 4
ANSWERS = 32
BACK_OFF = (0.5, 1.0, 2.0)
LOCK_ATTEMPTS = 30
LONGEST_UNNAMED_WAIT = 5.0
SHORTEST_WAIT = 0.02
ERROR_BODY_BYTES = 65_536

Body = Callable[[ExitStack, Callable[[], None]], Awaitable[aiohttp.FormData]]


class Call(msgspec.Struct, frozen=True):
    """One request in the target's terms; `doing` and `permission` are for error lines."""

    method: str
    path: str
    ids: Mapping[str, int | str] = {}
    json: Any = None
    body: Body | None = None
    query: Mapping[str, str] = {}
    doing: str = ""
    permission: str = ""
    channel_id: int | None = None
    is_authorised: bool = True
    is_send: bool = False


class _Broken(msgspec.Struct, frozen=True):
    """A request that got no answer: why, and whether it may have arrived."""

    cause: str
    has_begun: bool


class FluxerClient(HTTPClient):
    """Talks to one instance's API; all endpoint methods of the library go through `request`."""

    def __init__(
        self, token: Secret, *, api_base: str, scale: float, notify: Notify, clock: Clock, sleep: Sleep
    ) -> None:
        super().__init__(token.reveal(), api_url=api_base)
        quieten_library()
        self._notify = notify
        self._sleep = sleep
        self._scale = scale
        self._limiter = Limiter(clock=clock, sleep=sleep, scale=scale, waiting=self._report_wait)
        self._waiting_in: dict[str, int] = {}
        self._clock = clock
        self._answered_in: deque[float] = deque(maxlen=ANSWERS)
        self.channel_names: dict[int, str] = {}
        self.requests = 0
        self.status_429 = 0
        self.retries = 0
        self.telling_headers: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"FluxerClient({self.api_url!r})"

    @property
    def answer_seconds(self) -> float:
        """Return how long the server took for its latest answers to reading requests, the median of them."""
        return median(self._answered_in) if self._answered_in else 0.0

    @property
    def limit_wait_seconds(self) -> float:
        """Return how long requests waited for limits, summed up."""
        return self._limiter.wait_seconds

    async def request(
        self,
        route: Route,
        *,
        json: Any = None,
        data: aiohttp.FormData | None = None,
        params: dict[str, Any] | None = None,
        reason: str | None = None,
        max_retries: int | None = None,
        retry_forever: bool | None = None,
    ) -> Any:
        """Make one of the library's requests; forms with files go through `perform`."""
        if data is not None:
            raise TypeError("a form cannot be sent twice: use perform with a body")
        query = {name: str(value) for name, value in (params or {}).items() if value is not None}
        return await self.perform(Call(route.method, route.path, route.params, json=json, query=query))

    async def perform(self, call: Call) -> Any:
        """Carry a call out and return its JSON; raise the errors of `model.errors`."""
        allowance = allowance_for(call.method, call.path)
        key = bucket_key(allowance, call.path, call.ids)
        failures = locks = unnamed = 0
        while True:
            if call.channel_id is not None:
                self._waiting_in[key] = call.channel_id
            ticket = await self._limiter.acquire(key, allowance)
            outcome = await self._attempt(call, ticket)
            if isinstance(outcome, _Broken):
                self._report(call, allowance, key, None)
                if call.method == "POST" or failures + 1 >= ATTEMPTS:
                    self._give_up(call, outcome)
                failures += 1
                await self._back_off(call, allowance, key, BACK_OFF[failures - 1], None)
                continue
            self._report(call, allowance, key, outcome.status if isinstance(outcome, Answer) else 200)
            if not isinstance(outcome, Answer):
                return outcome.value
            if outcome.status == 429:
                self.status_429 += 1
                unnamed = 0 if outcome.retry_after is not None else unnamed + 1
                self._limiter.refuse(ticket, self._pause(outcome, unnamed), is_global=outcome.is_global)
                continue
            if (outcome.status == 423 or outcome.code == "SLOWMODE_RATE_LIMITED") and locks < LOCK_ATTEMPTS:
                locks += 1
                await self._back_off(call, allowance, key, min(outcome.retry_after or 2.0, 30.0), outcome.status)
                continue
            if outcome.status >= 500 and call.method != "POST" and failures + 1 < ATTEMPTS:
                failures += 1
                pause = min(max(BACK_OFF[failures - 1], outcome.retry_after or 0.0), READ_SECONDS)
                await self._back_off(call, allowance, key, pause, outcome.status)
                continue
            if outcome.status >= 500 and call.method == "POST" and not outcome.is_capacity:
                raise unknown_outcome(outcome, call.doing)
            raise error_of(outcome, doing=call.doing, permission=call.permission, is_send=call.is_send)

    async def perform_if_known(self, call: Call) -> Any:
        """Carry a call out; return None where the instance has no such route or does not take it."""
        try:
            return await self.perform(call)
        except (NotFound, Refused):
            return None

    def delay(self, method: str, path: str, ids: Mapping[str, int | str]) -> float:
        """Return in how many seconds such a request would go."""
        allowance = allowance_for(method, path)
        return self._limiter.delay(bucket_key(allowance, path, ids), allowance)

    async def _ensure_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                headers={"User-Agent": USER_AGENT, "Accept-Language": "en-US"},
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=STALL_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
                ),
                connector=aiohttp.TCPConnector(limit=128, keepalive_timeout=KEEPALIVE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _attempt(self, call: Call, ticket: Ticket) -> _Success | Answer | _Broken:
        self.requests += 1
        broken: _Broken | None = None
        headers: Mapping[str, str] = {}
        is_refused = False
        try:
            if call.body is None:
                outcome, headers = await self._exchange(call, None)
            else:
                outcome, headers = await self._upload(call, call.body)
            is_refused = isinstance(outcome, Answer) and outcome.status == 429
            return outcome
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            broken = _Broken(_words(error), has_begun=False)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            broken = _Broken(_words(error), has_begun=True)
        finally:
            if not is_refused:
                self._limiter.settle(ticket, quota_of(headers))
        return broken

    async def _upload(self, call: Call, body: Body) -> tuple[_Success | Answer, Mapping[str, str]]:
        async with asyncio.timeout(STALL_SECONDS) as patience:
            loop = asyncio.get_running_loop()

            def progressed() -> None:
                loop.call_soon_threadsafe(_extend, patience, loop.time() + STALL_SECONDS)

            with ExitStack() as files:
                return await self._exchange(call, await body(files, progressed), patience)

    async def _exchange(
        self, call: Call, data: aiohttp.FormData | None, patience: asyncio.Timeout | None = None
    ) -> tuple[_Success | Answer, Mapping[str, str]]:
        session = await self._ensure_session()
        headers: dict[str, str] = {}
        if call.is_authorised:
            headers["Authorization"] = f"Bot {self.token}"
        content: Any = data
        if data is None and call.json is not None:
            headers["Content-Type"] = "application/json"
            content = encoded(call.json)
        asked_at = self._clock()
        async with session.request(
            call.method, self._url(call), data=content, headers=headers, allow_redirects=False
        ) as response:
            if patience is not None:
                patience.reschedule(None)
            if call.method == "GET":
                self._answered_in.append(self._clock() - asked_at)
            if call.is_authorised and self.telling_headers < HEADERS_OF_NOW:
                self.telling_headers |= {name for name in HEADERS_OF_NOW if name in response.headers}
            if not 200 <= response.status < 300:
                raw = await _start_of_body(response)
                return _answer(response.status, response.headers, raw), response.headers
            return _success(await response.read()), response.headers

    def _url(self, call: Call) -> str:
        path = call.path.format_map(call.ids)
        return f"{self.api_url}{path}?{urlencode(call.query)}" if call.query else f"{self.api_url}{path}"

    def _pause(self, answer: Answer, unnamed: int) -> float:
        if answer.retry_after is not None:
            return max(answer.retry_after, SHORTEST_WAIT)
        return min(2.0 ** (unnamed - 1), LONGEST_UNNAMED_WAIT) / self._scale

    async def _back_off(self, call: Call, allowance: Allowance, key: str, seconds: float, status: int | None) -> None:
        self.retries += 1
        self._notify(WriterEvent("retry", call.doing or allowance.words, seconds, key, call.channel_id, status))
        await self._sleep(seconds)

    def _give_up(self, call: Call, broken: _Broken) -> NoReturn:
        doing = f" ({call.doing})" if call.doing else ""
        if broken.has_begun and call.method == "POST":
            raise OutcomeUnknown(f"The answer was lost: {broken.cause}{doing}")
        raise ServiceDown(f"Fluxer cannot be reached: {broken.cause}{doing}", "check the network; it is tried again")

    def _report(self, call: Call, allowance: Allowance, key: str, status: int | None) -> None:
        self._notify(WriterEvent("request", call.doing or allowance.name, 0.0, key, call.channel_id, status))

    def _report_wait(self, key: str, allowance: Allowance, seconds: float) -> None:
        channel_id = self._waiting_in.get(key)
        name = self.channel_names.get(channel_id, "") if channel_id is not None else ""
        words = f"{allowance.words} in #{name}" if name else allowance.words
        self._notify(WriterEvent("wait", words, seconds, key, channel_id))


class _Success(msgspec.Struct, frozen=True):
    value: Any


def encoded(value: Any) -> bytes:
    """Return JSON; characters that cannot be sent become U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_sendable(value))


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sendable(name): _sendable(kept) for name, kept in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [_sendable(kept) for kept in value]  # pyright: ignore[reportUnknownVariableType]
    return value


async def _start_of_body(response: aiohttp.ClientResponse) -> bytes:
    raw = b""
    try:
        while len(raw) < ERROR_BODY_BYTES and (chunk := await response.content.read(ERROR_BODY_BYTES)):
            raw += chunk
    except (aiohttp.ClientError, TimeoutError, ConnectionError):
        return raw
    return raw


def _success(raw: bytes) -> _Success:
    if not raw:
        return _Success(None)
    try:
        return _Success(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise aiohttp.ClientPayloadError("the answer is unreadable") from None


def _answer(status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    try:
        return Answer(status, dict(headers), msgspec.json.decode(raw), True)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Answer(status, dict(headers), None, False)


def _extend(patience: asyncio.Timeout, until: float) -> None:
    # The call may come from another thread and find the request over.
    with suppress(RuntimeError):
        patience.reschedule(until)


def _words(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientSSLError():
            return "the encrypted connection fails"
        case aiohttp.ConnectionTimeoutError():
            return "connecting takes too long"
        case aiohttp.ClientConnectorError():
            return error.os_error.strerror or "no connection" if error.os_error else "no connection"
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientPayloadError():
            return "the answer is unreadable"
        case _:
            return "the connection was cut"
