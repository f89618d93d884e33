"""The report of a profile in words: as plain lines or as Markdown."""

from __future__ import annotations

from reaper_tui.model.retrying import RetryCount
from reaper_tui.model.summary import Summary
from reaper_tui.model.text import sanitise_line

SHOWN_FAILURES = 200


def text_report(summary: Summary) -> str:
    """Return a report for a terminal."""
    return "\n".join(_lines(summary, "", "  ", ""))


def markdown_report(summary: Summary) -> str:
    """Return a report to keep."""
    return "\n".join(_lines(summary, "# ", "- ", "## ")) + "\n"


def verdict(summary: Summary) -> str:
    """Return the outcome in a few words; it says “complete” only when nothing is missing."""
    if summary.is_faithful and not summary.note:
        return "complete"
    if summary.state == "done":
        return f"done, but {summary.note}" if summary.note else "done, with differences"
    return f"{summary.state}: {summary.note}" if summary.note else summary.state


def retry_line(tried: RetryCount) -> str:
    """Return what came of a retry in a few words."""
    counts = (
        (tried.sent, "sent at the end of their channel"),
        (tried.edited, "changed in place"),
        (tried.adopted, "found standing"),
        (tried.files, "given their files"),
        (tried.failed, "refused again"),
        (tried.uncertain, "still uncertain"),
        (tried.waiting, "to be tried later"),
        (tried.deleted, "replaced posts deleted"),
    )
    return ", ".join(f"{count:,} {words}" for count, words in counts if count) or "nothing to do"


def _lines(summary: Summary, title: str, item: str, section: str) -> list[str]:
    messages = summary.messages
    lines = [
        f"{title}{_name(summary.source.name)} → {_name(summary.target.name)}: {verdict(summary)}",
        *([""] if section else []),
    ]
    parts = [f"{messages.sent:,} sent"]
    parts += [f"{messages.merged:,} merged"] if messages.merged else []
    parts += [f"{count:,} skipped ({rule.replace('_', ' ')})" for rule, count in messages.skipped.items()]
    for count, word in ((messages.failed, "failed"), (messages.uncertain, "uncertain"), (messages.pending, "pending")):
        parts += [f"{count:,} {word}"] if count else []
    lines.append(f"{item}messages: {messages.source:,} = {' + '.join(parts)}")
    if not messages.balances:
        lines.append(f"{item}the classes do not sum to the source: please report this")
    for name, count in summary.structure.items():
        if count.planned:
            failed = f", {count.failed} failed" if count.failed else ""
            lines.append(f"{item}{name}: {count.created} created, {count.reused} found there{failed}")
    files = summary.attachments
    left = f", {files.placeholder:,} left as a named placeholder" if files.placeholder else ""
    lines.append(f"{item}files: {files.sent:,} of {files.source:,} sent ({files.bytes / 1e6:,.1f} MB){left}")
    for name, count in summary.changes.items():
        outcomes = ((count.applied, "carried over"), (count.impossible, "impossible here"), (count.failed, "refused"))
        told = [f"{number:,} {word}" for number, word in outcomes if number]
        lines += [f"{item}{name} since they were read: {', '.join(told)}"] if told else []
    check = summary.verify
    if check is None:
        lines.append(f"{item}verification: not run")
    else:
        lines.append(
            f"{item}verification: {check.checked:,} checked, {check.missing} missing, {check.extra} extra, "
            f"{check.changed} changed, {check.out_of_order} out of order"
            + (f", {check.unreadable} channels unreadable" if check.unreadable else "")
        )
    lines.append(
        f"{item}the last run: {summary.http.requests:,} requests, {summary.http.status_429:,} of them limited; "
        f"{summary.duration_s:,.0f} s, {summary.peak_rss_mb:,.0f} MB"
    )
    if summary.total.runs > 1:
        all_runs = summary.total
        lines.append(f"{item}all {all_runs.runs} runs: {all_runs.requests:,} requests; {all_runs.duration_s:,.0f} s")
    if tried := summary.retry:
        lines.append(f"{item}tried again: {retry_line(tried)}")
    elif messages.failed or messages.uncertain or files.placeholder or (check and check.mendable):
        lines.append(f"{item}`reaper-tui retry` tries again what failed, is missing or lacks files")
    if check is not None and check.details:
        lines += ["", f"{section}Differences", *(f"{item}{_name(line)}" for line in check.details)]
    if summary.failures:
        lines += ["", f"{section}Not carried over as it was"]
        lines += [
            f"{item}{failure.what} {_name(failure.name)}: {_name(failure.cause)}"
            + (f" (message {failure.message_id})" if failure.message_id else "")
            for failure in summary.failures[:SHOWN_FAILURES]
        ]
        if len(summary.failures) > SHOWN_FAILURES:
            lines.append(f"{item}and {len(summary.failures) - SHOWN_FAILURES:,} more")
    if summary.exclusions:
        lines += ["", f"{section}Stayed behind by plan", *(f"{item}{_name(line, 600)}" for line in summary.exclusions)]
    return lines


def _name(text: str, length: int = 300) -> str:
    return sanitise_line(text, length) or "(no name)"
