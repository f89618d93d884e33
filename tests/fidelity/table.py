"""The features of Discord, how each is looked for on the target, and the table of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.fidelity.scene import Scene

SECTIONS = ("Server", "People and time", "Messages", "Links", "Files", "Threads and posts", "Later")
GENERATIONS = ("2026-02", "current")
HEAD = """# How each thing of Discord arrives

Written by `uv run python scripts/fidelity.py`, which clones a community that holds one of everything into a Fluxer
server of each generation and looks at what then stands there. The tests compare this page with what they find.

“Named” means that the report, or a line in the message's place, says what is missing and why.
"""


class NotCarried(Exception):
    """What a feature became is none of the ways in which it may arrive."""


class Feature(NamedTuple):
    """A row: what Discord has, and a look at the target that says how it arrived or raises NotCarried."""

    section: str
    name: str
    arrived: Callable[[Scene], str]

    @property
    def key(self) -> str:
        """What tells rows apart."""
        return f"{self.section}: {self.name}"


FEATURES: list[Feature] = []
Look = Callable[["Scene"], str]


def feature(section: str, name: str) -> Callable[[Look], Look]:
    """Add a row to the table."""

    def added(look: Look) -> Look:
        FEATURES.append(Feature(section, name, look))
        return look

    return added


def expect(is_so: object, found: object = "") -> None:
    """Raise NotCarried unless something is so."""
    if not is_so:
        raise NotCarried(str(found)[:300] or "not as it was")


def column(page: str, generation: str) -> dict[str, str]:
    """Return a generation's cells as a page has them, by section and name."""
    cells: dict[str, str] = {}
    section, place = "", 0
    for line in page.splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| "):
            row = [cell.strip() for cell in line.strip("|").split("|")]
            if row[0] == "On Discord":
                place = row.index(generation) if generation in row else 0
            elif place:
                cells[f"{section}: {row[0]}"] = row[place]
    return cells


def rendered(columns: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page: a table for each section with a column for each generation."""
    lines = [HEAD]
    section = ""
    for row in sorted(FEATURES, key=lambda row: SECTIONS.index(row.section)):
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", ""] if len(lines) > 1 else [f"## {section}", ""]
            lines += [f"| On Discord | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
        cells = (columns[generation].get(row.key, "**lost**") for generation in columns)
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
