"""What can go wrong on either side, as a small tree by cause; every message is one line a user can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reaper_tui.model.outgoing import TargetMessage


class CloneError(Exception):
    """Something the clone can name; `mend` says what the user can do about it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend

    def line(self) -> str:
        """Return cause and mend on one line."""
        return f"{self} — {self.mend}" if self.mend else str(self)


class ConfigurationError(CloneError):
    """The profile or the command line cannot be used as it is."""


class AccessDenied(CloneError):
    """A token or permission is missing: `ends_run` tells a lost token from one closed channel."""

    def __init__(self, message: str, mend: str = "", *, ends_run: bool = True) -> None:
        super().__init__(message, mend)
        self.ends_run = ends_run


class NotFound(CloneError):
    """What was asked for is not there (any more); `code` is the server's, such as UNKNOWN_MESSAGE."""

    def __init__(self, message: str, mend: str = "", *, code: str = "") -> None:
        super().__init__(message, mend)
        self.code = code


class WebhookGone(NotFound):
    """The webhook was deleted: make another and send again."""


class ServiceDown(CloneError):
    """The other side cannot serve now and did not do what was asked; `retry_after` in seconds if it said so."""

    def __init__(self, message: str, mend: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message, mend)
        self.retry_after = retry_after


class OutcomeUnknown(ServiceDown):
    """The request may or may not have been carried out: look before doing it again."""


class Refused(CloneError):
    """The server understood and declined; trying the same again changes nothing.

    `status` and `code` are the server's; `field` the part it named, such as `embeds` or `avatar`.
    """

    def __init__(self, message: str, *, status: int, code: str = "", field: str = "", mend: str = "") -> None:
        super().__init__(message, mend)
        self.status = status
        self.code = code
        self.field = field


class NotSupported(Refused):
    """The server has no such route: it will never do what was asked."""


class StoredDifferently(Refused):
    """A message was stored, but not as it was sent; `stored` is what now stands on the target."""

    def __init__(self, message: str, *, stored: TargetMessage, status: int, code: str = "", mend: str = "") -> None:
        super().__init__(message, status=status, code=code, mend=mend)
        self.stored = stored


class FileUnavailable(CloneError):
    """A file cannot be had from the source, now or ever: `reason` is short enough for a placeholder."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SentTooSlowly(FileUnavailable):
    """A file comes, but hardly: another link to it would not help."""

    def __init__(self) -> None:
        super().__init__("sent too slowly")


class SpoolFull(CloneError):
    """The disk has no room for the next file."""


class JournalError(CloneError):
    """The journal cannot be used: damaged, newer than this program, or on a full disk."""


class ProfileHeld(CloneError):
    """Another process works with this profile."""
