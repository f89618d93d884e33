"""The export: everything that was read, whole or not at all, usable offline and without secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reaper_tui import headless
from reaper_tui.engine.export import fit_name, media_name, unsigned
from reaper_tui.exit_codes import ExitCode
from reaper_tui.model.errors import ConfigurationError, ServiceDown
from tests.engine.world import World, small_world

SIGNED = "https://cdn.example/a/1/x.png?ex=66f&is=66e&hm=abc&"


async def run(world: World) -> None:
    async with world.workspace() as workspace:
        await workspace.run(world.settings)


async def export(world: World, directory: Path, *, with_media: bool = True) -> ExitCode:
    return await headless.export(world.settings, world.home, directory, with_media=with_media, as_json=True)


def rows_of(directory: Path) -> list[dict[str, Any]]:
    paths = (directory / "channels").glob("*.jsonl")
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def attachments_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    snapshots = [snapshot["message"] for snapshot in row.get("message_snapshots", [])]
    return [file for carrier in (row, *snapshots) for file in carrier.get("attachments", [])]


async def test_every_message_and_file_is_there_once_and_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with small_world(tmp_path / "p", messages=120) as world:
        await run(world)
        place = tmp_path / "out"
        assert await export(world, place) == ExitCode.DONE
        told = json.loads(capsys.readouterr().out)
        rows = rows_of(place)
        assert len(rows) == len({row["id"] for row in rows}) == world.source_count() == told["messages"]
        index = json.loads((place / "archive.json").read_text())
        assert sum(channel["messages"] for channel in index["channels"]) == len(rows)
        assert all((place / channel["file"]).is_file() for channel in index["channels"])
        files = [file for row in rows for file in attachments_of(row)]
        assert files and told["missing"] == 0
        assert all((place / file["path"]).stat().st_size == file["size"] for file in files)
        sent = [row for row in rows if row["clone"]["class"] == "sent"]
        assert all(int(row["clone"]["message_id"]) in world.community.messages for row in sent)
        texts = "".join(path.read_text() for path in place.rglob("*.json*"))
        secrets = [world.settings.discord.token, world.settings.fluxer.token]
        secrets += [hook.token for hook in world.community.webhooks.values()]
        assert not [secret for secret in secrets if secret in texts]
        assert "hm=" not in texts and "?ex=" not in texts
        modes = {path.stat().st_mode & 0o077 for path in place.rglob("*")}
        assert modes == {0}


async def test_a_second_export_fetches_only_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with small_world(tmp_path / "p", messages=120) as world:
        await run(world)
        place = tmp_path / "out"
        world.sandbox.set_faults(("cdn-404:probability=0.5",))
        assert await export(world, place) == ExitCode.INCOMPLETE
        first = json.loads(capsys.readouterr().out)
        missing = [json.loads(line) for line in (place / "missing.jsonl").read_text().splitlines()]
        assert len(missing) == first["missing"] > 0
        assert not any((place / row["path"]).exists() for row in missing)
        world.sandbox.set_faults(())
        kept = {path: path.stat().st_ino for path in (place / "media").rglob("*") if path.is_file()}
        assert await export(world, place) == ExitCode.DONE
        assert (place / "missing.jsonl").read_text() == ""
        assert all(path.stat().st_ino == number for path, number in kept.items())
        assert not (place / ".partial").exists()


async def test_without_discord_the_texts_are_still_written(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=60) as world:
        await run(world)
        place = tmp_path / "out"
        world.sandbox.set_faults(("discord-outage",))
        assert await export(world, place, with_media=False) == ExitCode.DONE
        assert len(rows_of(place)) == world.source_count()


async def test_a_file_server_that_is_down_ends_it_resumably(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reaper_tui.engine.export.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("reaper_tui.engine.export.TRIES", 1)
    async with small_world(tmp_path / "p", messages=60) as world:
        await run(world)
        place = tmp_path / "out"
        world.settings.discord.cdn = "http://127.0.0.1:9/cdn"
        monkeypatch.setattr("reaper_tui.media.spool.MediaSpool.fetch", _down)
        with pytest.raises(ServiceDown):
            await export(world, place)
        assert len(rows_of(place)) == world.source_count()


async def _down(*_: object) -> None:
    raise ServiceDown("the file server cannot be reached")


async def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        place = tmp_path / "letters"
        with pytest.raises(ConfigurationError, match="never run"):
            await export(world, place)
        await run(world)
        place.mkdir()
        (place / "dear.txt").write_text("x")
        with pytest.raises(ConfigurationError, match="not empty"):
            await export(world, place)
        assert [path.name for path in place.iterdir()] == ["dear.txt"]
        (place / "dear.txt").unlink()
        (place / "archive.json").write_text('{"guild": {"id": "5"}}')
        with pytest.raises(ConfigurationError, match="another export"):
            await export(world, place)


def test_names_stay_inside_their_folder() -> None:
    assert media_name(7, "../../etc/passwd") == "7-etc-passwd" or "/" not in media_name(7, "../../etc/passwd")
    assert media_name(7, "a.tar.gz") == "7-a.tar.gz"
    assert media_name(7, "") == "7-unnamed"
    assert fit_name("..") == "unnamed"
    assert "/" not in fit_name("a/b\0c") and len(fit_name("x" * 500)) == 80


def test_links_lose_their_signatures_and_nothing_else() -> None:
    assert unsigned(SIGNED) == "https://cdn.example/a/1/x.png"
    assert unsigned(f"see {SIGNED}width=5 and <{SIGNED}>") == (
        "see https://cdn.example/a/1/x.png?width=5 and <https://cdn.example/a/1/x.png>"
    )
    assert unsigned({"a": ["what is this? ex=1"], "b": 2}) == {"a": ["what is this? ex=1"], "b": 2}
