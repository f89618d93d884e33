"""The door: bad input gets one clear line and its own exit code."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reaper_tui
from tests import processes

ANSWERS_IN_ONE_LINE = re.compile(r"\Areaper-tui: [^\n]+\n\Z")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """A running sandbox: its home, its facts, and the text of a profile that fits it."""
    home = tmp_path_factory.mktemp("servers")
    profile = home / "good.toml"
    with processes.sandbox(home, profile, "--messages", "40", "--channels", "2", "--speed", "200") as facts:
        yield home, facts, profile.read_text()


def profile_with(home: Path, text: str, name: str = "tried.toml") -> Path:
    path = home / name
    path.write_text(text)
    return path


def refusal(finished: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on stderr of a command that was refused with a code."""
    assert (finished.returncode, finished.stdout) == (code, "")
    assert ANSWERS_IN_ONE_LINE.match(finished.stderr), finished.stderr
    return finished.stderr


def test_version_is_told(tmp_path: Path) -> None:
    assert reaper_tui.__version__ in processes.run(tmp_path, "--version").stdout


def test_a_missing_token_is_named(tmp_path: Path) -> None:
    profile = profile_with(tmp_path, '[discord]\nguild_id = "1"\n[fluxer]\ntoken = "x"\ncommunity_id = "2"\n')
    assert "Discord token is missing" in refusal(processes.run(tmp_path, "run", str(profile)), 2)


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    profile = profile_with(
        tmp_path, '[discord]\ntoken = "env:NOT_SET_HERE"\nguild_id = "1"\n[fluxer]\ntoken = "x"\ncommunity_id = "2"\n'
    )
    assert "NOT_SET_HERE" in refusal(processes.run(tmp_path, "run", str(profile)), 2)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[discord\n", "not valid TOML"),
        ("version = 99\n", "version 99"),
        ("[discord]\nguild = 1\n", "guild"),
        ('[discord]\ntoken = "x"\nguild_id = "twelve"\n[fluxer]\ntoken = "x"\ncommunity_id = "2"\n', "guild_id"),
        ('[copy]\nthreads = "sideways"\n', "threads"),
        ('[discord]\napi_base = "gopher://x"\n', "api_base"),
    ],
)
def test_an_unreadable_profile_is_named_with_its_place(tmp_path: Path, text: str, named: str) -> None:
    profile = profile_with(tmp_path, text)
    assert named in refusal(processes.run(tmp_path, "plan", str(profile)), 2)


def test_a_profile_that_is_not_there(tmp_path: Path) -> None:
    assert "nowhere" in refusal(processes.run(tmp_path, "run", "nowhere"), 2)
    assert "nowhere" in refusal(processes.run(tmp_path, "nowhere"), 2)


def test_a_wrong_guild_id(servers: tuple[Path, dict[str, Any], str], tmp_path: Path) -> None:
    _, facts, text = servers
    profile = profile_with(tmp_path, text.replace(facts["discord"]["guild_id"], "1379006624563299999"))
    assert "1379006624563299999" in refusal(processes.run(tmp_path, "run", str(profile), "--json"), 2)


def test_a_wrong_community_id(servers: tuple[Path, dict[str, Any], str], tmp_path: Path) -> None:
    _, facts, text = servers
    profile = profile_with(tmp_path, text.replace(facts["fluxer"]["community_id"], "1379006624563299999"))
    finished = processes.run(tmp_path, "plan", str(profile))
    assert finished.returncode in (2, 3)
    assert finished.stderr.splitlines()[-1].startswith("reaper-tui: ")


@pytest.mark.parametrize("side", ["discord", "fluxer"])
def test_a_bad_token_is_told_without_showing_it(
    servers: tuple[Path, dict[str, Any], str], tmp_path: Path, side: str
) -> None:
    _, facts, text = servers
    profile = profile_with(tmp_path, text.replace(facts[side]["token"], "1234567890.canarycanarycanary"))
    finished = processes.run(tmp_path, "plan", str(profile))
    assert finished.returncode == 3
    assert side in finished.stderr.lower()
    assert "canary" not in finished.stdout + finished.stderr


