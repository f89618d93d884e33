"""Which value won and from where; a secret is never among what is shown."""

from __future__ import annotations

from pathlib import Path

from reaper_tui.profile.origins import origins


def test_each_setting_tells_what_it_was_set_by(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[discord]\ntoken = "canary.token"\nguild_id = "1"\n[fluxer]\ntoken = "env:FLUXER"\n')
    rows = {row.name: row for row in origins(path, {"REAPER_DISCORD_GUILD_ID": "2", "REAPER_FLUXER_TOKEN": "canary2"})}
    assert (rows["discord.guild_id"].value, rows["discord.guild_id"].origin) == ("2", "REAPER_DISCORD_GUILD_ID")
    assert (rows["discord.token"].value, rows["discord.token"].origin) == ("•••", "profile")
    assert rows["fluxer.token"] == ("fluxer.token", "•••", "REAPER_FLUXER_TOKEN")
    assert rows["copy.threads"] == ("copy.threads", "auto", "default")
    assert "canary" not in str(rows)
    without = {row.name: row for row in origins(path, {})}
    assert without["fluxer.token"].value == "env:FLUXER"
