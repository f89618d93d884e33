"""Writes the table of all keys into the README."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
BEGIN, END = "<!-- keys: written by scripts/key_table.py -->", "<!-- end of keys -->"

from reaper_tui.tui.bindings import key_table  # noqa: E402 - the path above has to be set first


def with_table(text: str) -> str:
    """Return a README with the present table of keys in its place."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{key_table()}\n{END}{tail}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")