def test_a_server_that_is_not_there(servers: tuple[Path, dict[str, Any], str], tmp_path: Path) -> None:
    _, facts, text = servers
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/api/v10"
    profile = profile_with(tmp_path, text.replace(facts["discord"]["api_base"], address))
    assert processes.run(tmp_path, "plan", str(profile)).returncode == 4


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert port in refusal(processes.run(tmp_path, "sandbox", "--fluxer-port", port), 2)


def test_no_terminal(tmp_path: Path) -> None:
    assert "terminal" in refusal(processes.run(tmp_path, "demo"), 2)
    assert processes.run(tmp_path).returncode == 2


def test_a_second_process_is_refused_naming_the_first(
    servers: tuple[Path, dict[str, Any], str], tmp_path: Path
) -> None:
    profile = profile_with(tmp_path, servers[2])
    first = processes.start(tmp_path, "run", str(profile), "--max-rate", "6/min")
    lock = tmp_path / "tried.reaper" / "lock"
    deadline = time.monotonic() + 20
    while not (lock.exists() and lock.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        assert str(first.pid) in refusal(processes.run(tmp_path, "run", str(profile)), 5)
    finally:
        first.terminate()
        assert first.wait(timeout=30) == 143


def test_a_plan_writes_nothing_and_a_run_matches_it(tmp_path: Path) -> None:
    profile = tmp_path / "tried.toml"
    with processes.sandbox(tmp_path, profile, "--messages", "40", "--channels", "2", "--speed", "200") as facts:
        before = processes.posts(facts)
        planned = json.loads(processes.run(tmp_path, "plan", str(profile), "--json").stdout)
        assert processes.posts(facts) == before
        finished = processes.run(tmp_path, "run", str(profile), "--json")
        assert finished.returncode == 0, finished.stderr
        summary = json.loads(finished.stdout)
        assert summary["messages"]["source"] == planned["messages"] == 40
        assert json.loads(processes.run(tmp_path, "report", str(profile), "--json").stdout) == summary
        assert "complete" in processes.run(tmp_path, "report", str(profile), "--markdown").stdout
        assert json.loads(processes.run(tmp_path, "verify", str(profile), "--json").stdout)["missing"] == 0


@pytest.mark.parametrize("option", [("--until", "noon"), ("--max-rate", "fast"), ("--since", "yesterday")])
def test_an_option_with_a_wrong_value(
    servers: tuple[Path, dict[str, Any], str], tmp_path: Path, option: tuple[str, str]
) -> None:
    profile = profile_with(tmp_path, servers[2])
    assert option[1] in refusal(processes.run(tmp_path, "run", str(profile), *option), 2)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_complete(tmp_path: Path, shell: str) -> None:
    script = processes.run(tmp_path, "completion", shell)
    assert script.returncode == 0 and "_REAPER_TUI_COMPLETE" in script.stdout


def test_where_never_shows_a_secret(servers: tuple[Path, dict[str, Any], str], tmp_path: Path) -> None:
    _, facts, text = servers
    shown = processes.run(tmp_path, "where", str(profile_with(tmp_path, text))).stdout
    assert "discord.token" in shown and "default" in shown
    assert facts["discord"]["token"] not in shown and facts["fluxer"]["token"] not in shown


def test_a_report_needs_neither_lease_nor_token(servers: tuple[Path, dict[str, Any], str], tmp_path: Path) -> None:
    _, facts, text = servers
    profile = profile_with(tmp_path, text)
    assert "never run" in refusal(processes.run(tmp_path, "report", str(profile)), 2)
    first = processes.start(tmp_path, "run", str(profile), "--max-rate", "6/min")
    try:
        deadline = time.monotonic() + 20
        report = processes.run(tmp_path, "report", str(profile), "--json")
        while report.returncode == 2 and time.monotonic() < deadline:
            report = processes.run(tmp_path, "report", str(profile), "--json")
        assert report.returncode == 10, report.stderr
        assert json.loads(report.stdout)["state"] == "running"
    finally:
        first.terminate()
        assert first.wait(timeout=30) == 143
    profile_with(tmp_path, text.replace(facts["discord"]["token"], "env:NOT_SET_HERE"))
    report = processes.run(tmp_path, "report", str(profile), "--json")
    assert report.returncode == 143 and json.loads(report.stdout)["state"] == "stopped"
