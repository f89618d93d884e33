"""Small valid images drawn from an id: PNG, APNG, GIF and Lottie."""

import json
import random
import struct
import zlib
from functools import lru_cache

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SKIES = (((24, 28, 58), (94, 72, 120)), ((250, 190, 120), (120, 170, 220)), ((70, 110, 160), (190, 210, 225)))


def chunk(name: bytes, body: bytes) -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_parts(width: int, height: int, palette: list[tuple[int, int, int]], rows: list[bytes]) -> list[bytes]:
    """Return signature with header and palette, image data, and end of a palette PNG."""
    header = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
    header += chunk(b"PLTE", bytes(value for color in palette for value in color))
    return [header, chunk(b"IDAT", _deflated(rows)), chunk(b"IEND", b"")]


def _deflated(rows: list[bytes]) -> bytes:
    return zlib.compress(b"".join(b"\0" + row for row in rows), 9)


@lru_cache(maxsize=64)
def scene(identifier: int, width: int, height: int) -> tuple[bytes, bytes, bytes]:
    """Return the parts of a PNG that shows a lighthouse by the sea, different for each id."""
    palette, rows = _paint(identifier, width, height)
    header, data, end = png_parts(width, height, palette, rows)
    return header, data, end


def _paint(identifier: int, width: int, height: int) -> tuple[list[tuple[int, int, int]], list[bytes]]:
    rng = random.Random(identifier)
    top, bottom = rng.choice(_SKIES)
    bands = 24
    mixed = [tuple(top[i] + (bottom[i] - top[i]) * band // bands for i in range(3)) for band in range(bands)]
    palette = [(red, green, blue) for red, green, blue in mixed]
    sea, wave, rock, white, red, glow, sun = range(bands, bands + 7)
    palette += [
        (30, 70, 105),
        (52, 100, 138),
        (58, 54, 60),
        (236, 232, 222),
        (196, 62, 54),
        (255, 232, 150),
        (255, 214, 160),
    ]
    horizon = height * rng.randrange(58, 72) // 100
    tower_x, tower_top = width * rng.randrange(20, 80) // 100, height * rng.randrange(14, 30) // 100
    sun_x, sun_y, sun_size = (
        width * rng.randrange(10, 90) // 100,
        height * rng.randrange(8, 40) // 100,
        height // 10 + 1,
    )
    lamp_height, foot = height // 12 + 1, horizon + height // 14
    rows: list[bytes] = []
    for y in range(height):
        if y < horizon:
            row = bytearray([min(bands - 1, y * bands // horizon)]) * width
            reach = sun_size**2 - (y - sun_y) ** 2
            if reach > 0:
                _span(row, sun_x - int(reach**0.5), sun_x + int(reach**0.5), sun)
        else:
            row = bytearray([wave if (y * 7 + identifier) % 5 == 0 else sea]) * width
        if abs(y - foot) < height // 10:
            half = width // 9 + (y - foot)
            _span(row, tower_x - half, tower_x + half, rock)
        if tower_top <= y < tower_top + lamp_height:
            _span(row, tower_x - width // 40 - 1, tower_x + width // 40 + 1, glow)
            if identifier % 3:
                _span(row, tower_x + width // 40 + 1, width if identifier % 2 else tower_x + width // 3, glow)
        elif tower_top + lamp_height <= y < foot:
            half = width // 45 + (y - tower_top) * width // (height * 14) + 1
            _span(row, tower_x - half, tower_x + half, red if (y // (height // 8 + 1)) % 2 else white)
        rows.append(bytes(row))
    return palette, rows


def _span(row: bytearray, start: int, stop: int, color: int) -> None:
    start, stop = max(0, start), min(len(row), stop)
    if start < stop:
        row[start:stop] = bytes([color]) * (stop - start)


def _badge(key: str, size: int, shift: int) -> tuple[list[tuple[int, int, int]], list[bytes]]:
    rng = random.Random(key)
    hue = [rng.randrange(60, 220) for _ in range(3)]
    paper = (255 - hue[0] // 5, 255 - hue[1] // 5, 255 - hue[2] // 5)
    palette = [paper, (hue[0], hue[1], hue[2]), (hue[0] // 2, hue[1] // 2, hue[2] // 2)]
    cells = 8
    half = [[rng.choice((0, 1, 1, 2)) for _ in range(cells // 2)] for _ in range(cells)]
    half = half[shift % cells :] + half[: shift % cells]
    scale = size // cells
    rows: list[bytes] = []
    for left in half:
        row = b"".join(bytes([color]) * scale for color in [*left, *reversed(left)])
        rows += [row] * scale
    return palette, rows


@lru_cache(maxsize=256)
def badge_png(key: str, size: int = 64) -> bytes:
    """Return a symmetric badge for `key`; `size` is a multiple of 8."""
    palette, rows = _badge(key, size, 0)
    return b"".join(png_parts(size, size, palette, rows))


@lru_cache(maxsize=64)
def badge_apng(key: str, size: int = 64) -> bytes:
    """Return a badge that moves in two frames, as an animated PNG."""
    palette, rows = _badge(key, size, 0)
    _, moved = _badge(key, size, 1)
    header, data, end = png_parts(size, size, palette, rows)

    def control(sequence: int) -> bytes:
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, size, size, 0, 0, 1, 4, 0, 0))

    second = chunk(b"fdAT", struct.pack(">I", 2) + _deflated(moved))
    return header + chunk(b"acTL", struct.pack(">II", 2, 0)) + control(0) + data + control(1) + second + end


@lru_cache(maxsize=256)
def badge_gif(key: str, size: int = 64) -> bytes:
    """Return a badge that moves in two frames, as a GIF."""
    palette, rows = _badge(key, size, 0)
    _, moved = _badge(key, size, 1)
    return gif(size, size, palette, [rows, moved])


@lru_cache(maxsize=8)
def heavy_gif(key: str, least: int) -> bytes:
    """Return a badge that moves in so many frames that it has at least `least` bytes."""
    palette, rows = _badge(key, 128, 0)
    _, moved = _badge(key, 128, 1)
    frame = len(gif(128, 128, palette, [rows, moved])) - len(gif(128, 128, palette, [rows]))
    count = max(2, least // frame + 1)
    return gif(128, 128, palette, [(rows, moved)[number % 2] for number in range(count)])


def gif(width: int, height: int, palette: list[tuple[int, int, int]], frames: list[list[bytes]]) -> bytes:
    """Return a GIF that loops over `frames`; every pixel is a literal code, so no dictionary is needed."""
    colors = (palette + [(0, 0, 0)] * 128)[:128]
    found = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF6, 0, 0) + bytes(v for color in colors for v in color)
    if len(frames) > 1:
        found += b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    for frame in frames:
        found += b"\x21\xf9\x04\x04\x19\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07"
        pixels = b"".join(frame)
        codes = b"".join(b"\x80" + pixels[start : start + 120] for start in range(0, len(pixels), 120)) + b"\x81"
        found += b"".join(bytes([len(part)]) + part for part in (codes[i : i + 255] for i in range(0, len(codes), 255)))
        found += b"\0"
    return found + b";"


@lru_cache(maxsize=32)
def scene_gif(identifier: int, width: int, height: int) -> bytes:
    """Return a GIF of the sea with the lamp on and off."""
    palette, rows = _paint(identifier, width, height)
    _, darker = _paint(identifier + 6, width, height)
    return gif(width, height, palette, [rows, darker])


def lottie(key: str) -> bytes:
    """Return a Lottie animation of a turning square."""
    rng = random.Random(key)
    fill = {"ty": "fl", "c": {"a": 0, "k": [round(rng.random(), 2) for _ in range(3)] + [1]}, "o": {"a": 0, "k": 100}}
    square = {"ty": "rc", "p": {"a": 0, "k": [0, 0]}, "s": {"a": 0, "k": [120, 120]}, "r": {"a": 0, "k": 20}}
    still = {"a": 0, "k": [0, 0]}
    group = {
        "ty": "tr",
        "p": still,
        "a": still,
        "s": {"a": 0, "k": [100, 100]},
        "r": {"a": 0, "k": 0},
        "o": {"a": 0, "k": 100},
    }
    turn = {
        "a": 1,
        "k": [{"t": 0, "s": [0], "i": {"x": [1], "y": [1]}, "o": {"x": [0], "y": [0]}}, {"t": 60, "s": [360]}],
    }
    placed = {
        "p": {"a": 0, "k": [160, 160]},
        "a": still,
        "s": {"a": 0, "k": [100, 100]},
        "r": turn,
        "o": {"a": 0, "k": 100},
    }
    layer = {"ty": 4, "ip": 0, "op": 60, "st": 0, "ks": placed, "shapes": [{"ty": "gr", "it": [square, fill, group]}]}
    return json.dumps({"v": "5.7.0", "fr": 30, "ip": 0, "op": 60, "w": 320, "h": 320, "layers": [layer]}).encode()
