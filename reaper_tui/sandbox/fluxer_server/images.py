"""What the first bytes of a file say about it."""

from __future__ import annotations

import struct
from typing import NamedTuple

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_JPEG_METADATA = frozenset({*range(0xE1, 0xF0), 0xFE})


class Picture(NamedTuple):
    """A recognised picture."""

    format: str
    width: int
    height: int
    is_animated: bool

    @property
    def content_type(self) -> str:
        """The MIME type."""
        return f"image/{self.format}"


def picture_of(head: bytes) -> Picture | None:
    """The picture that these bytes begin, or None."""
    try:
        if head.startswith(PNG_SIGNATURE):
            return _png(head)
        if head[:6] in (b"GIF87a", b"GIF89a"):
            width, height = struct.unpack_from("<HH", head, 6)
            return Picture("gif", width, height, head.count(b"\x21\xf9\x04") > 1)
        if head[:2] == b"\xff\xd8":
            return _jpeg(head)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
            return _avif(head)
    except (struct.error, IndexError):
        return None
    return None


def _png(head: bytes) -> Picture | None:
    if head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    body = head.find(b"IDAT")
    is_animated = b"acTL" in head[: body if body >= 0 else len(head)]
    return Picture("apng" if is_animated else "png", width, height, is_animated)


def _jpeg(head: bytes) -> Picture | None:
    at = 2
    while at + 9 < len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return Picture("jpeg", width, height, False)
        at += 2 + struct.unpack_from(">H", head, at + 2)[0]
    return None


def _webp(head: bytes) -> Picture | None:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return Picture("webp", width, height, bool(head[20] & 2))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return Picture("webp", width & 0x3FFF, height & 0x3FFF, False)
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", head, 21)[0]
        return Picture("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, False)
    return None


def _avif(head: bytes) -> Picture | None:
    at = head.find(b"ispe")
    if at < 0:
        return None
    width, height = struct.unpack_from(">II", head, at + 8)
    return Picture("avif", width, height, head[8:12] == b"avis")


def jpeg_metadata_spans(head: bytes) -> list[tuple[int, int]]:
    """The byte ranges of a JPEG's metadata segments, which the server drops when it stores the file."""
    spans: list[tuple[int, int]] = []
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF and head[at + 1] != 0xDA:
        length = 2 + struct.unpack_from(">H", head, at + 2)[0]
        if head[at + 1] in _JPEG_METADATA:
            spans.append((at, at + length))
        at += length
    return spans
