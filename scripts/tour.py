"""Records a short tour of the app on the sandbox, in a pseudo-terminal, as an animated SVG.

Each stop waits for words on the screen, so that the recording shows a real clone from the channels to the report.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import itertools  # noqa: E402 - the path above has to be set first
import re  # noqa: E402

import pexpect  # noqa: E402
import pyte  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.style import Style  # noqa: E402
from rich.text import Text  # noqa: E402

from tests import processes  # noqa: E402

COLUMNS, ROWS = 100, 28
SECONDS_A_FRAME = 2.2
# What to press, what then has to be seen, and how often to look at it.
STOPS = (
    ("", "▾", 1),
    ("jjjjj ", " messages ", 1),
    (" ", " messages ", 1),
    ("c", "before you start", 1),
    ("2", "create", 1),
    ("s", "copying messages", 3),
    ("3", "Messages", 2),
    ("", "▸Report", 1),
    ("v", "held against", 1),
    ("s", "compared", 1),
    ("\x1b", "▸Report", 1),
)


def play(home: Path) -> list[Text]:
    """Return the frames."""
    surroundings = {**processes.environment(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    shape = ["--messages", "900", "--channels", "6", "--speed", "40", "--home", str(home / "demo")]
    program = pexpect.spawn(
        sys.executable, ["-m", "reaper_tui", "demo", *shape], dimensions=(ROWS, COLUMNS), env=surroundings, timeout=1
    )

    def read(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                stream.feed(program.read_nonblocking(65536, timeout=0.1))
            except (pexpect.TIMEOUT, pexpect.EOF):
                continue

    frames: list[Text] = []
    for keys, words, looks in STOPS:
        program.send(keys)
        read(0.6)
        deadline = time.monotonic() + 180
        while words not in "\n".join(screen.display):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} was never shown:\n" + "\n".join(screen.display))
            read(0.3)
        for _ in range(looks):
            read(0.8)
            frames.append(frame(screen))
    program.send("\x11")
    read(2)
    program.close(force=True)
    return frames


def frame(screen: pyte.Screen) -> Text:
    """Return what stands on a screen."""
    text = Text()
    for row in range(ROWS):
        cells = [screen.buffer[row][column] for column in range(COLUMNS)]
        for (fg, bg, is_bold, is_reverse), same in itertools.groupby(
            cells, lambda cell: (cell.fg, cell.bg, cell.bold, cell.reverse)
        ):
            style = Style(color=colour(fg), bgcolor=colour(bg), bold=is_bold, reverse=is_reverse)
            text.append("".join(cell.data for cell in same), style)
        text.append("\n")
    return text


def style_of(cell: pyte.screens.Char) -> Style:
    """Return a cell's style."""
    return Style(color=colour(cell.fg), bgcolor=colour(cell.bg), bold=cell.bold, reverse=cell.reverse)


def colour(name: str) -> str | None:
    """Return a pyte colour as Rich writes it."""
    if name == "default":
        return None
    return f"#{name}" if re.fullmatch(r"[0-9a-f]{6}", name) else {"brown": "yellow"}.get(name, name)


def animated(frames: list[Text]) -> str:
    """Return frames as one SVG that shows each in turn, without end."""
    pictures: list[str] = []
    total = len(frames) * SECONDS_A_FRAME
    for number, text in enumerate(frames):
        console = Console(record=True, width=COLUMNS, file=open("/dev/null", "w"), force_terminal=True)  # noqa: SIM115
        console.print(text, end="")
        picture = console.export_svg(title="reaper-tui", unique_id=f"f{number}")
        begin, end = number / len(frames), (number + 1) / len(frames)
        values = f"0;{begin:.4f};{end:.4f}" if number else f"0;{end:.4f}"
        shown = "hidden;visible;hidden" if number else "visible;hidden"
        animation = (
            f'<animate attributeName="visibility" calcMode="discrete" dur="{total:.1f}s" repeatCount="indefinite" '
            f'keyTimes="{values}" values="{shown}"/>'
        )
        start = "visible" if number == 0 else "hidden"
        inner = picture[picture.index(">", picture.index("<svg")) + 1 : picture.rindex("</svg>")]
        pictures.append(f'<g visibility="{start}">{animation}{inner}</g>')
        head = picture[: picture.index(">", picture.index("<svg")) + 1]
    return head + "\n".join(pictures) + "</svg>\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tour") as place:
        frames = play(Path(place))
    path = ROOT / "screenshots" / "tour.svg"
    path.write_text(animated(frames), encoding="utf-8")
    print(f"{path.name}: {len(frames)} frames, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
