"""Tokens: a type that never shows itself, and where their text comes from."""

from __future__ import annotations

import os
from pathlib import Path

from reaper_tui.model.errors import ConfigurationError


class Secret:
    """A token; only `reveal` gives its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the token itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(•••)" if self._text else "Secret()"

    __str__ = __repr__


def resolve_secret(reference: str, what: str) -> Secret:
    """Return the token a profile value stands for: `env:NAME`, `keyring:NAME`, `file:PATH`, or the literal.

    Raises ConfigurationError naming what is missing and how to mend it.
    """
    if not reference:
        raise ConfigurationError(f"The {what} token is missing", "set it in the profile or run the setup wizard")
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        text = os.environ.get(rest, "")
        if not text:
            raise ConfigurationError(f"The {what} token is missing: {rest} is not set", f"export {rest} and try again")
    elif scheme == "file":
        path = Path(rest)
        try:
            text = path.expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError, RuntimeError):
            raise ConfigurationError(
                f"The {what} token is missing: {path} cannot be read", "check the path in the profile"
            ) from None
        if not text:
            raise ConfigurationError(f"The {what} token is missing: {path} is empty", "write the token into it")
    elif scheme == "keyring":
        text = _from_keyring(rest)
        if not text:
            raise ConfigurationError(
                f"The {what} token is missing: the keyring has no entry “{rest}”", f"keyring set reaper-tui {rest}"
            )
    else:
        text = reference
    text = text.strip().removeprefix("Bot ").strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(f"The {what} token has characters no token has", "copy it again, whole and alone")
    return Secret(text)


def _from_keyring(name: str) -> str:
    # Looking for the system's keyrings takes a tenth of a second that most starts need not spend.
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password("reaper-tui", name) or ""
    except KeyringError:
        return ""
