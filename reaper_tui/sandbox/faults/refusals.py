"""Answers that either side gives instead of the one that was asked for, each in its own words."""

import json
import math
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reaper_tui.sandbox.faults.catalogue import DISCORD

_REASONS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}
_PADDING = "<!-- a padding to disable MSIE and Chrome friendly error page -->\n"
HTML_413_BYTES = 5 * 1024 * 1024


def server_error(status: int, side: str) -> web.Response:
    """Return a 5xx: from the API itself if it is 500, from the proxy before it otherwise."""
    if status == 500:
        body = {"message": "500: Internal Server Error", "code": 0}
        if side != DISCORD:
            body = {"code": "INTERNAL_SERVER_ERROR", "message": "Internal server error."}
        return _json(500, body)
    return html(status, f"{status} {_REASONS[status]}")


def unavailable(side: str) -> web.Response:
    """Return the answer of a load balancer with nothing behind it."""
    text = "Service Unavailable"
    if side == DISCORD:
        text = "upstream connect error or disconnect/reset before headers"
    return web.Response(status=503, text=text)


def html(status: int, title: str, size: int = 0) -> web.Response:
    """Return a proxy's page, padded to at least `size` bytes."""
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    page += _PADDING * (size // len(_PADDING) + 1) if size else ""
    return web.Response(status=status, text=page + "</body>\r\n</html>\r\n", content_type="text/html")


def too_many(
    side: str, limits: Mapping[str, str], retry_after: float | None, *, is_global: bool = False
) -> web.Response:
    """Return a 429 that names `retry_after`, or does not say how long to wait."""
    body: dict[str, Any] = {"message": "You are being rate limited.", "global": is_global}
    headers = {"X-RateLimit-Global": "true"} if is_global else dict(limits)
    if side != DISCORD:
        body = {"code": "RATE_LIMITED", "message": "You're being rate limited.", "global": is_global}
        headers = {"X-RateLimit-Global": "true" if is_global else "false"}
    else:
        headers |= {"X-RateLimit-Scope": "global" if is_global else "user", "Via": "1.1 google"}
    if retry_after is not None:
        body["retry_after"] = retry_after
        headers["Retry-After"] = str(math.ceil(retry_after) if side == DISCORD else retry_after)
    return _json(429, body, headers)


def unknown_token(side: str) -> web.Response:
    """Return the 401 for a token that nobody knows."""
    if side == DISCORD:
        return _json(401, {"message": "401: Unauthorized", "code": 0})
    return _json(401, {"code": "UNAUTHORIZED", "message": "Unauthorized."})


def missing_permission(side: str) -> web.Response:
    """Return the 403 for what the bot may not do."""
    if side == DISCORD:
        return _json(403, {"message": "Missing Access", "code": 50001})
    message = "You don't have the permissions required to perform this action."
    return _json(403, {"code": "MISSING_PERMISSIONS", "message": message})


def blocked_content() -> web.Response:
    """Return the 403 for a text that a filter refuses."""
    return _json(403, {"code": "CONTENT_BLOCKED", "message": "This content is blocked."})


def refused_embeds() -> web.Response:
    """Return the 400 for embeds that the schema refuses."""
    issue = {"path": "embeds", "message": "Invalid embed.", "code": "INVALID_FORMAT"}
    return _json(400, {"code": "INVALID_FORM_BODY", "message": "Invalid form body.", "errors": [issue]})


def locked_order(seconds: float) -> web.Response:
    """Return the 423 for a move while another one is under way."""
    body = {"code": "GENERAL_ERROR", "message": "This resource is locked."}
    return _json(423, body, {"Retry-After": f"{seconds:g}"})


def locked_message(seconds: float) -> web.Response:
    """Return the 429 for an edit while another one is under way."""
    body = {"code": "RESOURCE_LOCKED", "message": "This resource is locked."}
    return _json(429, body, {"Retry-After": f"{seconds:g}"})


def overloaded(seconds: float, *, has_code: bool) -> web.Response:
    """Return the 503 of an API process with too many requests in flight."""
    body = {"message": "Server is at capacity. Please try again later."}
    body = {"code": "SERVICE_UNAVAILABLE", "message": "Service unavailable."} if has_code else body
    return _json(503, body, {"Retry-After": f"{seconds:g}"})


def banned_address() -> web.Response:
    """Return the 403 for an address that misbehaved."""
    return _json(
        403,
        {
            "code": "GLOBAL_IP_TEMPORARILY_BANNED",
            "message": "Your IP address has been temporarily banned.",
            "ip_address": "127.0.0.1",
            "appeal_email": "appeals@fluxer.invalid",
            "appeals_supported": True,
            "ban_kind": "temporary_24h",
            "expires_at": "2027-01-01T00:00:00.000Z",
        },
    )


def disabled_feature() -> web.Response:
    """Return the 403 for what the operator has switched off."""
    message = "This feature has been temporarily disabled."
    return _json(403, {"code": "FEATURE_TEMPORARILY_DISABLED", "message": message})


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers or {}
    )
