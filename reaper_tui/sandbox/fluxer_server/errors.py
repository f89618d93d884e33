"""The error replies of the API, by code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec


class ApiError(Exception):
    """An answer that refuses the request, in the API's own words."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra

    def body(self) -> bytes:
        """The JSON body of the reply."""
        return msgspec.json.encode({"code": self.code, "message": self.message, **self.extra})


class Issue(NamedTuple):
    """One field that the validator refused."""

    path: str
    message: str
    code: str


def invalid_form(issues: Sequence[Issue]) -> ApiError:
    """The 400 that lists refused fields."""
    return ApiError(400, "INVALID_FORM_BODY", "Invalid form body.", errors=[issue._asdict() for issue in issues])


def invalid_field(path: str, code: str, message: str) -> ApiError:
    """The 400 for a single refused field."""
    return invalid_form([Issue(path, message, code)])


def invalid_format(path: str) -> ApiError:
    """The 400 for a field of the wrong shape."""
    return invalid_field(path, "INVALID_FORMAT", "The provided value is in an invalid format.")


def invalid_message_data() -> ApiError:
    """The opaque 400 into which every schema failure of a message collapses."""
    return invalid_field("message_data", "INVALID_MESSAGE_DATA", "Invalid message data.")


def invalid_image(path: str, extensions: str) -> ApiError:
    """The 400 for bytes that are no supported picture."""
    return invalid_field(path, "INVALID_IMAGE_FORMAT", f"Invalid image format. Supported extensions: {extensions}.")


def unauthorized() -> ApiError:
    """The 401 for a missing or wrong token."""
    return ApiError(401, "UNAUTHORIZED", "Unauthorized.")


def not_found() -> ApiError:
    """The 404 for a path that is no route."""
    return ApiError(404, "NOT_FOUND", "Not found.")


def unknown_guild() -> ApiError:
    """The 404 for a guild."""
    return ApiError(404, "UNKNOWN_GUILD", "Guild wasn't found.")


def unknown_channel() -> ApiError:
    """The 404 for a channel."""
    return ApiError(404, "UNKNOWN_CHANNEL", "Channel wasn't found.")


def unknown_message() -> ApiError:
    """The 404 for a message."""
    return ApiError(404, "UNKNOWN_MESSAGE", "Message wasn't found.")


def unknown_role() -> ApiError:
    """The 404 for a role."""
    return ApiError(404, "UNKNOWN_ROLE", "Role wasn't found.")


def unknown_member() -> ApiError:
    """The 404 for a member."""
    return ApiError(404, "UNKNOWN_MEMBER", "Member wasn't found in this guild.")


def unknown_user() -> ApiError:
    """The 404 for a user."""
    return ApiError(404, "UNKNOWN_USER", "Unknown user.")


def unknown_webhook() -> ApiError:
    """The 404 for a webhook."""
    return ApiError(404, "UNKNOWN_WEBHOOK", "Unknown webhook.")


def unknown_emoji() -> ApiError:
    """The 404 for an emoji."""
    return ApiError(404, "UNKNOWN_EMOJI", "Unknown emoji.")


def unknown_sticker() -> ApiError:
    """The 404 for a sticker."""
    return ApiError(404, "UNKNOWN_STICKER", "Unknown sticker.")


def invalid_channel_type() -> ApiError:
    """The 400 for what this kind of channel cannot do."""
    return ApiError(400, "INVALID_CHANNEL_TYPE", "Invalid channel type.")


def thread_archived() -> ApiError:
    """The 400 for a change in an archived thread."""
    return ApiError(400, "THREAD_ARCHIVED", "This thread is archived.")


def thread_locked() -> ApiError:
    """The 400 for a post in a locked thread."""
    return ApiError(400, "THREAD_LOCKED", "This thread is locked.")


def missing_permissions() -> ApiError:
    """The 403 for an act above the caller's rank."""
    return ApiError(403, "MISSING_PERMISSIONS", "You don't have the permissions required to perform this action.")


def age_restricted() -> ApiError:
    """The 403 that a bot meets in an nsfw text channel."""
    return ApiError(403, "NSFW_CONTENT_AGE_RESTRICTED", "NSFW content is age restricted.")


def empty_message() -> ApiError:
    """The 400 for a message without anything in it."""
    return ApiError(400, "CANNOT_SEND_EMPTY_MESSAGE", "You can't send an empty message.")


def limit_reached(code: str, noun: str, **extra: int) -> ApiError:
    """The 400 for one thing too many; the real server too prints `undefined` for the number."""
    return ApiError(400, code, f"You've reached the maximum of undefined {noun}.", **extra)
