"""The page that says how a run ended."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from reaper_tui.model.summary import MessageCount, Summary, Verification
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bridge import Problem
from reaper_tui.tui.figures import byte_size, counted, duration
from reaper_tui.tui.glyphs import Sign, Tone
from reaper_tui.tui.verdict import verdict
from reaper_tui.tui.widgets.sheet import Sheet

SHOWN_FAILURES = 200
FAILED = Sign("✖", "failed", Tone.ERROR)
NOTE = Sign("▲", "note", Tone.WARNING)


def report_page(
    summary: Summary | None, problem: Problem | None, places: tuple[tuple[str, Path], ...], sheet: Sheet
) -> RenderableType:
    """Return the outcome, the sum of the classes, and everything that was not carried over."""
    outcome = verdict(summary, problem)
    parts: list[RenderableType] = [
        Text(f"{outcome.sign.glyph} {outcome.title}", Style(bold=True) + sheet.tone(outcome.sign.tone))
    ]
    parts += [Text(line) for line in outcome.lines]
    if summary is not None:
        parts += [Text(), sheet.heading("Messages"), messages_sum(summary.messages, sheet)]
        parts += [Text(), sheet.heading("Reading the target back"), _verification(summary.verify, sheet)]
        if summary.failures:
            parts += [Text(), sheet.heading("Not carried over", FAILED), _failures(summary, sheet)]
        parts += [Text(), sheet.heading("Structure"), _structure(summary, sheet)]
        parts += [Text(), sheet.heading("Files and traffic"), _traffic(summary, sheet)]
        if summary.exclusions:
            lines = [("", sanitise_line(line, 600)) for line in summary.exclusions]
            parts += [Text(), sheet.heading("Stayed behind", NOTE), sheet.bullets(lines, NOTE)]
    parts += [Text(), sheet.heading("Where things are"), _places(places, sheet)]
    return Group(*parts)


def messages_sum(messages: MessageCount, sheet: Sheet) -> Table:
    """Return the classes as a sum that visibly adds up to the source."""
    skipped = sum(messages.skipped.values())
    rows = (
        ("sent", messages.sent, "", Tone.PLAIN),
        ("merged", messages.merged, "carried within another message", Tone.PLAIN),
        ("skipped by rule", skipped, _rules(messages), Tone.PLAIN),
        ("failed", messages.failed, "", Tone.ERROR if messages.failed else Tone.MUTED),
        ("uncertain", messages.uncertain, "", Tone.WARNING if messages.uncertain else Tone.MUTED),
        ("pending", messages.pending, "", Tone.WARNING if messages.pending else Tone.MUTED),
    )
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=2, justify="right")
    table.add_column(width=9, justify="right")
    table.add_column(width=16)
    table.add_column(ratio=1, overflow="fold")
    for place, (word, count, remark, tone) in enumerate(rows):
        style = sheet.tone(tone)
        table.add_row(Text("+" if place else ""), Text(f"{count:,}", style), Text(word, style), sheet.muted(remark))
    total = sum(row[1] for row in rows)
    table.add_row("", Text("─────────", sheet.tone(Tone.MUTED)), "", "")
    if not messages.source and messages.balances:
        check = Text("○ nothing was read", sheet.tone(Tone.MUTED))
    elif messages.balances and messages.pending:
        check = Text("○ adds up; what is not read yet comes on top", sheet.tone(Tone.MUTED))
    elif messages.balances:
        check = Text("✔ every message of the source is accounted for", sheet.tone(Tone.SUCCESS))
    else:
        check = Text(f"✖ the source has {messages.source:,}: the sum does not match", sheet.tone(Tone.ERROR))
    word = "in all" if not messages.balances else "read so far" if messages.pending else "in the source"
    table.add_row(Text("="), Text(f"{total:,}", "bold"), Text(word), check)
    return table


def _rules(messages: MessageCount) -> str:
    return ", ".join(
        f"{sanitise_line(rule, 40).replace('_', ' ')} {count:,}" for rule, count in messages.skipped.items()
    )


def _verification(verify: Verification | None, sheet: Sheet) -> RenderableType:
    if verify is None:
        return Text("○ not done", sheet.tone(Tone.MUTED))
    if verify.is_clean:
        return Text(f"✔ {counted(verify.checked, 'message')} compared, no difference", sheet.tone(Tone.SUCCESS))
    found = (
        (verify.missing, "missing"),
        (verify.extra, "extra"),
        (verify.changed, "changed"),
        (verify.out_of_order, "out of order"),
        (verify.unreadable, "unreadable"),
    )
    text = ", ".join(f"{count:,} {word}" for count, word in found if count)
    head = Text(f"▲ {counted(verify.checked, 'message')} compared: {text}", sheet.tone(Tone.WARNING))
    lines = [("", sanitise_line(line, 300)) for line in verify.details[:SHOWN_FAILURES]]
    return Group(head, sheet.bullets(lines, NOTE)) if lines else head


def _failures(summary: Summary, sheet: Sheet) -> RenderableType:
    lines = [
        (f"{sanitise_line(failure.what, 40)} {sanitise_line(failure.name, 100)}", sanitise_line(failure.cause, 300))
        for failure in summary.failures[:SHOWN_FAILURES]
    ]
    table = sheet.bullets(lines, FAILED)
    left = len(summary.failures) - SHOWN_FAILURES
    return Group(table, sheet.muted(f"and {left:,} more, all in the exported report")) if left > 0 else table


def _structure(summary: Summary, sheet: Sheet) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for _ in range(5):
        table.add_column(justify="right", no_wrap=True)
    table.columns[0].justify = "left"
    table.add_row(*[sheet.muted(word) for word in ("", "planned", "created", "reused", "failed")])
    for kind, count in summary.structure.items():
        failed = Text(f"{count.failed:,}", sheet.tone(Tone.ERROR if count.failed else Tone.MUTED))
        table.add_row(sanitise_line(kind, 30), f"{count.planned:,}", f"{count.created:,}", f"{count.reused:,}", failed)
    return table


def _traffic(summary: Summary, sheet: Sheet) -> RenderableType:
    files, http = summary.attachments, summary.http
    text = Text(f"{files.sent:,} of {counted(files.source, 'file')} sent, {byte_size(files.bytes)}")
    if files.placeholder:
        text.append(f" · {counted(files.placeholder, 'file')} left as named placeholders", sheet.tone(Tone.WARNING))
    waited = f"waits for limits sum to {duration(http.limit_wait_s)}"
    return Group(
        text,
        sheet.muted(
            f"the last run: {counted(http.requests, 'request')}, {http.status_429:,} refused as too fast, "
            f"{http.retries:,} repeated, {waited}"
        ),
        sheet.muted(
            f"{duration(summary.duration_s)} from start to end, {summary.peak_rss_mb:.0f} MB of memory at most"
        ),
    )


def _places(places: tuple[tuple[str, Path], ...], sheet: Sheet) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for word, path in places:
        table.add_row(sheet.muted(word), Text(sanitise_line(str(path), 500)))
    return table
