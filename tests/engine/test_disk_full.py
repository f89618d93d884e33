"""A disk that runs full in the middle of a run ends it with one clear line; with room again the rest goes over."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reaper_tui.exit_codes import ExitCode, code_of_error
from reaper_tui.media import sink, spool
from reaper_tui.model.errors import CloneError, JournalError, SpoolFull
from reaper_tui.model.summary import Summary
from tests import processes
from tests.engine.world import World, small_world

ONE_LINE = re.compile(r"\Areaper-tui: [^\n]*is full[^\n]*\n\Z")
FILE_BYTES = 2_000_000


async def run(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.run(world.settings)


def assert_told(error: CloneError) -> None:
    assert "is full" in error.line() and "free some space" in error.line() and "\n" not in error.line()
    assert code_of_error(error) is ExitCode.USAGE


def lengths(world: World) -> dict[str, int]:
    return {key: len(rows) for key, rows in world.posts().items()}


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many posts stand in each channel after a run that never met a full disk."""

    async def clone() -> dict[str, int]:
        async with small_world(tmp_path_factory.mktemp("calm") / "p", messages=120) as world:
            assert (await run(world)).is_faithful
            return lengths(world)

    return asyncio.run(clone())


@pytest.mark.parametrize("pages", [4, 20])
async def test_the_journal_s_disk_runs_full(tmp_path: Path, calm: dict[str, int], pages: int) -> None:
    async with small_world(tmp_path / "p", messages=120) as world:
        async with world.workspace() as workspace:
            journal = workspace.clone.journal

            def cap(raw: Any) -> None:
                # SQLite itself then answers as it does on a full disk.
                now = raw.execute("PRAGMA page_count").fetchone()[0]
                raw.execute(f"PRAGMA max_page_count = {now + pages}")

            await journal._connection.write(cap)
            with pytest.raises(JournalError) as caught:
                await workspace.run(world.settings)
            assert_told(caught.value)
            assert not workspace.control.is_active
        summary = await run(world)
        assert summary.is_faithful, summary
        assert lengths(world) == calm


async def test_the_spool_s_disk_runs_full(
    tmp_path: Path, calm: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    async with small_world(tmp_path / "p", messages=120) as world:
        fresh = sink.DiskSink._open
        opened = 0

        def full(sink: Any) -> io.FileIO:
            nonlocal opened
            opened += 1
            return fresh(sink) if opened < 4 else io.FileIO("/dev/full", "w")

        with monkeypatch.context() as patch:
            patch.setattr(spool, "SMALL_BYTES", 0)
            patch.setattr(sink.DiskSink, "_open", full)
            with pytest.raises(SpoolFull) as caught:
                await run(world)
        assert_told(caught.value)
        assert opened >= 4
        summary = await run(world)
        assert summary.is_faithful and summary.attachments.sent == summary.attachments.source
        assert lengths(world) == calm


@pytest.mark.timeout(180)
def test_a_process_that_may_write_no_more_says_so_in_one_line_and_resumes(tmp_path: Path) -> None:
    profile = tmp_path / "small.toml"
    shape = ("--messages", "400", "--channels", "3", "--speed", "200", "--seed", "9")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, resource.RLIM_INFINITY))

    with processes.sandbox(tmp_path, profile, *shape) as facts:
        cut = subprocess.run(
            [*processes.PROGRAM, "run", str(profile), "--json"],
            capture_output=True,
            text=True,
            timeout=100,
            env=processes.environment(tmp_path),
            preexec_fn=limited,
            check=False,
        )
        assert cut.returncode == 2, cut.stderr
        assert ONE_LINE.match(cut.stderr.splitlines(keepends=True)[-1]), cut.stderr
        assert "Traceback" not in cut.stderr
        before = sum(len(rows) for rows in processes.posts(facts).values())
        finished = processes.run(tmp_path, "run", str(profile), "--json")
        assert finished.returncode == 0, finished.stdout + finished.stderr
        summary = json.loads(finished.stdout)
        assert 0 < before < summary["messages"]["sent"]
        assert summary["verify"]["missing"] == summary["verify"]["extra"] == 0
    assert os.path.getsize(tmp_path / "small.reaper" / "journal.db") > 0
