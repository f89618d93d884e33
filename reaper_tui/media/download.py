"""Downloads in chunks: redirects bounded, cut ones resumed where they broke off."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import httpx
from yarl import URL

from reaper_tui import __version__
from reaper_tui.media.guard import GuardedResolver, Place, place_of
from reaper_tui.model.errors import FileUnavailable, SentTooSlowly, ServiceDown

SOURCE_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
TRIES = 4
BACK_OFF = (0.5, 1.0, 2.0)
LONGEST_RETRY_AFTER = 60.0
REDIRECTS = 3
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=30.0)
CONNECTIONS = 16
KEEPALIVE_SECONDS = 5.0
READ_BYTES = 1 << 18
REDIRECTED = frozenset({301, 302, 303, 307, 308})
# Longer than any silence may last: what runs out of it sends, but nothing of a file.
PATIENCE = 60.0
SLOW_AFTER = 60.0
SLOW_TRIES = 2
SLOW_BYTES_PER_SECOND = 4096
CUT = "it breaks off"
# What is written as the standard wants goes out as it is: a signature may cover every sign.
_WRITTEN_OUT = re.compile(r"[!-~]+")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]*/([0-9]{1,18}|\*)")


class Sink(Protocol):
    """Takes the bytes of one download; `validator` is what a resumption must match, `restart` begins anew."""

    received: int
    validator: str

    async def write(self, chunk: bytes) -> None: ...
    async def restart(self) -> None: ...


class _Broken(Exception):
    """A try that failed for a passing reason; `retry_after` when the server named one."""

    def __init__(self, cause: str, retry_after: float = 0.0) -> None:
        super().__init__(cause)
        self.retry_after = retry_after


class _TooShort(_Broken):
    """The server ended the file before its declared size."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched: never more than `limit` bytes, exactly `declared` ones when that is known."""

    url: str
    limit: int
    declared: int | None = None


