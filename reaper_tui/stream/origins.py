"""Which web pages may use the service: a browser tells where a page comes from, on WebSockets too."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit


class Origins:
    """Pages that are allowed: listed ones, and the service's own.

    A page counts as own when its host is the one the request names. A name that an attacker pointed at this machine
    would pass that as well, so names other than localhost have to be listed unless `is_public`.
    """

    def __init__(self, allowed: Iterable[str], *, is_public: bool) -> None:
        self._allowed = {origin.rstrip("/").lower() for origin in allowed}
        self._is_public = is_public

    def allows(self, scope: Mapping[str, Any]) -> bool:
        """Return whether a request may be answered; one without an origin comes from no page."""
        origin = header(scope, b"origin")
        if origin is None:
            return True
        origin = origin.rstrip("/").lower()
        if "*" in self._allowed or origin in self._allowed:
            return True
        host = (header(scope, b"host") or "").lower()
        try:
            parts = urlsplit(origin)
            return bool(host) and parts.netloc == host and (self._is_public or _is_own_name(parts.hostname or ""))
        except ValueError:
            return False


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    """Return a request's header."""
    for found, value in scope["headers"]:
        if found == name:
            return value.decode("latin-1")
    return None


def _is_own_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
