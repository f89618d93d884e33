"""Which addresses a link from a message may reach: the public internet, and the source's own CDN."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import cast
from urllib.parse import urlsplit

import httpcore

from reaper_tui.model.errors import FileUnavailable

PORTS = {"http": 80, "https": 443}
Place = tuple[str, int]


def place_of(url: str) -> Place | None:
    """Return host and port of a web address, None for anything else or one that carries a name and password."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.hostname, port


def is_public(address: str) -> bool:
    """Return whether an IP address is on the public internet, also when it is wrapped in an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to permitted addresses; it checks what it connects to, not what a name promised before."""

    def __init__(self, trusted: frozenset[Place], *, allow_private: bool) -> None:
        self._trusted = trusted
        self._allow_private = allow_private
        self._inner = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first permitted address that answers."""
        failure: Exception = httpcore.ConnectError("no address")
        for address in await self._permitted(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no link reaches a local socket."""
        raise FileUnavailable("address not allowed")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)

    async def _permitted(self, host: str, port: int) -> list[str]:
        try:
            rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError("unknown host") from error
        addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
        if self._allow_private or (host, port) in self._trusted:
            return addresses
        if not all(is_public(address) for address in addresses):
            raise FileUnavailable("address not allowed")
        return addresses
