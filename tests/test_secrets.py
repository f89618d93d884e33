"""No token, webhook token or signed link in what a command tells or writes, nor where other users look."""

from __future__ import annotations

import logging
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from reaper_tui import cli
from reaper_tui.logbook import never_show
from tests import processes

CANARY = "MTA5.canary.thatnobodymayeversee0123456789abcdef"
SIGNATURES = ("hm=", "&is=", "?ex=")


def webhook_tokens(facts: dict[str, Any]) -> list[str]:
    fluxer = facts["fluxer"]
    reply = httpx.get(
        f"{fluxer['api_base']}/guilds/{fluxer['community_id']}/webhooks",
        headers={"Authorization": f"Bot {fluxer['token']}"},
    )
    return [hook["token"] for hook in reply.json()]


@pytest.mark.timeout(240)
def test_every_command_keeps_them_to_itself(tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    faults = ("--fault", "error-500:probability=0.05", "--fault", "content-blocked", "--fault", "cdn-404")
    with processes.sandbox(
        tmp_path, profile, "--messages", "80", "--channels", "2", "--speed", "200", *faults
    ) as facts:
        running = processes.start(tmp_path, "run", str(profile), "--max-rate", "300/min")
        seen: list[str] = []
        deadline = time.monotonic() + 10
        while running.poll() is None and time.monotonic() < deadline and len(seen) < 20:
            if sys.platform == "linux":
                seen.append(Path(f"/proc/{running.pid}/cmdline").read_text(errors="replace"))
            time.sleep(0.05)
        running.terminate()
        running.wait(timeout=30)
        commands = (
            ("plan", "--json"),
            ("run", "--json-lines"),
            ("verify", "--json"),
            ("retry", "--json"),
            ("report", "--json"),
            ("report", "--markdown"),
            ("doctor", "--json"),
            ("export", "--to", str(tmp_path / "out")),
            ("where",),
        )
        for name, *options in commands:
            done = processes.run(tmp_path, name, str(profile), *options)
            assert done.returncode in (0, 1), (name, done.stderr)
            seen += [done.stdout, done.stderr]
        seen.append(processes.run(tmp_path, "logs", "-n", "10000").stdout)
        secrets = [facts["discord"]["token"], facts["fluxer"]["token"], *webhook_tokens(facts)]
    assert len(secrets) > 2 and all(len(secret) > 20 for secret in secrets)
    exported = list((tmp_path / "out").rglob("*.json*"))
    logs = list(tmp_path.rglob("*.log*"))
    assert exported and logs
    seen += [path.read_text(errors="replace") for path in (*exported, *logs)]
    for text in seen:
        assert not [secret for secret in secrets if secret in text]
        assert not [mark for mark in SIGNATURES if any(f"{mark}{digit}" in text for digit in "0123456789abcdef")]
    with sqlite3.connect(tmp_path / "p.reaper" / "journal.db") as journal:
        kept = "\n".join(str(row) for row in journal.iterdump() if 'INSERT INTO "message"' not in row)
    journal.close()
    assert not [secret for secret in secrets if secret in kept]
    private = [path for path in (tmp_path / "p.reaper").rglob("*") if path.is_file()] + [profile, *logs]
    assert not [path.name for path in private if path.stat().st_mode & 0o077]


def test_an_unexpected_error_keeps_them_out_of_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Paths:
        log_file = tmp_path / "x.log"

    def breaks(**_: object) -> None:
        hook = f"https://fluxer.example/webhooks/1456/{CANARY.replace('.', '-')}"
        raise RuntimeError(f"Authorization: Bot {CANARY} at {hook}?token={CANARY}")

    root = logging.getLogger()
    handlers = list(root.handlers)
    monkeypatch.setattr(cli, "default_paths", Paths)
    monkeypatch.setattr(cli.cli, "main", breaks)
    never_show(CANARY)
    try:
        with pytest.raises(SystemExit) as left:
            cli.main()
        logging.getLogger("x").warning("with %s", CANARY)
    finally:
        for handler in [handler for handler in root.handlers if handler not in handlers]:
            root.removeHandler(handler)
            handler.close()
        for handler in handlers:
            root.addHandler(handler)
    assert left.value.code == 1
    told = capsys.readouterr()
    written = (tmp_path / "x.log").read_text()
    assert "RuntimeError" in written and "trace" in written
    assert "canary" not in told.out + told.err + written
    assert str(tmp_path / "x.log") in told.err
