"""Where an instance's servers are, as it says itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec

from reaper_tui.model.errors import ConfigurationError, ServiceDown
from reaper_tui.writer.client import CONNECT_SECONDS, USER_AGENT

WELL_KNOWN = "/.well-known/fluxer"
DOCUMENT_BYTES = 1024 * 1024
SECONDS = 20.0
_HOSTED = {"fluxer.app": "https://api.fluxer.app/v1", "web.fluxer.app": "https://api.fluxer.app/v1"}


class _Unreachable(ServiceDown):
    """Nobody answers at all."""


class Instance(msgspec.Struct, frozen=True):
    """An instance's addresses and what its document says of limits; `rules` are as it sent them."""

    api_base: str
    gateway: str = ""
    media: str = ""
    link_base: str = ""
    is_self_hosted: bool = False
    takes_presigned_uploads: bool = False
    rules: tuple[Mapping[str, Any], ...] = ()


async def discover(instance: str, *, api_base: str = "", gateway: str = "", media: str = "") -> Instance:
    """Return an instance's addresses; those given win over those found.

    Raises ServiceDown when it cannot be reached, ConfigurationError when no API can be found there.
    """
    base = _address(instance)
    document: Mapping[str, Any] = {}
    failure: ServiceDown | None = None
    for address in _candidates(base, api_base.rstrip("/")):
        try:
            found = await _document(address)
        except _Unreachable as error:
            if api_base:
                raise
            failure = failure or error
            continue
        except ServiceDown as error:
            failure = failure or error
            continue
        if found is not None:
            document = found
            break
    endpoints = _mapping(document.get("endpoints"))
    chosen = api_base.rstrip("/") or _api_base(endpoints, base)
    if not chosen:
        if failure is not None:
            raise failure
        raise ConfigurationError(f"{base} is no Fluxer instance", "check fluxer.instance, or set fluxer.api_base")
    own_origin = api_base.rstrip("/").removesuffix("/v1").removesuffix("/api") if api_base else base
    limits = _mapping(document.get("limits"))
    features = _mapping(document.get("features"))
    return Instance(
        api_base=chosen,
        gateway=gateway or _text(endpoints.get("gateway")),
        media=(media or _text(endpoints.get("media"))).rstrip("/"),
        link_base=(_text(endpoints.get("webapp")) or _text(endpoints.get("marketing")) or own_origin).rstrip("/"),
        is_self_hosted=features.get("self_hosted") is True,
        takes_presigned_uploads=features.get("presigned_attachment_uploads") is True,
        rules=tuple(_mapping(rule) for rule in _items(limits.get("rules"))),
    )


def _address(instance: str) -> str:
    address = instance.strip().rstrip("/")
    return address if "://" in address or not address else f"https://{address}"


def _candidates(base: str, api_base: str) -> list[str]:
    """An API address of the user's own choosing is never mixed with another host's document."""
    if not api_base:
        return [f"{base}{WELL_KNOWN}", f"{base}/api{WELL_KNOWN}"]
    parts = urlsplit(api_base)
    origin = f"{parts.scheme}://{parts.netloc}"
    return [f"{origin}{WELL_KNOWN}", f"{api_base.removesuffix('/v1')}{WELL_KNOWN}"]


def _api_base(endpoints: Mapping[str, Any], base: str) -> str:
    found = (_text(endpoints.get("api_public")) or _text(endpoints.get("api"))).rstrip("/")
    if not found:
        return _HOSTED.get(urlsplit(base).hostname or "", "")
    if urlsplit(found).scheme not in ("http", "https"):
        raise ConfigurationError(f"{base} names an API address that is none", "set fluxer.api_base")
    if base.startswith("https://") and not found.startswith("https://"):
        raise ConfigurationError(f"{base} names an unencrypted API address", "set fluxer.api_base to an https one")
    return found if found.endswith("/v1") else f"{found}/v1"


async def _document(address: str) -> Mapping[str, Any] | None:
    timeout = aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS)
    down: ServiceDown | None = None
    try:
        async with (
            aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}, timeout=timeout) as session,
            session.get(address, max_redirects=3) as response,
        ):
            if response.status >= 500 or response.status == 429:
                raise ServiceDown(f"{urlsplit(address).hostname} answers with {response.status}")
            if response.status != 200:
                return None
            raw = b""
            async for chunk in response.content.iter_chunked(65_536):
                raw += chunk
                if len(raw) > DOCUMENT_BYTES:
                    return None
        return _mapping(msgspec.json.decode(raw)) or None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        down = _Unreachable(f"{urlsplit(address).hostname} cannot be reached", "check the network and fluxer.instance")
    raise down


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
