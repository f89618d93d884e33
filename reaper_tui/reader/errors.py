"""Failures of discord.py and aiohttp to the causes a user can act on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import aiohttp
from discord.errors import DiscordServerError, Forbidden, HTTPException, RateLimited
from discord.errors import NotFound as DiscordNotFound

from reaper_tui.model.errors import AccessDenied, CloneError, ConfigurationError, NotFound, Refused, ServiceDown

RETRIED_BY_LIBRARY = frozenset({500, 502, 504, 524})
UNTOLD_BAN_SECONDS = 300.0
_LINE = 200
_BEYOND_RETRYING = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, aiohttp.InvalidURL)


class Garbled(ValueError):
    """A reply that is not the JSON it should be."""


def translated(error: Exception, what: str) -> CloneError:
    """Return a failed request's cause in the model's terms."""
    if isinstance(error, CloneError):
        return error
    if isinstance(error, RateLimited):
        return ServiceDown("Discord's limit asks for a long pause", retry_after=error.retry_after)
    if isinstance(error, HTTPException):
        return _from_status(error, what)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return ServiceDown("Discord's certificate is not accepted", "check this machine's clock and the proxy")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ServiceDown("Discord's address cannot be resolved", "check the network and the DNS")
    if isinstance(error, aiohttp.ClientConnectorError):
        return ServiceDown("Discord cannot be reached", "check the network, a proxy or firewall")
    if isinstance(error, TimeoutError):
        return ServiceDown("Discord does not answer in time")
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigurationError("Discord's address is not usable", "check discord.api_base in the profile")
    if isinstance(error, aiohttp.ClientError | OSError):
        return ServiceDown("The connection to Discord broke off")
    return ServiceDown(f"Discord sent something unreadable to {what}")


def is_worth_retrying(error: Exception) -> bool:
    """Return whether the same request may well succeed in a moment."""
    if isinstance(error, DiscordServerError):
        return error.status not in RETRIED_BY_LIBRARY
    if isinstance(
        error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | aiohttp.InvalidURL
    ):
        return False
    return isinstance(error, aiohttp.ClientError | OSError | ValueError | LookupError | TypeError)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a reply asks to wait, the finest header first; None when it says nothing."""
    for name in ("X-RateLimit-Reset-After", "Retry-After"):
        try:
            seconds = float(headers[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None


def _from_status(error: HTTPException, what: str) -> CloneError:
    said = " ".join(error.text.split())[:_LINE] if not error.text.lstrip().startswith("<") else "a web page"
    detail = f"{said} (code {error.code})" if error.code else said or f"status {error.status}"
    if error.status == 401:
        return AccessDenied("Discord refused the bot token", "copy it again from the Developer Portal, page Bot")
    if error.status == 429:
        seconds = retry_after_of(error.response.headers)
        return ServiceDown(
            "Discord blocks this address for too many requests",
            retry_after=UNTOLD_BAN_SECONDS if seconds is None else seconds,
        )
    if isinstance(error, Forbidden):
        mend = "give the bot View Channels and Read Message History" if error.code in (0, 50001, 50013) else ""
        return AccessDenied(f"Discord denies {what}: {detail}", mend, ends_run=False)
    if isinstance(error, DiscordNotFound):
        return NotFound(f"Discord does not know what {what} asks for: {detail}")
    if error.status >= 500:
        return ServiceDown(
            f"Discord is out of order (status {error.status})", retry_after=retry_after_of(error.response.headers)
        )
    return Refused(f"Discord declines {what}: {detail}", status=error.status, code=str(error.code or ""))
