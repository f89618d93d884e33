"""Which addresses a link from a message may reach: the public internet, and the source's own CDN."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from reaper_tui.model.errors import FileUnavailable

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
# All that was given out of IPv6 lies in here; site-local, translated and mapped forms of private places do not.
_UNICAST = ipaddress.ip_network("2000::/3")
_DOCUMENTATION = ipaddress.ip_network("3fff::/20")
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
        if inner is None and found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found not in _UNICAST or found in _DOCUMENTATION:
            return False
    return found.is_global and not found.is_multicast


class GuardedResolver(AbstractResolver):
    """Resolves names to permitted addresses only: what is connected to is what was checked.

    An address written out in a link never comes here: `refuse_forbidden` looks at those.
    """

    def __init__(self, trusted: frozenset[Place], *, allow_private: bool) -> None:
        self._trusted = trusted
        self._allow_private = allow_private

    def refuse_forbidden(self, host: str, port: int) -> None:
        """Raise FileUnavailable for a host that is an address, in whatever writing, and not a permitted one."""
        if not self._is_free(host, port) and _is_address(host) and not is_public(host):
            raise FileUnavailable("address not allowed")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a name leads; raise OSError when that is nowhere, FileUnavailable when it may not be reached."""
        rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        found = {str(row[4][0]): row for row in rows}
        if not self._is_free(host, port) and not all(is_public(address) for address in found):
            raise FileUnavailable("address not allowed")
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=row[0], proto=row[2], flags=socket.AI_NUMERICHOST
            )
            for address, row in found.items()
        ]

    async def close(self) -> None:
        """Nothing is held."""

    def _is_free(self, host: str, port: int) -> bool:
        return self._allow_private or (host, port) in self._trusted


def _is_address(host: str) -> bool:
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or last.isdigit() or last.lower().startswith("0x")
