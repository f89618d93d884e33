"""Reads the fields of a JSON body and collects what is wrong with them."""

from __future__ import annotations

import base64
import binascii
from typing import Any, cast

import msgspec

from .embeds import is_url
from .errors import Issue, invalid_form
from .text import normalised, utf16_length

UNSET = msgspec.UNSET
MAX_AVATAR_BYTES = 10 * 1024 * 1024
_BASE64_LENGTH = -(-MAX_AVATAR_BYTES * 4 // 3)


class Fields:
    """One JSON object; each reader returns UNSET, None or a valid value, and `check` raises what was collected."""

    def __init__(self, body: dict[str, Any], prefix: str = "") -> None:
        self._body = body
        self._prefix = prefix
        self.issues: list[Issue] = []

    def check(self) -> None:
        """Raise the 400 that lists every refused field."""
        if self.issues:
            raise invalid_form(self.issues)

    def has(self, key: str) -> bool:
        """Whether the key was sent, even as null."""
        return key in self._body

    def refuse(self, key: str, code: str = "INVALID_FORMAT", message: str = "") -> None:
        """Collect an issue."""
        self.issues.append(Issue(self._prefix + key, message or "The provided value is in an invalid format.", code))

    def text(self, key: str, least: int, most: int, *, is_required: bool = False) -> str | None:
        """A normalised string within the length; None where absent or null."""
        value = self._body.get(key)
        if value is None:
            if is_required:
                self.refuse(key)
            return None
        if not isinstance(value, str):
            self.refuse(key)
            return None
        clean = normalised(value)
        if not least <= utf16_length(clean) <= most:
            self.refuse(key, "STRING_LENGTH_INVALID", f"String length must be between {least} and {most} characters.")
            return None
        return clean

    def integer(self, key: str, least: int, most: int, *, is_required: bool = False) -> int | None:
        """An integer within the range."""
        value = self._body.get(key)
        if value is None and not is_required:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key)
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        """True, false or absent."""
        value = self._body.get(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key)
            return None
        return value

    def snowflake(self, key: str, *, is_required: bool = False) -> int | None:
        """An id, as a string or a number."""
        value = self._body.get(key)
        if value is None:
            if is_required:
                self.refuse(key)
            return None
        number = None if isinstance(value, bool) else _unsigned(value, 63)
        if number is None:
            self.refuse(key, "INVALID_SNOWFLAKE_FORMAT", "Invalid snowflake.")
        return number

    def permissions(self, key: str) -> int | None:
        """A bit set, as a decimal string or a number."""
        value = self._body.get(key)
        if value is None:
            return None
        number = None if isinstance(value, bool) else _unsigned(value, 64)
        if number is None:
            self.refuse(key, "INVALID_INTEGER_FORMAT", "Invalid integer format.")
        return number

    def colour(self, key: str) -> int | None:
        """An RGB number."""
        value = self._body.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(key)
        elif value < 0:
            self.refuse(key, "COLOR_VALUE_TOO_LOW", "Color value must be at least 0x000000.")
        elif value > 0xFFFFFF:
            self.refuse(key, "COLOR_VALUE_TOO_HIGH", "Color value must not exceed 0xffffff.")
        else:
            return value
        return None

    def url(self, key: str) -> str | None:
        """An http(s) address."""
        value = self._body.get(key)
        if value is None:
            return None
        clean = normalised(value) if isinstance(value, str) else ""
        if not is_url(clean):
            self.refuse(key, "INVALID_URL_FORMAT", "Invalid URL format.")
            return None
        return clean

    def image(self, key: str, most: int = _BASE64_LENGTH, *, is_required: bool = False) -> bytes | None:
        """The bytes of a base64 string or data URI."""
        value = self._body.get(key)
        if value is None or not isinstance(value, str):
            if is_required or value is not None:
                self.refuse(key)
            return None
        encoded = normalised(value)
        encoded = encoded.partition(",")[2] if "," in encoded else encoded
        if not 1 <= len(encoded) <= most:
            message = f"Base64 string length must be between 1 and {most} characters."
            self.refuse(key, "BASE64_LENGTH_INVALID", message)
            return None
        try:
            image = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            image = b""
        if not image or base64.b64encode(image).decode() != encoded:
            self.refuse(key, "INVALID_BASE64_FORMAT")
            return None
        return image

    def objects(
        self, key: str, least: int = 0, most: int = 10_000, *, is_required: bool = False
    ) -> list[Fields] | None:
        """A list of objects."""
        value = self._body.get(key)
        if value is None:
            if is_required:
                self.refuse(key)
            return None
        if not isinstance(value, list) or not least <= len(cast("list[Any]", value)) <= most:
            self.refuse(key)
            return None
        items: list[Fields] = []
        for index, item in enumerate(cast("list[Any]", value)):
            if not isinstance(item, dict):
                self.refuse(f"{key}.{index}")
                return None
            items.append(Fields(cast("dict[str, Any]", item), f"{self._prefix}{key}.{index}."))
        return items

    def nested(self, key: str) -> Fields | None:
        """An object."""
        value = self._body.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key)
            return None
        return Fields(cast("dict[str, Any]", value), f"{self._prefix}{key}.")

    def strings(self, key: str, most: int, longest: int) -> list[str] | None:
        """A list of short strings."""
        value = self._body.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(cast("list[Any]", value)) > most:
            self.refuse(key)
            return None
        result: list[str] = []
        for item in cast("list[Any]", value):
            clean = normalised(item) if isinstance(item, str) else ""
            if not 1 <= utf16_length(clean) <= longest:
                self.refuse(key)
                return None
            result.append(clean)
        return result

    def adopt(self, nested: list[Fields]) -> None:
        """Take over the issues of nested objects."""
        for fields in nested:
            self.issues += fields.issues


def _unsigned(value: object, bits: int) -> int | None:
    """The number that a string or an integer holds, if it fits."""
    text = str(value) if isinstance(value, (str, int)) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        return None
    return int(text) if int(text) < 1 << bits else None
