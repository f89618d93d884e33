"""How each generation tells a client about its limits."""

from __future__ import annotations

import math
from collections.abc import MutableMapping

from .buckets import Verdict
from .errors import ApiError

RESET_HEADER = "X-RateLimit-Reset"


def tell_limits(headers: MutableMapping[str, str], verdict: Verdict, *, is_precise: bool) -> None:
    """Add what is left of a bucket."""
    headers["X-RateLimit-Limit"] = str(verdict.limit)
    headers["X-RateLimit-Remaining"] = str(verdict.remaining)
    headers[RESET_HEADER] = str(int(verdict.reset_at))
    if is_precise:
        headers[RESET_HEADER] = str(max(math.ceil(verdict.reset_at), int(verdict.reset_at - verdict.reset_after) + 1))
        headers["X-RateLimit-Reset-After"] = f"{verdict.reset_after:.3f}".rstrip("0").rstrip(".")
        headers["X-RateLimit-Bucket"] = verdict.bucket


def too_many(verdict: Verdict, speed: float, *, is_precise: bool) -> tuple[ApiError, dict[str, str]]:
    """The 429 and its headers; older servers speak in whole seconds of their own clock."""
    seconds: int | float = verdict.retry_after
    if not is_precise:
        seconds = int(seconds) if speed == 1 else round(seconds, 6)
    error = ApiError(
        429,
        "RATE_LIMITED",
        "You're being rate limited.",
        **{"global": verdict.is_global, "retry_after": seconds},
    )
    if not is_precise:
        headers = {"Retry-After": str(seconds), "X-RateLimit-Global": "true" if verdict.is_global else "false"}
        tell_limits(headers, verdict, is_precise=False)
        return error, headers
    whole = max(1, math.ceil(verdict.retry_after * speed)) / speed
    headers = {"Retry-After": f"{whole:.6f}".rstrip("0").rstrip(".")}
    headers["X-RateLimit-Scope"] = "global" if verdict.is_global else "user"
    if verdict.is_global:
        headers["X-RateLimit-Global"] = "true"
    else:
        tell_limits(headers, verdict, is_precise=True)
    return error, headers
