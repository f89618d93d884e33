from __future__ import annotations

from pathlib import Path

import pytest

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.preferences import Notifications, Preferences, load_preferences, save_preferences


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "app" / "preferences.toml"
    assert load_preferences(path) == Preferences()
    chosen = Preferences(
        theme="plain",
        keys={"channels.invert": "z"},
        notifications=Notifications(bell=False, command=["say", "{state}"]),
    )
    save_preferences(path, chosen)
    assert load_preferences(path) == chosen
    assert "toast" not in path.read_text()
    assert [entry.name for entry in path.parent.iterdir()] == ["preferences.toml"]


@pytest.mark.parametrize("text", ["theme = 3", "colour = 'red'", "theme = ", "\x00"])
def test_a_broken_file_is_named_with_the_mend(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preferences.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_preferences(path)
    assert str(path) in str(caught.value)
    assert caught.value.mend


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("")
    with pytest.raises(ConfigurationError):
        save_preferences(tmp_path / "app" / "preferences.toml", Preferences(theme="light"))
