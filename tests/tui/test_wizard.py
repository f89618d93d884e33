from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.tui.invites import bot_id_in, invite_link
from reaper_tui.tui.screens.channels import ChannelsScreen
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.wizard import WizardScreen
from tests.tui.fakes import CANARY, FINDINGS, REFUSED, FakeBackend
from tests.tui.pilots import LARGE, SMALL, click, opened, press, settle, shown

DISCORD_TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ." + CANARY


async def enter(pilot: object, selector: str, text: str) -> None:
    """Paste a text into a field."""
    pilot.app.screen.query_one(selector, Input).value = text  # type: ignore[attr-defined]
    await settle(pilot)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_three_steps_make_a_profile_and_open_it(backend: FakeBackend, size: tuple[int, int]) -> None:
    async with opened(backend, size=size) as (app, pilot):
        await press(pilot, "n")
        assert "Step 1 of 3 · Where from: Discord" in shown(app)
        assert "Message Content" in shown(app)
        await enter(pilot, "#discord .token", DISCORD_TOKEN)
        await press(pilot, "enter")
        assert "✔ This is ReaperBot, in 2 servers." in shown(app)
        await press(pilot, "enter")
        assert "Step 2 of 3 · Where to: Fluxer" in shown(app)
        await enter(pilot, "#fluxer .token", CANARY)
        await press(pilot, "enter")
        assert "in 1 community" in shown(app)
        await press(pilot, "enter")
        assert "Step 3 of 3" in shown(app)
        assert "Rainy Day Cyclists → Cyclists on Fluxer" in shown(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, ChannelsScreen)
    saved = backend.saved["rainy-day-cyclists"]
    assert (saved.discord.guild_id, saved.fluxer.community_id) == ("11", "21")
    assert (saved.discord.token, saved.fluxer.token) == (DISCORD_TOKEN, CANARY)


async def test_a_token_is_never_shown(backend: FakeBackend) -> None:
    backend.check_gate.clear()
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", DISCORD_TOKEN)
        await press(pilot, "enter")
        assert "Checking…" in shown(app)
        assert CANARY[:12] not in shown(app)
        backend.check_gate.set()
        await settle(pilot)
        assert CANARY[:12] not in shown(app)
        assert CANARY not in repr([worker.description for worker in app.workers])


async def test_a_refused_token_says_the_mend_and_can_be_corrected(backend: FakeBackend) -> None:
    good, backend.discord = backend.discord, REFUSED
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", "wrong")
        await click(pilot, "#discord .check")
        assert "✖ Discord does not know this token — copy it again" in shown(app)
        backend.discord = good
        await enter(pilot, "#discord .token", "right")
        assert "does not know" not in shown(app)
        await click(pilot, "#discord .check")
        assert "This is ReaperBot" in shown(app)


