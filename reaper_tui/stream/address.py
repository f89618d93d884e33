"""Who a request comes from, also behind proxies that are trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from reaper_tui.model.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks of trusted proxies; raise ConfigurationError for what is none."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise ConfigurationError(
                f"TRUSTED_PROXIES: {text!r} is no address or network", "write it as 10.0.0.0/8 or 192.0.2.7"
            ) from None
    return tuple(found)


def client_address(scope: Mapping[str, Any], trusted: tuple[Network, ...]) -> str:
    """Return the address a request came from: the nearest one that no trusted proxy vouches for."""
    client = scope.get("client")
    address = client[0] if client else ""
    if not trusted or not _is_in(address, trusted):
        return address
    chain: list[str] = []
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            chain += [part.strip() for part in value.decode("latin-1").split(",")]
    for hop in reversed(chain):
        bare = hop.strip("[]")
        if not _is_address(bare):
            break
        address = bare
        if not _is_in(bare, trusted):
            break
    return address


def limit_key(address: str) -> str:
    """Return what limits are counted by: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host to listen on."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    if not _is_address(address):
        return False
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)
