"""Whole clones while the servers misbehave: what stands in the end is what a calm run leaves, once and in order."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.summary import Summary
from reaper_tui.profile.settings import DiscordSettings, FluxerSettings, Settings
from reaper_tui.sandbox.service import Sandbox, SandboxOptions
from reaper_tui.wiring import open_workspace

SPEED = 2000.0
IDS = re.compile(r"https?://\S+|\d{15,20}")
# Whether a forward can lead to its original depends on which of two channels is further.
JUMP = re.compile(r"(?<=Forwarded from )(\S+) \[jump\]\(\S+\)")
PLACEHOLDER = "-# ⚠ This message could not be carried over"
Posts = dict[str, list[tuple[str, str, tuple[str, ...]]]]


@pytest.fixture(autouse=True)
def _impatient_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reaper_tui.writer.client.BACK_OFF", (0.01, 0.01, 0.01, 0.01))


@contextlib.asynccontextmanager
async def troubled(*faults: str) -> AsyncIterator[Sandbox]:
    """A small sandbox with these faults."""
    async with Sandbox(SandboxOptions(seed=5, channels=4, messages=160, speed=SPEED, faults=faults)) as sandbox:
        yield sandbox


def settings_for(sandbox: Sandbox) -> Settings:
    facts = sandbox.facts()
    return Settings(
        discord=DiscordSettings(**{name: facts["discord"][name] for name in ("token", "guild_id", "api_base", "cdn")}),
        fluxer=FluxerSettings(
            token=facts["fluxer"]["token"],
            community_id=facts["fluxer"]["community_id"],
            instance="/".join(facts["fluxer"]["api_base"].split("/")[:3]),
            limits_scale=SPEED,
        ),
    )


async def clone(sandbox: Sandbox, home: Path) -> Summary:
    settings = settings_for(sandbox)
    async with open_workspace(settings, home) as workspace:
        return await workspace.run(settings)


def posts_of(sandbox: Sandbox) -> Posts:
    """What webhooks posted, by channel in order of creation; ids and addresses differ from target to target."""
    community = sandbox.fluxer.community
    found: Posts = {}
    seen = Counter[str]()
    for channel in sorted(community.channels.values(), key=lambda channel: channel.id):
        parent = community.channels.get(channel.parent_id or 0)
        name = f"{parent.name if parent else ''}/{channel.name}"
        seen[name] += 1
        rows = [community.messages[each] for each in community.message_ids.get(channel.id, ())]
        found[f"{name} {seen[name]}"] = [
            (
                row.author_name or "",
                IDS.sub("ID", JUMP.sub(r"\1", row.content)),
                tuple(file.filename for file in row.attachments),
            )
            for row in rows
            if row.webhook_id
        ]
    return found


def names_of(sandbox: Sandbox) -> dict[str, Counter[Any]]:
    """What stands on the target beside messages, counted by name."""
    community = sandbox.fluxer.community
    return {
        "roles": Counter(role.name for role in community.roles.values()),
        "channels": Counter((channel.name, channel.type) for channel in community.channels.values()),
        "emojis": Counter(emoji.name for emoji in community.emojis.values()),
        "stickers": Counter(sticker.name for sticker in community.stickers.values()),
    }


def struck(sandbox: Sandbox) -> int:
    return sum(int(str(row["struck"])) for row in sandbox.fault_report())


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Posts, dict[str, Counter[Any]]]:
    """What stands after a clone that nothing disturbed."""

    async def undisturbed() -> tuple[Posts, dict[str, Counter[Any]]]:
        async with troubled() as sandbox:
            summary = await clone(sandbox, tmp_path_factory.mktemp("calm"))
            assert summary.is_faithful
            return posts_of(sandbox), names_of(sandbox)

    return asyncio.run(undisturbed())


@pytest.mark.parametrize(
    "faults",
    [
        ("rate-limit-storm:every=5",),
        ("rate-limit-bucket:every=9", "rate-limit-global:every=13"),
        ("rate-limit-fractional:every=9",),
        ("rate-limit-whole:every=60,count=3",),
        ("rate-limit-bare:every=20",),
        ("fluxer-rate-limit-html:every=20",),
        ("error-500:every=45,count=6", "error-502:every=50,count=6"),
        ("error-503:every=45,count=6", "error-504:every=50,count=6"),
        ("error-500-after-store:probability=0.1", "error-502-after-store"),
        ("error-503-after-store:probability=0.1", "error-504-after-store"),
        ("outage:after=60,seconds=3.6",),  # two hours of the scaled clock
        ("discord-connection-refused:after=15,seconds=0.5",),
        ("fluxer-connection-refused:after=60,seconds=0.5",),
        ("reset",),
        ("reset-after-store:probability=0.1",),
        ("reset-then-store",),
        ("cut-reply",),
        ("stall:every=40,count=4,delay=0.3",),
        ("stall-after-store:every=25,count=4,delay=0.3",),
        ("stall-upload:every=2,count=2,delay=0.2",),
        ("slow-body:every=10,delay=0.1", "slow-reply:every=11,delay=0.1"),
        ("webhook-deleted:every=20,count=3",),
        ("role-reply-lost", "channel-reply-lost"),
        ("emoji-reply-lost", "sticker-reply-lost"),
        ("webhook-reply-lost",),
        ("nonce-ignored", "reset-after-store:probability=0.1"),
        ("nonce-honoured", "reset-after-store:probability=0.1"),
        ("clock-skew", "reset-after-store:probability=0.1"),
        ("clock-skew:offset=-420", "reset-after-store:probability=0.1"),
        ("cdn-expired",),
        ("cdn-short:every=2,count=3",),
    ],
    ids="+".join,
)
async def test_it_ends_as_a_calm_clone(tmp_path: Path, calm: Any, faults: tuple[str, ...]) -> None:
    async with troubled(*faults) as sandbox:
        summary = await clone(sandbox, tmp_path)
        assert summary.is_faithful, summary
        assert posts_of(sandbox) == calm[0]
        assert names_of(sandbox) == calm[1]
        assert struck(sandbox) > 0, "the fault never struck"


async def test_blocked_texts_leave_placeholders_among_their_neighbours(tmp_path: Path, calm: Any) -> None:
    async with troubled("content-blocked") as sandbox:
        summary = await clone(sandbox, tmp_path)
        assert summary.messages.balances and summary.messages.failed > 0
        assert not summary.is_faithful
        found = posts_of(sandbox)
        blocked = 0
        for channel, rows in calm[0].items():
            assert len(found[channel]) == len(rows)
            for wanted, there in zip(rows, found[channel], strict=True):
                blocked += there[1].startswith(PLACEHOLDER)
                # A text with its embeds written out is another text, which may pass.
                is_written_out = there[0] == wanted[0] and there[1].startswith(f"{wanted[1]}\n")
                assert there == wanted or is_written_out or there[1].startswith(PLACEHOLDER)
        assert blocked == summary.messages.failed


@pytest.mark.parametrize("name", ["cdn-404", "cdn-403", "cdn-wrong-size", "too-large"])
async def test_files_that_cannot_be_had_are_named_in_their_message(tmp_path: Path, calm: Any, name: str) -> None:
    async with troubled(f"{name}:probability=0.5") as sandbox:
        summary = await clone(sandbox, tmp_path)
        assert summary.messages.balances and summary.messages.failed == 0
        assert summary.attachments.placeholder > 0
        assert summary.attachments.source == summary.attachments.sent + summary.attachments.placeholder
        wanted = {file for rows in calm[0].values() for row in rows for file in row[2]}
        found = [row for rows in posts_of(sandbox).values() for row in rows]
        there = {file for row in found for file in row[2]}
        texts = "\n".join(row[1] for row in found)
        assert wanted - there
        assert all(file in texts.replace("\\", "") for file in wanted - there)


async def test_a_revoked_token_ends_the_run_and_the_next_one_goes_on(tmp_path: Path, calm: Any) -> None:
    async with troubled("token-revoked:after=25") as sandbox:
        with pytest.raises(AccessDenied) as denied:
            await clone(sandbox, tmp_path)
        assert "token" in denied.value.line()
        sandbox.set_faults(())
        summary = await clone(sandbox, tmp_path)
        assert summary.is_faithful
        assert posts_of(sandbox) == calm[0]


async def test_permissions_that_come_back_let_the_next_run_end_well(tmp_path: Path, calm: Any) -> None:
    async with troubled("fluxer-permission-revoked:after=15") as sandbox:
        with contextlib.suppress(AccessDenied):
            summary = await clone(sandbox, tmp_path)
            assert not summary.is_faithful
        sandbox.set_faults(())
        summary = await clone(sandbox, tmp_path)
        assert summary.is_faithful, summary
        assert posts_of(sandbox) == calm[0]
        assert names_of(sandbox) == calm[1]