async def test_a_missing_variable_is_named(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", "env:NO_SUCH_TOKEN")
        await press(pilot, "enter")
        assert "NO_SUCH_TOKEN is not set" in shown(app)
        assert backend.tokens == []


async def test_a_bot_without_places_is_told_to_be_invited(backend: FakeBackend) -> None:
    from reaper_tui.backend import Identity

    backend.discord = Identity("Lonely", (), ("Message content is off: switch it on in the portal",))
    async with opened(backend, size=LARGE) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", DISCORD_TOKEN)
        await press(pilot, "enter")
        text = shown(app)
        assert "▲ Message content is off" in text
        assert "The bot is in no server yet" in text
        assert "client_id=1100000000000000001&scope=bot&permissions=17180984320" in text


async def test_a_taken_or_impossible_name_is_refused(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", CANARY)
        await press(pilot, "enter", "enter")
        await enter(pilot, "#fluxer .token", CANARY)
        await press(pilot, "enter", "enter")
        await enter(pilot, "#profile-name", "cyclists")
        await press(pilot, "enter")
        assert "There is a profile “cyclists” already" in shown(app)
        await enter(pilot, "#profile-name", "../evil")
        await press(pilot, "enter")
        assert "Use letters, digits" in shown(app)
        assert backend.saved == {}


async def test_a_profile_that_cannot_be_written_says_so(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("The folder is read-only", "choose another home")

    monkeypatch.setattr(backend, "save_profile", refuse)
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", CANARY)
        await press(pilot, "enter", "enter")
        await enter(pilot, "#fluxer .token", CANARY)
        await press(pilot, "enter", "enter", "enter")
        assert "The folder is read-only — choose another home" in shown(app)


async def test_by_mouse_alone_and_back_again(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await click(pilot, "#new-profile")
        assert isinstance(app.screen, WizardScreen)
        await enter(pilot, "#discord .token", CANARY)
        await click(pilot, "#discord .check")
        await click(pilot, "#discord .places", (3, 1))
        assert app.screen.query_one("#fluxer").display
        await press(pilot, "escape")
        assert app.screen.query_one("#discord").display
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)


async def to_name(pilot: object) -> None:
    """Go to the last step."""
    await press(pilot, "n")  # type: ignore[arg-type]
    await enter(pilot, "#discord .token", DISCORD_TOKEN)
    await press(pilot, "enter", "enter")  # type: ignore[arg-type]
    await enter(pilot, "#fluxer .token", CANARY)
    await press(pilot, "enter", "enter")  # type: ignore[arg-type]


async def test_each_check_is_shown_as_it_is_made_and_saving_waits_for_the_last(backend: FakeBackend) -> None:
    backend.looks = asyncio.Semaphore(1)
    async with opened(backend) as (app, pilot):
        await to_name(pilot)
        text = shown(app)
        assert "✔ ok      Discord token    belongs to ReaperBot" in text
        assert "◌ looking at both sides" in text
        assert "Disk" not in text
        assert CANARY[:12] not in text
        await press(pilot, "enter")
        assert "Saved as soon as all is looked at" in shown(app)
        assert backend.saved == {}
        backend.looks.release()
        await settle(pilot)
        assert isinstance(app.screen, ChannelsScreen)
        assert backend.examined[0].fluxer.community_id == "21"


async def test_a_second_enter_saves_without_waiting(backend: FakeBackend) -> None:
    backend.looks = asyncio.Semaphore(0)
    async with opened(backend) as (app, pilot):
        await to_name(pilot)
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, ChannelsScreen)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_fault_is_told_with_its_mend_before_anything_is_saved(
    backend: FakeBackend, size: tuple[int, int]
) -> None:
    backend.findings, backend.looks = FINDINGS, asyncio.Semaphore(1)
    async with opened(backend, size=size) as (app, pilot):
        await to_name(pilot)
        await press(pilot, "enter")
        for _ in FINDINGS:
            backend.looks.release()
        await settle(pilot)
        text = shown(app)
        assert "✖ fault   Message content  the intent is off" in text
        assert "→ switch on Message Content Intent in the portal" in text
        assert "mend it and check again, or save as it is" in text
        assert "Save anyway" in text
        assert backend.saved == {}
        backend.findings, backend.looks = FINDINGS[:1], asyncio.Semaphore(5)
        await press(pilot, "f5")
        assert "Message content" not in shown(app)
        await click(pilot, "#save")
        assert isinstance(app.screen, ChannelsScreen)


async def test_what_has_a_fault_is_saved_when_the_user_says_so_again(backend: FakeBackend) -> None:
    backend.findings = FINDINGS
    async with opened(backend) as (app, pilot):
        await to_name(pilot)
        await click(pilot, "#save")
        assert isinstance(app.screen, ChannelsScreen)
        assert list(backend.saved) == ["rainy-day-cyclists"]


def test_a_discord_token_begins_with_the_id_of_its_bot() -> None:
    assert bot_id_in(DISCORD_TOKEN) == "1100000000000000001"
    assert bot_id_in("nonsense.token") == ""
    assert bot_id_in("") == ""
    assert bot_id_in("é.x") == ""


def test_invite_links_carry_the_permissions_each_side_needs() -> None:
    assert invite_link("discord", "5", "").endswith("client_id=5&scope=bot&permissions=17180984320")
    assert invite_link("fluxer", "7", "https://fluxer.app").startswith("https://web.fluxer.app/oauth2/authorize?")
    assert invite_link("fluxer", "", "https://chat.example.org/") == (
        "https://chat.example.org/oauth2/authorize?client_id=APPLICATION_ID&scope=bot&permissions=8"
    )


async def test_an_answer_for_a_token_that_was_changed_meanwhile_does_not_count(backend: FakeBackend) -> None:
    backend.check_gate.clear()
    async with opened(backend) as (app, pilot):
        await press(pilot, "n")
        await enter(pilot, "#discord .token", "first")
        await press(pilot, "enter")
        await enter(pilot, "#discord .token", "second")
        backend.check_gate.set()
        await settle(pilot)
        assert "ReaperBot" not in shown(app)
