"""Refusals in Discord's own words."""

from typing import Any


class Refusal(Exception):
    """A request that Discord answers with an error body."""

    def __init__(self, status: int, code: int, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code, **extra}


def unauthorized() -> Refusal:
    """Return the answer to a missing or wrong token."""
    return Refusal(401, 0, "401: Unauthorized")


def missing_access() -> Refusal:
    """Return the answer to a look at what the bot may not see."""
    return Refusal(403, 50001, "Missing Access")


def unknown(noun: str) -> Refusal:
    """Return the answer to an id that names nothing."""
    codes = {"Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "Role": 10011, "User": 10013}
    codes |= {"Emoji": 10014, "Sticker": 10060}
    return Refusal(404, codes[noun], f"Unknown {noun}")


def invalid_form(field: str, code: str, message: str) -> Refusal:
    """Return the answer to a parameter out of its range."""
    return Refusal(400, 50035, "Invalid Form Body", errors={field: {"_errors": [{"code": code, "message": message}]}})
