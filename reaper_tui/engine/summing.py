"""The summary of a profile: totals from the journal, the last run's outcome and requests."""

from __future__ import annotations

import msgspec

from reaper_tui.engine.progress import ChannelState, Progress
from reaper_tui.journal import queries
from reaper_tui.journal.changes import change_counts, unapplied_changes
from reaper_tui.journal.journal import Journal
from reaper_tui.model.summary import Failure, HttpCount, Party, RunTotal, Summary, Verification

CUT_OFF = "cut off"


async def summarise(journal: Journal, progress: Progress | None = None) -> Summary:
    """Return the last run's summary; `progress` adds the channels that stopped early in the run at hand."""
    facts = await journal.read(lambda raw: dict(raw.execute("SELECT name, value FROM fact").fetchall()))
    run = await journal.read(
        lambda raw: raw.execute(
            "SELECT id, iif(ended_at IS NULL, 'stopped', state), iif(ended_at IS NULL, ?, note), requests, "
            "status_429, retries, limit_wait_s, peak_rss_mb, verification, started_at, coalesce(ended_at, started_at) "
            "FROM run ORDER BY id DESC LIMIT 1",
            (CUT_OFF,),
        ).fetchone()
    )
    total = await journal.read(
        lambda raw: raw.execute(
            "SELECT count(*), total(requests), total(status_429), total(retries), total(limit_wait_s), "
            "total(coalesce(ended_at, started_at) - started_at) FROM run"
        ).fetchone()
    )
    failures = [*await journal.read(queries.unsettled_messages), *await journal.read(queries.ledger)]
    failures += await journal.read(unapplied_changes)
    mappings = await journal.read(queries.mappings)
    failures += [Failure(row.kind, row.name, row.reason) for row in mappings if row.outcome == "failed"]
    failures += [
        Failure("channel", tally.name, tally.note, str(tally.id))
        for tally in (progress.channels.values() if progress else ())
        if tally.state in (ChannelState.FAILED, ChannelState.INCOMPLETE)
    ]
    verification = msgspec.json.decode(run[8], type=Verification) if run and run[8] else None
    return Summary(
        run_id=run[0] if run else 0,
        state=run[1] if run else "idle",
        source=Party(facts.get("guild_id", ""), facts.get("guild_name", "")),
        target=Party(facts.get("community_id", ""), facts.get("community_name", "")),
        structure=await journal.read(queries.structure_count),
        messages=await journal.read(queries.message_count),
        attachments=await journal.read(queries.attachment_count),
        http=HttpCount(run[3], run[4], run[5], round(run[6], 1)) if run else HttpCount(),
        verify=verification,
        duration_s=round(run[10] - run[9], 1) if run else 0.0,
        peak_rss_mb=round(run[7], 1) if run else 0.0,
        note=run[2] if run else "",
        total=RunTotal(total[0], int(total[1]), int(total[2]), int(total[3]), round(total[4], 1), round(total[5], 1)),
        failures=failures,
        changes=await journal.read(change_counts),
        exclusions=msgspec.json.decode(facts.get("exclusions", "[]"), type=list[str]),
    )
