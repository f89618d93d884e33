"""The engine without a screen: data on stdout, narration on stderr, never a prompt."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reaper_tui.backend import Survey
from reaper_tui.engine.control import RunControl, StopRequested
from reaper_tui.engine.events import EventLog, Level, LogLine
from reaper_tui.engine.progress import LiveProgress, Phase, Snapshot
from reaper_tui.exit_codes import (
    BY_SIGNAL,
    WINDOW_OVER,
    ExitCode,
    code_of_checks,
    code_of_summary,
    code_of_verification,
)
from reaper_tui.logbook import redact
from reaper_tui.model.check import Check, CheckState
from reaper_tui.model.errors import CloneError, ConfigurationError
from reaper_tui.model.summary import Summary
from reaper_tui.model.text import sanitise_line
from reaper_tui.plan_report import duration, plan_document, plan_lines
from reaper_tui.profile.settings import Settings
from reaper_tui.report import markdown_report, text_report
from reaper_tui.wiring import examine_profile, export_archive, open_archive, open_workspace
from reaper_tui.workspace import OpenWorkspace

TICK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Output:
    """What goes to stdout: one JSON document, JSON lines as things happen, or words."""

    as_json: bool = False
    as_json_lines: bool = False
    is_quiet: bool = False


async def run_clone(
    settings: Settings, workdir: Path, output: Output, until: float | None = None, *, only: tuple[str, ...] = ()
) -> ExitCode:
    """Clone or resume to the end; `until` is seconds since 1970, and each id in `only` has to be there."""
    async with open_workspace(settings, workdir) as workspace, _narrated(workspace, output):
        if only:
            refuse_unknown(await workspace.survey(), only)
        return await run_in(workspace, output, until)


def refuse_unknown(survey: Survey, only: tuple[str, ...]) -> None:
    """Raise ConfigurationError for an id that is no channel, category or thread of the source."""
    known = {str(channel.id) for channel in survey.guild.channels}
    if unknown := [entry for entry in only if entry not in known]:
        raise ConfigurationError(
            f"--only names what {survey.guild.name or 'the server'} does not have: {', '.join(unknown[:5])}",
            "copy the id of a channel, category or thread the bot may view",
        )


async def run_in(workspace: OpenWorkspace, output: Output, until: float | None = None) -> ExitCode:
    """Run in an opened workspace and print the outcome."""
    return await _run_out(workspace, workspace.run, output, until)


async def retry_failed(settings: Settings, workdir: Path, output: Output) -> ExitCode:
    """Try again what failed, vanished or was left out, and print the outcome."""
    async with open_workspace(settings, workdir) as workspace, _narrated(workspace, output):
        return await _run_out(workspace, workspace.retry, output)


async def _run_out(
    workspace: OpenWorkspace,
    work: Callable[[Settings], Awaitable[Summary]],
    output: Output,
    until: float | None = None,
) -> ExitCode:
    earlier = await workspace.summary()
    async with _stoppable(workspace.control), _window(workspace.control, until):
        try:
            summary = await work(workspace.settings)
        except asyncio.CancelledError:
            found = await workspace.summary()
            if found is None:
                raise
            summary = found
        except CloneError:
            found = await workspace.summary()
            has_begun = found is not None and (earlier is None or found.run_id != earlier.run_id)
            if found is not None and has_begun and output.as_json:
                _print_summary(found, output)
            raise
    _print_summary(summary, output)
    return code_of_summary(summary)


async def show_plan(settings: Settings, workdir: Path, output: Output, *, only: tuple[str, ...] = ()) -> ExitCode:
    """Print what a run would do, writing nothing to the target."""
    async with open_workspace(settings, workdir) as workspace, _narrated(workspace, output):
        survey = await workspace.survey()
        refuse_unknown(survey, only)
        plan = workspace.plan(survey, settings)
    if output.as_json or output.as_json_lines:
        print(json.dumps(plan_document(plan), ensure_ascii=False), flush=True)
    else:
        print("\n".join(plan_lines(plan)))
    return ExitCode.DONE


async def verify_target(settings: Settings, workdir: Path, output: Output) -> ExitCode:
    """Read the target back, compare, and print what differs."""
    async with (
        open_workspace(settings, workdir) as workspace,
        _narrated(workspace, output),
        _stoppable(workspace.control),
    ):
        try:
            verification = await workspace.verify()
        except (StopRequested, asyncio.CancelledError):
            return BY_SIGNAL.get(workspace.control.stop_reason, ExitCode.INTERRUPTED)
    if output.as_json:
        print(msgspec.json.encode(verification).decode())
    else:
        print(
            f"checked {verification.checked}: {verification.missing} missing, {verification.extra} extra, "
            f"{verification.changed} changed, {verification.out_of_order} out of order, "
            f"{verification.unreadable} channels unreadable"
        )
        print("\n".join(verification.details))
    return code_of_verification(verification)


async def show_report(workdir: Path, style: str) -> ExitCode:
    """Print what was done, what was not, and why."""
    async with open_archive(workdir) as archive:
        summary = await archive.summary()
    if summary is None:
        raise ConfigurationError("There is nothing to report: this profile was never run", "run it first")
    if style == "json":
        print(msgspec.json.encode(summary).decode())
    else:
        print(markdown_report(summary) if style == "markdown" else text_report(summary))
    return code_of_summary(summary)


async def examine(path: Path, settings: Settings, workdir: Path, *, as_json: bool) -> ExitCode:
    """Print one line for each thing a run needs, as they are looked at, or one JSON document."""
    checks: list[Check] = []
    async for check in examine_profile(path, settings, workdir):
        checks.append(check)
        if not as_json:
            print(check_line(check), flush=True)
    if as_json:
        rows = [
            {"name": check.name, "state": _STATES[check.state].lower(), "line": check.line, "mend": check.mend}
            for check in checks
        ]
        print(json.dumps({"ok": code_of_checks(checks) == ExitCode.DONE, "checks": rows}, ensure_ascii=False))
    return code_of_checks(checks)


_STATES = {CheckState.OK: "ok", CheckState.NOTE: "warn", CheckState.FAULT: "FAIL", CheckState.SKIPPED: "-"}


def check_line(check: Check) -> str:
    """Return a check for a terminal, without anything that could steer it."""
    line = f"{check.line} — {check.mend}" if check.mend else check.line
    return redact(f"{_STATES[check.state]:6}{check.name:16}{sanitise_line(line, 400)}")


async def export(settings: Settings, workdir: Path, directory: Path, *, with_media: bool, as_json: bool) -> ExitCode:
    """Write the local archive into a folder and print what it holds."""
    log = EventLog(time.time)
    log.listen(lambda line: print(f"{line.level.name.lower():8}{line.text}", file=sys.stderr))
    task = asyncio.ensure_future(export_archive(settings, workdir, directory, log, with_media=with_media))
    ended: list[ExitCode] = []

    def stop(code: ExitCode) -> None:
        ended.append(code)
        task.cancel()

    loop = asyncio.get_running_loop()
    signals = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
    for number, code in signals.items():
        loop.add_signal_handler(number, stop, code)
    try:
        count = await task
    except asyncio.CancelledError:
        if not ended:
            raise
        return ended[0]
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
    if as_json:
        print(msgspec.json.encode(count).decode())
    else:
        print(f"{directory}: {count.messages:,} messages, {count.channels:,} channels, {count.files:,} files")
    return ExitCode.INCOMPLETE if count.missing else ExitCode.DONE


@contextlib.asynccontextmanager
async def _stoppable(control: RunControl) -> AsyncGenerator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def ask(reason: str) -> None:
        if control.is_stopping or not control.stop(reason):
            control.cancel()
            task.cancel()

    signals: Mapping[signal.Signals, str] = {
        signal.SIGINT: "interrupted",
        signal.SIGTERM: "terminated",
        signal.SIGHUP: "terminated",
    }
    for number, reason in signals.items():
        loop.add_signal_handler(number, ask, reason)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _window(control: RunControl, until: float | None) -> AsyncGenerator[None]:
    if until is None:
        yield
        return
    handle = asyncio.get_running_loop().call_later(max(0.0, until - time.time()), control.stop, WINDOW_OVER)
    try:
        yield
    finally:
        handle.cancel()


@contextlib.asynccontextmanager
async def _narrated(workspace: OpenWorkspace, output: Output) -> AsyncGenerator[None]:
    def tell(line: LogLine) -> None:
        if output.as_json_lines:
            document = {"at": line.at, "level": line.level.name.lower(), "text": line.text}
            if line.channel_id is not None:
                document["channel_id"] = str(line.channel_id)
            print(json.dumps(document, ensure_ascii=False), flush=True)
        elif line.level >= Level.INFO and not output.is_quiet:
            print(f"{line.level.name.lower():8}{line.text}", file=sys.stderr)

    unlisten = workspace.log.listen(tell)
    ticker = asyncio.create_task(_tick(workspace, output, asyncio.sleep))
    try:
        yield
    finally:
        ticker.cancel()
        unlisten()


async def _tick(workspace: OpenWorkspace, output: Output, sleep: Callable[[float], Awaitable[None]]) -> None:
    while True:
        await sleep(TICK_SECONDS)
        if workspace.control.is_active:
            snapshot = workspace.progress.snapshot(workspace.control.state)
            if output.as_json_lines:
                print(json.dumps(_tick_document(snapshot)), flush=True)
            elif not output.is_quiet:
                print(_tick_line(snapshot), file=sys.stderr)


def _tick_document(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "at": snapshot.now,
        "state": snapshot.state.value,
        "phase": snapshot.phase.value,
        "settled": snapshot.settled,
        "expected": snapshot.expected,
        "rate_per_minute": round(snapshot.rate_per_minute, 1),
        "live": None if snapshot.live is None else msgspec.to_builtins(snapshot.live),
    }


def _tick_line(snapshot: Snapshot) -> str:
    if snapshot.hold:
        return f"holding {snapshot.hold}"
    if not snapshot.expected:
        return f"{snapshot.phase.value:10}{snapshot.note or f'{snapshot.structure_done} of {snapshot.structure_total}'}"
    if snapshot.live is not None and snapshot.phase is Phase.LIVE:
        return _live_line(snapshot.live)
    eta = "" if snapshot.eta_seconds is None else f", {duration(snapshot.eta_seconds)} left"
    return (
        f"{snapshot.state.value:8}{snapshot.settled:,} of {snapshot.expected:,} messages, "
        f"{snapshot.rate_per_minute:,.0f} a minute{eta}"
    )


def _live_line(live: LiveProgress) -> str:
    if not live.is_connected:
        return f"live    connecting again: {live.note or 'no connection yet'}"
    latency = (
        "" if live.latency_p50 is None else f", {live.latency_last:.1f} s behind (median {live.latency_p50:.1f} s)"
    )
    return f"live    {live.mirrored:,} messages mirrored, {live.waiting:,} waiting{latency}"


def _print_summary(summary: Summary, output: Output) -> None:
    if output.as_json or output.as_json_lines:
        print(msgspec.json.encode(summary).decode(), flush=True)
    else:
        print(text_report(summary))
