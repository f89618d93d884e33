"""Kills clones with SIGKILL, resumes them, and compares both sides through their public APIs.

    python benchmarks/chaos.py --kills 200 --seed 3
    python benchmarks/chaos.py --kills 50 --fault reset-after-store --fault rate-limit-storm
    python benchmarks/chaos.py --kills 10 --faults all
    python benchmarks/chaos.py --kills 20 --generation current
    python benchmarks/chaos.py --kills 20 --against my-profile.toml

Exit status 1 when anything was lost, doubled, out of order or changed, or when a run did not end well.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from comparison import Difference, compare
from history import Side, read_source, read_target
from kill_points import POINTS, RANDOM, strike
from programs import Control, Run, finish, sandbox

from reaper_tui.profile.secrets import resolve_secret
from reaper_tui.profile.settings import load_settings, save_settings
from reaper_tui.sandbox.faults import KNOWN

IDLE_ROUNDS = 6
# Some messages were refused; a token, a permission or a server was missing and the run says to try again.
INCOMPLETE, RESUMABLE = 1, (3, 4)
WHAT_THE_BOT_SEES = ("no-history", "hidden-channels")
# With these a run says at once what is missing, and ends.
UNABLE = ("no-message-content", "no-history", "token-revoked", "permission-revoked", "outage")
EARLY = ("mid-structure", "mid-capture")


@dataclass
class Outcome:
    """What came of all rounds."""

    kills: Counter[str] = field(default_factory=Counter[str])
    struck: Counter[str] = field(default_factory=Counter[str])
    difference: Difference = field(default_factory=Difference)
    failures: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    clones: int = 0

    def add(self, other: Outcome) -> None:
        """Count another outcome in."""
        self.kills.update(other.kills)
        self.struck.update(other.struck)
        self.difference.add(other.difference)
        self.failures += other.failures
        self.notes += other.notes
        self.clones += other.clones

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return self.difference.is_clean and not self.failures

    def short(self) -> dict[str, Any]:
        """The figures that matter most."""
        found = self.difference
        figures = {"kills": self.kills.total(), "lost": found.lost, "doubled": found.doubled}
        figures |= {"out_of_order": found.out_of_order, "changed": found.changed, "placeholders": found.placeholders}
        return figures | {"struck": self.struck.total(), "failures": len(self.failures)}

    def document(self, seconds: float) -> dict[str, Any]:
        """The figures as JSON."""
        found = self.difference
        figures: dict[str, Any] = {
            "kills": self.kills.total(),
            "lost": found.lost,
            "doubled": found.doubled,
            "out_of_order": found.out_of_order,
            "changed": found.changed,
        }
        for name in ("lost", "doubled", "out_of_order"):
            figures[f"{name}_ratio"] = round(getattr(found, name) / max(1, found.messages), 6)
        return figures | {
            "messages": found.messages,
            "placeholders": found.placeholders,
            "excluded": found.excluded,
            "clones": self.clones,
            "kills_by_point": dict(sorted(self.kills.items())),
            "faults_struck": dict(sorted(self.struck.items())),
            "failures": self.failures,
            "notes": self.notes,
            "details": found.details,
            "seconds": round(seconds, 1),
        }


@dataclass(frozen=True)
class Plan:
    """What the command line asked for."""

    kills: int
    faults: tuple[str, ...]
    points: tuple[str, ...]
    chance: random.Random
    longest: float
    patience: float
    run_options: tuple[str, ...]


@click.command()
@click.option("--kills", default=20, show_default=True, type=click.IntRange(0, 100_000))
@click.option("--seed", default=1, show_default=True, help="Decides the moments, and the community.")
@click.option("--fault", "faults", multiple=True, help="A sandbox fault that is on all the time; may be repeated.")
@click.option("--faults", "each", default="", metavar="NAME,…|all", help="Faults to go through, one after another.")
@click.option("--generation", default="2026-02", show_default=True, help="Which Fluxer server the sandbox is.")
@click.option("--point", "points", multiple=True, type=click.Choice([RANDOM, *POINTS]), help="Only such moments.")
@click.option("--messages", default=500, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--channels", default=5, show_default=True, type=click.IntRange(1, 500))
@click.option("--speed", default=20.0, show_default=True, type=click.FloatRange(0, 10_000, min_open=True))
@click.option("--max-rate", default="1500/min", show_default=True, help="Paces the runs that are killed.")
@click.option("--longest", default=2.6, show_default=True, help="A random kill comes after so many seconds at most.")
@click.option("--patience", default=300.0, show_default=True, help="Seconds that the last run may take.")
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="This profile's servers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of words.")
def main(
    kills: int,
    seed: int,
    faults: tuple[str, ...],
    each: str,
    generation: str,
    points: tuple[str, ...],
    messages: int,
    channels: int,
    speed: float,
    max_rate: str,
    longest: float,
    patience: float,
    against: Path | None,
    as_json: bool,
) -> None:
    """Kill clones again and again, resume them, and compare source and target."""
    if against is not None and (faults or each or set(points) - {RANDOM}):
        raise click.UsageError("faults and named points need the sandbox; --against knows random kills only")
    chosen = points or ((RANDOM,) if against is not None else (RANDOM, RANDOM, RANDOM, *POINTS))
    options = ("--max-rate", max_rate) if max_rate else ()
    shape = ("--messages", messages, "--channels", channels, "--speed", speed, "--generation", generation)
    total = Outcome()
    by_fault: dict[str, Any] = {}
    began = time.monotonic()
    for campaign in _campaigns(faults, each):
        plan = Plan(kills, campaign, chosen, random.Random(seed), longest, patience, options)
        outcome = Outcome()
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="reaper-tui-chaos-") as scratch:
            if against is not None:
                _clone_against(against, Path(scratch), plan, outcome)
            else:
                _clone_sandboxes(Path(scratch), tuple(map(str, shape)), seed, plan, outcome)
        total.add(outcome)
        if each:
            by_fault["+".join(campaign)] = outcome.short()
            seconds = time.monotonic() - started
            _say(f"{'+'.join(campaign)}: {outcome.kills.total()} kills, {_counts(outcome.difference)}, {seconds:.0f} s")
    document = total.document(time.monotonic() - began) | ({"by_fault": by_fault} if each else {})
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
    else:
        for name, value in document.items():
            rows = [f"{key}: {row}" for key, row in value.items()] if name == "by_fault" else value
            shown = "".join(f"\n  {line}" for line in rows) if isinstance(rows, list) else rows
            print(f"{name} {shown or 0}")
    sys.exit(0 if total.is_clean else 1)


def _campaigns(together: tuple[str, ...], each: str) -> list[tuple[str, ...]]:
    """Return the sets of faults to go through: those that are on all the time, and one more at a time."""
    if not each:
        return [together]
    names = KNOWN if each == "all" else tuple(name.strip() for name in each.split(",") if name.strip())
    return [(*together, name) for name in names]


def _clone_sandboxes(scratch: Path, shape: tuple[str, ...], seed: int, plan: Plan, outcome: Outcome) -> None:
    """Clone one sandbox after another until there were enough kills."""
    while not outcome.clones or outcome.kills.total() < plan.kills:
        before = outcome.kills.total()
        sized = (*shape, "--seed", str(seed + outcome.clones))
        _clone_sandbox(scratch / str(outcome.clones), sized, plan, outcome)
        _say(f"clone {outcome.clones}: {outcome.kills.total()} of {plan.kills} kills, {_counts(outcome.difference)}")
        if outcome.kills.total() == before and plan.kills:
            if any(fault.split(":")[0] in UNABLE for fault in plan.faults):
                outcome.notes.append(f"no kill under {'+'.join(plan.faults)}: a run refuses to begin")
            else:
                outcome.failures.append("no kill struck a run at work")
            break


def _clone_sandbox(home: Path, shape: tuple[str, ...], plan: Plan, outcome: Outcome) -> None:
    home.mkdir()
    profile = home / "chaos.toml"
    options = [option for fault in plan.faults for option in ("--fault", fault)]
    with sandbox(home, profile, *shape, *options) as facts:
        _mark_every_time(profile, profile)
        control = Control(facts["control"])
        ended_under_faults = _kill_and_finish(home, profile, control, plan, outcome)
        control.set([fault for fault in plan.faults if fault in WHAT_THE_BOT_SEES and ended_under_faults])
        control.close()
        discord, fluxer = facts["discord"], facts["fluxer"]
        _compare(
            Side(discord["api_base"], discord["token"], discord["guild_id"]),
            Side(fluxer["api_base"], fluxer["token"], fluxer["community_id"]),
            outcome,
        )


def _clone_against(original: Path, home: Path, plan: Plan, outcome: Outcome) -> None:
    profile = home / "chaos.toml"
    settings = _mark_every_time(original, profile)
    _kill_and_finish(home, profile, None, plan, outcome)
    discord, fluxer = settings.discord, settings.fluxer
    api_base = fluxer.api_base or f"{fluxer.instance.rstrip('/')}/api/v1"
    _compare(
        Side(discord.api_base, resolve_secret(discord.token, "Discord token").reveal(), discord.guild_id),
        Side(api_base, resolve_secret(fluxer.token, "Fluxer token").reveal(), fluxer.community_id),
        outcome,
    )


def _kill_and_finish(home: Path, profile: Path, control: Control | None, plan: Plan, outcome: Outcome) -> bool:
    """Kill runs until there are enough kills or nothing is left to do, then let one come to its end.

    Return whether what stands is what a run made under the faults.
    """
    outcome.clones += 1
    idle = landed = 0
    while outcome.kills.total() < plan.kills and idle < IDLE_ROUNDS:
        is_young = landed < len(EARLY)
        candidates = [point for point in plan.points if (point in EARLY) is is_young] or list(plan.points)
        run = Run(home, profile, *plan.run_options)
        point = strike(run, plan.chance.choice(candidates), control, plan.faults, plan.chance, plan.longest)
        if point:
            outcome.kills[point] += 1
            landed, idle = landed + 1, 0
        elif run.process.returncode == 0:
            break
        else:
            idle += 1
    code, said = finish(home, profile, plan.patience)
    if control is not None:
        outcome.struck.update(control.struck())
    if code == 0:
        return True
    line = f"clone {outcome.clones} ended with exit status {code}: {_short(said)}"
    if control is None or not plan.faults or code not in (INCOMPLETE, *RESUMABLE):
        outcome.failures.append(line)
    else:
        outcome.notes.append(f"under its faults {line}")
    if control is not None and plan.faults:
        control.set([])
        code, said = finish(home, profile, plan.patience)
        if code not in (0, INCOMPLETE):
            outcome.failures.append(f"without faults clone {outcome.clones} ended with {code}: {_short(said)}")
    return False


def _compare(source: Side, target: Side, outcome: Outcome) -> None:
    outcome.difference.add(compare(read_source(source), read_target(target)))


def _mark_every_time(original: Path, copy: Path) -> Any:
    """Write a profile whose posts all carry their original time, by which they are found again."""
    settings = load_settings(original)
    settings.copy.timestamps = "every"
    save_settings(copy, settings)
    return settings


def _short(said: str) -> str:
    try:
        summary = json.loads(said)
    except ValueError:
        return said[-400:]
    kept = ("state", "messages", "verify", "note", "failures")
    return json.dumps({name: summary.get(name) for name in kept}, ensure_ascii=False)[:1200]


def _counts(found: Difference) -> str:
    return f"{found.messages} messages: {found.lost} lost, {found.doubled} doubled, {found.out_of_order} out of order"


def _say(line: str) -> None:
    print(f"chaos: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
