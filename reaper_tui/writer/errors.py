"""What the target's answers mean, as errors a person can act on; never with an address that holds a token."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from reaper_tui.model.errors import (
    AccessDenied,
    CloneError,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    ServiceDown,
    WebhookGone,
)
from reaper_tui.model.text import sanitise_line
from reaper_tui.writer.limiter import retry_after_of

COPY_ANEW = "copy the bot's token anew from Fluxer's application settings into the profile"
NO_ROUTE = "NOT_FOUND"
_MESSAGE_LENGTH = 200
_BANS = frozenset({"GLOBAL_IP_BANNED", "GLOBAL_IP_TEMPORARILY_BANNED", "IP_BANNED", "ACCOUNT_LIMITED"})
_REFUSED_CONTENT = frozenset({"CONTENT_BLOCKED", "EXPLICIT_CONTENT_CANNOT_BE_SENT"})
_ABOUT_FILES = frozenset({"FILE_SIZE_TOO_LARGE", "EXPLICIT_CONTENT_CANNOT_BE_SENT"})
_DENIALS = {
    "NSFW_CONTENT_AGE_RESTRICTED": (
        "Fluxer closes age-restricted channels to bots",
        "turn the channel's age restriction off while cloning",
    ),
    "COMMUNICATION_DISABLED": ("The bot is in a timeout", "end its timeout in the community's member list"),
    "INVALID_API_ORIGIN": ("The instance takes this request only from its web app", "set the public API address"),
}
_SECRETS = re.compile(r"(/webhooks/\d+/)[^/\s?'\")]+|((?:Bot|Bearer)\s+)[^\s'\"]+")


class Answer(msgspec.Struct, frozen=True):
    """An answer that is no success: its status, headers and what could be read of its body."""

    status: int
    headers: Mapping[str, str]
    body: object
    is_json: bool

    @property
    def code(self) -> str:
        """Return the server's error code, empty when it named none."""
        return _text(self._members().get("code"))

    @property
    def message(self) -> str:
        """Return the server's own words, fit for one line."""
        return redacted(sanitise_line(_text(self._members().get("message")), _MESSAGE_LENGTH))

    @property
    def retry_after(self) -> float | None:
        """Return the seconds after which to come back, if it named any."""
        return retry_after_of(self.headers, self._members())

    @property
    def is_global(self) -> bool:
        """Return whether a 429 is for all requests of this identity."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self._members().get("global") is True or headers.get("x-ratelimit-global", "").lower() == "true"

    @property
    def field(self) -> tuple[str, str]:
        """Return the part a validation error names and its code, the first of them."""
        errors = self._members().get("errors")
        if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
            return "", ""
        first = cast("dict[str, object]", errors[0])
        part = _text(first.get("path")).split(".")[0]
        return "avatar" if part == "avatar_url" else part, _text(first.get("code"))

    @property
    def is_capacity(self) -> bool:
        """Return whether a 503 was given before the request was looked at."""
        return self.status == 503 and self.is_json and not self.code and "at capacity" in self.message.lower()

    def _members(self) -> dict[str, Any]:
        body: object = self.body
        return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def error_of(answer: Answer, *, doing: str, permission: str = "", is_send: bool = False) -> CloneError:
    """Return the error an answer stands for; `doing` says what was tried, `permission` what it needs."""
    status = answer.status
    if status == 401:
        return AccessDenied("Fluxer does not know the bot's token", COPY_ANEW)
    if status == 403:
        return _denial(answer, doing, permission)
    if status in (404, 410):
        return _absence(answer, doing, is_send)
    if status >= 500:
        return ServiceDown(f"Fluxer answers with {status} ({doing})", retry_after=answer.retry_after)
    if 300 <= status < 400:
        return ServiceDown(f"Fluxer redirects elsewhere ({doing})", "set the instance's final address in the profile")
    return _refusal(answer, doing)


def unknown_outcome(answer: Answer, doing: str) -> OutcomeUnknown:
    """Return the error of an answer that leaves open whether a request was carried out."""
    return OutcomeUnknown(
        f"Fluxer answers with {answer.status}, it may have been carried out ({doing})", retry_after=answer.retry_after
    )


def redacted(text: str) -> str:
    """Return text without webhook tokens and authorisation values."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[2]}•••", text)


class RedactingFilter(logging.Filter):
    """Takes tokens out of records before any handler sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; always let it pass."""
        record.msg = redacted(record.getMessage())
        record.args = None
        if record.exc_info:
            record.exc_info = None
            record.exc_text = None
        return True


def quieten_library() -> None:
    """Keep the library's log free of tokens and off stderr."""
    logging.getLogger("fluxer").propagate = False
    for name in ("fluxer", "fluxer.http", "fluxer.client", "fluxer.gateway"):
        logger = logging.getLogger(name)
        if not any(isinstance(kept, RedactingFilter) for kept in logger.filters):
            logger.addFilter(RedactingFilter())
    root = logging.getLogger("fluxer")
    if not root.handlers:
        root.addHandler(logging.NullHandler())


def _denial(answer: Answer, doing: str, permission: str) -> CloneError:
    code = answer.code
    if code in _REFUSED_CONTENT:
        return Refused(f"Fluxer blocks this content ({doing})", status=403, code=code, field="content")
    if code in _BANS:
        return AccessDenied("Fluxer has blocked this address or account for now", "wait a day, or ask the instance")
    if code == "FORBIDDEN":
        return AccessDenied("The instance's proxy does not pass on who is calling", "use the instance's public address")
    if code in _DENIALS:
        cause, mend = _DENIALS[code]
        return AccessDenied(f"{cause} ({doing})", mend, ends_run=False)
    if code == "FEATURE_TEMPORARILY_DISABLED":
        return ServiceDown(f"Fluxer has switched this off for now ({doing})", retry_after=answer.retry_after)
    mend = f"give the bot's role “{permission}”" if permission else "check the bot's role and where it stands"
    return AccessDenied(f"The bot may not do this ({doing})", mend, ends_run=False)


def _absence(answer: Answer, doing: str, is_send: bool) -> CloneError:
    if answer.code == "UNKNOWN_WEBHOOK":
        return WebhookGone(f"The webhook was deleted ({doing})", code=answer.code)
    if answer.code == "UNKNOWN_MESSAGE" and is_send:
        return Refused(
            f"The message replied to is gone ({doing})", status=404, code=answer.code, field="message_reference"
        )
    if answer.code == NO_ROUTE and not is_send:
        return NotSupported(f"This server cannot do that ({doing})", status=answer.status, code=NO_ROUTE)
    thing = answer.code.removeprefix("UNKNOWN_").lower().replace("_", " ") if answer.code.startswith("UNKNOWN_") else ""
    cause = f"The {thing} is not there ({doing})" if thing else f"Fluxer does not know this ({doing})"
    return NotFound(cause, code=answer.code)


def _refusal(answer: Answer, doing: str) -> Refused:
    field, field_code = answer.field
    if answer.status == 413 or answer.code in _ABOUT_FILES:
        field = field or "attachments"
    code = field_code or answer.code
    if answer.status == 413 and not code:
        return Refused(f"Too large for Fluxer ({doing})", status=413, field=field)
    words = answer.message.rstrip(".") or f"status {answer.status}"
    named = f", {code}" if code else ""
    return Refused(f"Fluxer refuses: {words}{named} ({doing})", status=answer.status, code=code, field=field)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
