"""A report as a Markdown file."""

from __future__ import annotations

import re

from reaper_tui.model.summary import Summary
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bridge import Problem
from reaper_tui.tui.figures import byte_size, duration
from reaper_tui.tui.verdict import verdict

STEERING = re.compile(r"([\\`*_\[\]<>|#~])")


def plain(text: str) -> str:
    """Return text that Markdown shows as it stands."""
    return STEERING.sub(r"\\\1", sanitise_line(text, 500))


def report_markdown(summary: Summary | None, problem: Problem | None) -> str:
    """Return a run's outcome as Markdown."""
    outcome = verdict(summary, problem)
    lines = ["# Clone report", "", f"**{plain(outcome.title)}**", "", *(f"{plain(line)}\n" for line in outcome.lines)]
    if summary is None:
        return "\n".join(lines)
    messages = summary.messages
    lines += [f"{plain(summary.source.name)} → {plain(summary.target.name)}", "", "## Messages", ""]
    lines += ["| class | messages |", "|---|---:|", f"| sent | {messages.sent} |", f"| merged | {messages.merged} |"]
    lines += [f"| skipped: {plain(rule)} | {count} |" for rule, count in messages.skipped.items()]
    lines += [f"| {word} | {getattr(messages, word)} |" for word in ("failed", "uncertain", "pending")]
    lines += [f"| **source** | **{messages.source}** |", "", "## Structure", ""]
    lines += ["| kind | planned | created | reused | failed |", "|---|---:|---:|---:|---:|"]
    for kind, count in summary.structure.items():
        lines.append(f"| {plain(kind)} | {count.planned} | {count.created} | {count.reused} | {count.failed} |")
    files, http = summary.attachments, summary.http
    lines += ["", "## Files and traffic", ""]
    lines.append(f"- {files.sent} of {files.source} files sent ({byte_size(files.bytes)}), {files.placeholder} placeholders")
    lines.append(f"- {http.requests} requests, {http.status_429} refused as too fast, {http.retries} repeated")
    lines.append(f"- {duration(summary.duration_s)} in all, {duration(http.limit_wait_s)} waiting for limits")
    lines += ["", "## Reading the target back", ""]
    if summary.verify is None:
        lines.append("Not done.")
    else:
        found = summary.verify
        lines.append(
            f"{found.checked} compared: {found.missing} missing, {found.extra} extra, {found.changed} changed, "
            f"{found.out_of_order} out of order, {found.unreadable} unreadable"
        )
        lines += ["", *(f"- {plain(line)}" for line in found.details)]
    if summary.failures:
        lines += ["", "## Not carried over", ""]
        for failure in summary.failures:
            lines.append(f"- {plain(failure.what)} {plain(failure.name)}: {plain(failure.cause)}")
    if summary.exclusions:
        lines += ["", "## Stayed behind", "", *(f"- {plain(line)}" for line in summary.exclusions)]
    return "\n".join(lines) + "\n"
