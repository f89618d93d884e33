"""The page that says what reading the target back found."""

from __future__ import annotations

import re

from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from reaper_tui.engine.progress import Snapshot
from reaper_tui.model.summary import Summary, Verification
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import counted, elapsed, percent, text_bar
from reaper_tui.tui.glyphs import RUN_SIGNS, Sign, Tone
from reaper_tui.tui.widgets.sheet import Sheet

NOTE = Sign("▲", "differs", Tone.WARNING)
_PLACE = re.compile(r"\((\d+) of (\d+)\)")
BAR_WIDTH = 40


def ready_page(summary: Summary | None, sheet: Sheet) -> RenderableType:
    """Return what verifying does, and what the last one found."""
    if summary is None:
        return Group(
            Text("○ There is nothing to verify: this profile was not run yet.", sheet.tone(Tone.MUTED)),
            Text(),
            Text("esc goes back; open the profile to begin."),
        )
    about = Text(
        "Every post in the target is read and held against the journal: what is missing, what is not from this clone, "
        "what was changed, what stands in the wrong place. Nothing is written."
    )
    last: RenderableType = (
        sheet.muted("The target was not read back yet.")
        if summary.verify is None
        else Group(sheet.heading("The last time"), found_page(summary.verify, sheet))
    )
    return Group(about, Text(), Text("s starts.", style="bold"), Text(), last)


def running_page(snapshot: Snapshot, sheet: Sheet) -> RenderableType:
    """Return how far the reading is."""
    sign = RUN_SIGNS[snapshot.state]
    parts: list[RenderableType] = [Text(f"{sign}: reading the target back", Style(bold=True) + sheet.tone(sign.tone))]
    if place := _PLACE.search(snapshot.note):
        done, total = int(place[1]) - 1, int(place[2])
        bar = text_bar(done, total, BAR_WIDTH, sheet.tone(Tone.ACCENT), sheet.tone(Tone.MUTED))
        parts.append(Text.assemble(bar, f" {percent(done, total):>3}%"))
    parts.append(sheet.muted(snapshot.note))
    parts.append(sheet.muted(f"{counted(snapshot.requests, 'request')} · {elapsed(snapshot.elapsed_seconds)}"))
    if snapshot.hold:
        parts.append(Text(f"‖ holding: {snapshot.hold}", sheet.tone(Tone.WARNING)))
    return Group(*parts)


def ended_page(found: Verification, sheet: Sheet) -> RenderableType:
    """Return what was just found, and where to go from here."""
    parts: list[RenderableType] = [found_page(found, sheet), Text()]
    if found.is_clean:
        parts.append(Text("Every post is there, as it was sent and in its place."))
    parts.append(sheet.muted("s reads the target again, esc goes back."))
    return Group(*parts)


def found_page(found: Verification, sheet: Sheet) -> RenderableType:
    """Return what differs, and what can be done about it."""
    if found.is_clean:
        lines = [Text(f"✔ {counted(found.checked, 'message')} compared, no difference", sheet.tone(Tone.SUCCESS))]
        return Group(*lines, *(Text(sanitise_line(line, 300)) for line in found.details))
    kinds = (
        (found.missing, "missing", "posts that were sent and are no longer there"),
        (found.extra, "extra", "posts that are not from this clone"),
        (found.changed, "changed", "posts that are not as they were sent"),
        (found.out_of_order, "out of order", "posts that stand in the wrong place"),
        (found.unreadable, "unreadable", "channels that could not be read back"),
    )
    head = Text(f"▲ {counted(found.checked, 'message')} compared, the target differs", sheet.tone(Tone.WARNING))
    counts = [(f"{count:,} {word}", meaning) for count, word, meaning in kinds if count]
    parts: list[RenderableType] = [head, Text(), sheet.bullets(counts, NOTE)]
    if found.mendable:
        parts += [Text(), Text(f"→ r: a retry can mend {found.mendable:,} of these", sheet.tone(Tone.ACCENT))]
    if found.details:
        lines = [("", sanitise_line(line, 300)) for line in found.details]
        parts += [Text(), sheet.heading("One by one"), sheet.bullets(lines, NOTE)]
    return Group(*parts)
