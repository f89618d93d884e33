"""The bytes of an attachment, made on the way out: head, filler, tail; nothing big is ever whole in memory."""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from reaper_tui.sandbox.community.nouns import Attachment
from reaper_tui.sandbox.discord_server import images

_BLOCK = 65_536
_PROSE = (
    "Night {n}: wind north by west, lamp trimmed twice, one gull on the gallery rail, visibility two miles.\n",
    "Night {n}: fog from four bells on. Sounded the horn every ninety seconds. Nobody answered, which is good.\n",
    "Night {n}: calm. Oiled the clockwork, counted the tins of sardines, wrote a letter and did not send it.\n",
)
_MAGIC = {
    "application/pdf": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
    "audio/ogg": b"OggS\0\x02" + bytes(20),
    "audio/mpeg": b"ID3\x03\0\0\0\0\0\0",
}


class Blob(msgspec.Struct, frozen=True):
    """A file as head, `filler_size` repeated bytes and tail."""

    head: bytes
    block: bytes
    filler_size: int
    tail: bytes

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return len(self.head) + self.filler_size + len(self.tail)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `stop`, in pieces."""
        middle, end = len(self.head), len(self.head) + self.filler_size
        if start < middle:
            yield self.head[start : min(stop, middle)]
        position = max(start, middle)
        while position < min(stop, end):
            offset = (position - middle) % len(self.block)
            piece = self.block[offset : offset + min(stop, end) - position]
            yield piece
            position += len(piece)
        if stop > end:
            yield self.tail[max(0, start - end) : stop - end]


@lru_cache(maxsize=128)
def blob_of(attachment: Attachment) -> Blob:
    """Return the file of `attachment`: valid of its kind wherever its size allows, and exactly as big as declared."""
    kind = attachment.content_type.partition(";")[0]
    block = hashlib.shake_128(str(attachment.id).encode()).digest(_BLOCK)
    size = attachment.size
    width, height = attachment.width or 64, attachment.height or 64
    if kind == "image/png":
        header, data, end = images.scene(attachment.id, width, height)
        room = size - len(header) - len(data) - len(end) - 12
        if room >= 0:
            name = b"naVy"
            head = header + data + struct.pack(">I", room) + name
            return Blob(head, block, room, struct.pack(">I", _crc(name, block, room)) + end)
        return _cut(header + data + end, size, block)
    if kind == "image/gif":
        return _cut(images.scene_gif(attachment.id, width, height), size, block)
    if kind == "image/jpeg":
        return _cut(_jpeg(attachment.id, width, height), size, block)
    if kind == "application/zip":
        return _archive(block, size)
    if kind.startswith("text/") or kind == "application/json":
        prose = "".join(_PROSE[(attachment.id + n) % 3].format(n=n + 1) for n in range(40)).encode()
        return Blob(b"", prose, size, b"")
    if kind == "video/mp4":
        return _cut(struct.pack(">I", 24) + b"ftypisom\0\0\2\0isomiso2", size, block)
    if kind == "audio/x-wav":
        pcm = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
        head = b"RIFF" + struct.pack("<I", max(0, size - 8)) + b"WAVEfmt \x10\0\0\0" + pcm
        return _cut(head + b"data" + struct.pack("<I", max(0, size - 44)), size, block)
    return _cut(_MAGIC.get(kind, b""), size, block)


def _cut(head: bytes, size: int, block: bytes) -> Blob:
    return Blob(head[:size], block, max(0, size - len(head)), b"")


def _crc(start: bytes, block: bytes, size: int) -> int:
    value = zlib.crc32(start)
    for _ in range(size // len(block)):
        value = zlib.crc32(block, value)
    return zlib.crc32(block[: size % len(block)], value)


def _archive(block: bytes, size: int) -> Blob:
    name = b"keepers-log.bin"
    room = size - 30 - 46 - 22 - 2 * len(name)
    if room < 0:
        return _cut(b"PK\x05\x06" + bytes(18), size, block)
    shared = struct.pack("<HHHHIIIHH", 0, 0, 0, 0x5C21, _crc(b"", block, room), room, room, len(name), 0)
    head = b"PK\x03\x04" + struct.pack("<H", 20) + shared + name
    entry = b"PK\x01\x02" + struct.pack("<HH", 20, 20) + shared + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(head) + room, 0)
    return Blob(head, block, room, entry + end)


@lru_cache(maxsize=16)
def _jpeg(identifier: int, width: int, height: int) -> bytes:
    """Return a grey baseline JPEG: the first block sets a level, every other one repeats it."""
    quantization = b"\xff\xdb\0\x43\0" + b"\x10" * 64
    frame = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    dc_table = b"\xff\xc4\0\x15\0" + b"\x01\x01" + bytes(14) + b"\x05\0"
    ac_table = b"\xff\xc4\0\x14\x10" + b"\x01" + bytes(15) + b"\0"
    scan = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
    blocks = -(-width // 8) * -(-height // 8)
    bits = f"0{16 + identifier % 15:05b}0" + "100" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    start = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    return start + quantization + frame + dc_table + ac_table + scan + data + b"\xff\xd9"
