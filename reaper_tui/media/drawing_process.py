"""The process that draws: `python -m reaper_tui.media.drawing_process lottie|smaller LIMIT`, from stdin to stdout."""

from __future__ import annotations

import io
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from PIL import Image, ImageSequence

from reaper_tui.media.drawing import NOT_FITTING

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 80
MOST_PIXELS = 16_000_000
MOST_FRAMES = 300
LONGEST_SECONDS = 10.0
# (pixels a side, frames a second, quality), the best first.
LOTTIE_STEPS = ((320, 30.0, 80), (240, 20.0, 70), (160, 15.0, 60), (128, 10.0, 50))
# (share of the size, each how manieth frame, quality), the best first.
SMALLER_STEPS = ((1.0, 1, 85), (1.0, 1, 70), (0.75, 1, 70), (0.5, 2, 65), (0.35, 2, 60), (0.25, 3, 50))


def main(arguments: Sequence[str]) -> int:
    """Draw and return the exit code."""
    how, limit = arguments[0], int(arguments[1])
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        # Not every system lets these be set; the time limit outside still holds.
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    data = sys.stdin.buffer.read()
    for made in drawn(data) if how == "lottie" else smaller(data):
        if len(made) <= limit:
            sys.stdout.buffer.write(made)
            return 0
    return NOT_FITTING


def drawn(animation: bytes) -> Iterator[bytes]:
    """Return a vector animation as WebP, each time smaller."""
    from rlottie_python.rlottie_wrapper import LottieAnimation

    with LottieAnimation.from_data(animation.decode("utf-8")) as lottie:
        width, height = lottie.lottie_animation_get_size()
        count, rate = lottie.lottie_animation_get_totalframe(), lottie.lottie_animation_get_framerate()
        if not (width and height and count and rate):
            raise ValueError("an animation without size or frames")
        for side, frames_a_second, quality in LOTTIE_STEPS:
            scale = min(1.0, side / max(width, height))
            size = max(1, round(width * scale)), max(1, round(height * scale))
            step = max(1.0, rate / frames_a_second)
            places = [round(place * step) for place in range(int(min(count, rate * LONGEST_SECONDS) / step) or 1)]
            frames = [
                lottie.render_pillow_frame(frame_num=min(place, count - 1), width=size[0], height=size[1])
                for place in places[:MOST_FRAMES]
            ]
            yield _webp(frames, [round(1000 * step / rate)] * len(frames), quality)


def smaller(picture: bytes) -> Iterator[bytes]:
    """Return a picture as WebP, each time smaller."""
    image = Image.open(io.BytesIO(picture))
    frames: list[Image.Image] = []
    durations: list[int] = []
    for frame in ImageSequence.Iterator(image):
        frames.append(frame.convert("RGBA"))
        durations.append(int(frame.info.get("duration") or 100))
        if len(frames) == MOST_FRAMES:
            break
    for share, every, quality in SMALLER_STEPS:
        size = max(1, round(image.width * share)), max(1, round(image.height * share))
        kept = [frame if share == 1.0 else _resized(frame, size) for frame in frames[::every]]
        told = [sum(durations[start : start + every]) for start in range(0, len(durations), every)]
        yield _webp(kept, told, quality)


def _resized(frame: Image.Image, size: tuple[int, int]) -> Image.Image:
    return frame.resize(size)  # pyright: ignore[reportUnknownMemberType]


def _webp(frames: Sequence[Image.Image], durations: Sequence[int], quality: int) -> bytes:
    made = io.BytesIO()
    first, *rest = frames
    if rest:
        first.save(
            made,
            "WEBP",
            save_all=True,
            append_images=rest,
            duration=list(durations),
            loop=0,
            quality=quality,
            method=3,
            minimize_size=False,
        )
    else:
        first.save(made, "WEBP", quality=quality, method=4)
    return made.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
