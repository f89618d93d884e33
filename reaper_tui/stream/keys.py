"""API keys: how a client shows one, and whether it is right."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.refusals import Refusal

SUBPROTOCOL = "reaper.v1"
_KEY_PROTOCOL = "key."


class Keys:
    """The keys that are valid; compared in a time that tells nothing about them."""

    def __init__(self, keys: Iterable[Secret]) -> None:
        self._digests = tuple(_digest(key.reveal()) for key in keys if key)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def check(self, scope: Mapping[str, Any], *, is_needed: bool) -> None:
        """Raise Refusal for a wrong key, and for none when one is needed."""
        if is_needed and not self._digests:
            raise Refusal(403, "no_key", "the service has no API key: set API_KEY to open this")
        shown = shown_key(scope)
        if shown is None:
            if is_needed:
                raise Refusal(401, "key_missing", "an API key is needed: send it as X-API-Key or as a Bearer token")
            return
        digest = _digest(shown)
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        if self._digests and not any(matches):
            raise Refusal(401, "key_wrong", "the API key is wrong")


def shown_key(scope: Mapping[str, Any]) -> str | None:
    """Return the key a request carries: header, Bearer token, WebSocket subprotocol `key.BASE64URL`, or `api_key`."""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return value.decode("latin-1")
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip().decode("latin-1")
    for offered in scope.get("subprotocols", ()):
        if offered.startswith(_KEY_PROTOCOL):
            return _decoded(offered.removeprefix(_KEY_PROTOCOL))
    found = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("api_key")
    return found[0] if found else None


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