class Downloader:
    """Fetches files of the source and of strangers; nobody ever gets a token or a cookie."""

    def __init__(
        self, *, cdn: str, allow_private: bool, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        place = place_of(cdn)
        trusted: frozenset[Place] = frozenset({place} if place is not None else ())
        # Where another place stands in for Discord's, Discord itself is a stranger.
        self._source_hosts = frozenset(host for host, _ in trusted) or SOURCE_HOSTS
        self._clock = clock
        self._sleep = sleep
        self._resolver = GuardedResolver(trusted, allow_private=allow_private)
        self._session: aiohttp.ClientSession | None = None
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def download(self, wanted: Wanted, sink: Sink) -> None:
        """Bring a file to a sink; raise FileUnavailable (gone, too large, wrong size, too slow) or ServiceDown."""
        failure = _Broken("")
        slow_tries = 0
        for attempt in range(TRIES):
            if attempt:
                await self._sleep(max(BACK_OFF[attempt - 1], min(failure.retry_after, LONGEST_RETRY_AFTER)))
            try:
                await self._follow(wanted, sink)
            except SentTooSlowly:
                slow_tries += 1
                if slow_tries == SLOW_TRIES:
                    raise
                continue
            except _Broken as broken:
                failure = broken
                continue
            return
        if isinstance(failure, _TooShort):
            raise FileUnavailable("wrong size")
        host = urlsplit(wanted.url).hostname or ""
        if host in self._source_hosts:
            raise ServiceDown(f"{host} does not give its files: {failure}", retry_after=failure.retry_after or None)
        raise FileUnavailable("unreachable")

    async def _follow(self, wanted: Wanted, sink: Sink) -> None:
        url = wanted.url
        for _ in range(REDIRECTS + 1):
            if place_of(url) is None:
                raise FileUnavailable("no web address")
            try:
                location = await self._try(url, wanted, sink)
            except (aiohttp.InvalidURL, UnicodeError):
                # Some names only fail where they are looked up.
                raise FileUnavailable("no web address") from None
            except TimeoutError:
                raise _Broken("no answer in time") from None
            except (aiohttp.ClientError, ConnectionError) as error:
                raise _Broken(CUT if sink.received else _words(error)) from None
            if not location:
                return
            url = _joined(url, location)
        raise FileUnavailable("redirected too often")

    async def _try(self, url: str, wanted: Wanted, sink: Sink) -> str:
        headers: dict[str, str] = {}
        if sink.received and sink.validator:
            headers = {"Range": f"bytes={sink.received}-", "If-Range": sink.validator}
        elif sink.received:
            await sink.restart()
        address = _address(url)
        self._resolver.refuse_forbidden(address.raw_host or "", address.port or 0)
        async with (
            self._free,
            asyncio.timeout(PATIENCE) as patience,
            self._opened().get(address, headers=headers, allow_redirects=False) as response,
        ):
            if response.status in REDIRECTED and (location := response.headers.get("location")):
                return location
            if response.status not in (200, 206):
                await self._explain(url, response, sink)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FileUnavailable("sent compressed")
            total = await self._begin(response, wanted, sink)
            await self._receive(response, wanted, sink, patience)
        if wanted.declared is not None and sink.received != wanted.declared:
            raise _TooShort(CUT)
        if total is not None and sink.received != total:
            raise _Broken(CUT)
        return ""

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    keepalive_timeout=KEEPALIVE_SECONDS,
                    resolver=self._resolver,
                    use_dns_cache=False,
                    ssl=httpx.create_ssl_context(),
                ),
                headers={"User-Agent": f"reaper-tui/{__version__}", "Accept-Encoding": "identity"},
                timeout=TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=READ_BYTES,
            )
        return self._session

    async def _explain(self, url: str, response: aiohttp.ClientResponse, sink: Sink) -> None:
        status = response.status
        if status in (401, 403):
            raise FileUnavailable("expired")
        if status in (404, 410):
            raise FileUnavailable("expired" if _is_past(url) else "gone")
        if status == 416:
            await sink.restart()
            raise _Broken(CUT)
        if status in (408, 425, 429) or status >= 500:
            raise _Broken(f"status {status}", _seconds(response.headers.get("retry-after", "")))
        raise FileUnavailable(f"refused with {status}")

    async def _begin(self, response: aiohttp.ClientResponse, wanted: Wanted, sink: Sink) -> int | None:
        """Return how large the whole file is, as far as a part of it tells."""
        whole: int | None = None
        if response.status == 206:
            found = _RANGE.fullmatch(response.headers.get("content-range", ""))
            if found is None or int(found[1]) != sink.received:
                await sink.restart()
                raise _Broken(CUT)
            whole = None if found[2] == "*" else int(found[2])
        elif sink.received:
            await sink.restart()
        if response.status == 200:
            etag = response.headers.get("etag", "")
            sink.validator = etag if etag and not etag.startswith("W/") else response.headers.get("last-modified", "")
        length = response.headers.get("content-length", "")
        total = whole
        if total is None and length.isdecimal():
            total = sink.received + int(length)
        if total is not None and total > wanted.limit:
            raise FileUnavailable("too large")
        if total is not None and wanted.declared is not None and total != wanted.declared:
            raise FileUnavailable("wrong size")
        return whole

    async def _receive(
        self, response: aiohttp.ClientResponse, wanted: Wanted, sink: Sink, patience: asyncio.Timeout
    ) -> None:
        mark, counted = self._clock(), sink.received
        loop = asyncio.get_running_loop()
        patience.reschedule(loop.time() + PATIENCE)
        async for chunk in response.content.iter_any():
            patience.reschedule(loop.time() + PATIENCE)
            if sink.received + len(chunk) > wanted.limit:
                raise FileUnavailable("too large")
            if wanted.declared is not None and sink.received + len(chunk) > wanted.declared:
                raise FileUnavailable("wrong size")
            await sink.write(chunk)
            now = self._clock()
            if now - mark >= SLOW_AFTER:
                if sink.received - counted < SLOW_BYTES_PER_SECOND * (now - mark):
                    raise SentTooSlowly
                mark, counted = now, sink.received


def _address(url: str) -> URL:
    try:
        return URL(url, encoded=_WRITTEN_OUT.fullmatch(url) is not None)
    except ValueError:
        raise FileUnavailable("no web address") from None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise FileUnavailable("no web address") from None


def _is_past(url: str) -> bool:
    """Return whether a signed link of the source says that its time is over."""
    expires = parse_qs(urlsplit(url).query).get("ex", [""])[0]
    try:
        return int(expires, 16) < time.time() if expires else False
    except ValueError:
        return False


def _seconds(value: str) -> float:
    try:
        return max(0.0, float(value))
    except ValueError:
        return 0.0


def _words(error: Exception) -> str:
    is_unreached = isinstance(error, aiohttp.ClientConnectorError)
    return "it cannot be reached" if is_unreached else "the connection was cut"
