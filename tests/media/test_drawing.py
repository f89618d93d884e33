"""Pictures that are drawn or made smaller on the way, without taking the program along when they break."""

from __future__ import annotations

import asyncio
import io
import random
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from reaper_tui.media import drawing
from reaper_tui.media.drawing import Drawer
from reaper_tui.model.errors import FileUnavailable
from reaper_tui.model.outgoing import FileSlot

from .file_server import file_server, spool_at, whole

LIMIT = 524_288
STILL, FULL, WHOLE = ({"a": 0, "k": kept} for kept in ([0, 0], 100, [100, 100]))
EASE = {"x": [1], "y": [1]}
SPIN = {"a": 1, "k": [{"t": 0, "s": [0], "i": EASE, "o": EASE}, {"t": 20, "s": [360]}]}
TRANSFORM = {"o": FULL, "r": SPIN, "p": {"a": 0, "k": [80, 80]}, "a": STILL, "s": WHOLE}
SHAPES = [
    {"ty": "rc", "s": {"a": 0, "k": [90, 50]}, "p": STILL, "r": {"a": 0, "k": 5}},
    {"ty": "fl", "c": {"a": 0, "k": [1, 0, 0, 1]}, "o": FULL, "r": 1},
    {"ty": "tr", "p": STILL, "a": STILL, "s": WHOLE, "r": {"a": 0, "k": 0}, "o": FULL},
]
PLACE = {"ind": 1, "ddd": 0, "sr": 1, "bm": 0, "ip": 0, "op": 20, "st": 0}
LAYER = {**PLACE, "ty": 4, "ks": TRANSFORM, "shapes": [{"ty": "gr", "it": SHAPES}]}
LOTTIE = msgspec.json.encode({"v": "5.5.2", "fr": 30, "ip": 0, "op": 20, "w": 160, "h": 160, "layers": [LAYER]})


def noisy_gif(side: int = 128, frames: int = 12) -> bytes:
    noise = random.Random(3)
    pictures = [Image.frombytes("RGB", (side, side), noise.randbytes(3 * side * side)) for _ in range(frames)]
    made = io.BytesIO()
    pictures[0].save(made, "GIF", save_all=True, append_images=pictures[1:], duration=50)
    return made.getvalue()


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


async def test_a_vector_animation_becomes_a_moving_picture() -> None:
    drawn = picture(await Drawer().lottie(LOTTIE, LIMIT))
    assert (drawn.format, drawn.size, drawn.n_frames > 10) == ("WEBP", (160, 160), True)
    colours = drawn.convert("RGBA").getcolors(100_000)
    assert any(colour[0] > 200 and colour[3] == 255 for _, colour in colours)
    assert any(colour[3] == 0 for _, colour in colours)


async def test_a_picture_that_is_too_large_is_made_to_fit_and_still_moves() -> None:
    large = noisy_gif()
    limit = len(large) // 3
    made = await Drawer().smaller(large, limit)
    assert len(made) <= limit
    assert picture(made).n_frames > 1
    with pytest.raises(FileUnavailable, match="too large"):
        await Drawer().smaller(large, 100)


@pytest.mark.parametrize("broken", [b"", b"{}", b"\xff\xfe", b'{"v":"5","w":1,"h":1,"fr":0,"op":0,"layers":[]}'])
async def test_what_cannot_be_drawn_is_unavailable(broken: bytes) -> None:
    with pytest.raises(FileUnavailable, match="cannot be drawn"):
        await Drawer().lottie(broken, LIMIT)


async def test_a_drawing_that_takes_too_long_or_is_cancelled_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    drawer = Drawer()
    monkeypatch.setattr(drawing, "SECONDS", 0.001)
    with pytest.raises(FileUnavailable):
        await drawer.lottie(LOTTIE, LIMIT)
    monkeypatch.setattr(drawing, "SECONDS", 60.0)
    task = asyncio.create_task(drawer.lottie(LOTTIE, LIMIT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await drawer.lottie(LOTTIE, LIMIT)


async def test_the_spool_draws_each_animation_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with file_server(whole(LOTTIE)) as server, spool_at(tmp_path, server.base) as files:
        slot = FileSlot(1, server.base + "/x.json", "wave.webp", is_lottie=True)
        first = await files.fetch(slot, LIMIT)
        assert picture(first.path.read_bytes()).format == "WEBP"
        assert (first.size, files.bytes_held) == (first.path.stat().st_size, first.size)
        monkeypatch.setattr(drawing, "_HAS_RLOTTIE", False)
        second = await files.fetch(slot, LIMIT)
        assert second.path.read_bytes() == first.path.read_bytes()
        files.release(first)
        files.release(second)
        assert files.bytes_held == 0
        with pytest.raises(FileUnavailable, match="cannot be drawn"):
            await files.fetch(slot, LIMIT + 1)


async def test_a_picture_fits_as_it_is_or_smaller_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = noisy_gif(64, 6)
    async with file_server(whole(large)) as server, spool_at(tmp_path, server.base) as files:
        url = server.base + "/e.gif"
        assert await files.picture(url, len(large)) == large
        assert len(await files.picture(url, len(large) // 2)) <= len(large) // 2
        with pytest.raises(FileUnavailable, match="too large"):
            await files.picture(url, len(large) // 9)
        monkeypatch.setattr(drawing, "_HAS_PILLOW", False)
        with pytest.raises(FileUnavailable, match="too large"):
            await files.picture(url, len(large) - 1)
