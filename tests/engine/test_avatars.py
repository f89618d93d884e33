"""People keep their pictures, also when Discord no longer has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reaper_tui.engine.avatars import CHANNEL_NAME, GONE_AFTER, Avatars
from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.progress import Progress
from reaper_tui.journal.journal import Journal
from reaper_tui.media.spool import MediaSpool
from reaper_tui.model.community import Channel, ChannelKind, Community, Webhook
from reaper_tui.model.errors import AccessDenied, CloneError, FileUnavailable, ServiceDown
from reaper_tui.model.outgoing import SpooledFile, TargetMessage
from tests.engine.world import small_world

ADA, BOB = "https://cdn.example/avatars/5/a.png?size=256", "https://cdn.example/avatars/6/b.gif"
GONE, DOWN = FileUnavailable("gone"), ServiceDown("down")


class Source:
    """Gives pictures, or does not; what was kept stays."""

    def __init__(self) -> None:
        self.trouble: CloneError | None = None
        self.disk: set[str] = set()
        self.asked: list[str] = []

    async def image(self, url: str, limit: int) -> bytes:
        self.asked.append(url)
        if self.trouble is not None:
            raise self.trouble
        return b"x"

    async def keep(self, url: str, limit: int) -> None:
        await self.image(url, limit)
        self.disk.add(url)

    async def is_kept(self, url: str) -> bool:
        return url in self.disk

    async def kept(self, url: str) -> SpooledFile | None:
        return SpooledFile(0, Path("x"), "x.png", 1) if url in self.disk else None


class Target:
    """Takes copies into a channel of ours."""

    def __init__(self, signature: str = "") -> None:
        self.channels: list[Channel] = []
        self.sent: list[str] = []
        self.closed: list[Any] = []
        self.signature = signature
        self.refuses = False

    async def community(self, community_id: int) -> Community:
        return Community(community_id, "t", 3, channels=tuple(self.channels))

    async def create_channel(self, community_id: int, kind: str, name: str, **more: Any) -> int:
        if self.refuses:
            raise AccessDenied("no", ends_run=False)
        self.closed += [row for row in more["overwrites"] if row.subject_id == community_id and row.deny & 1 << 10]
        self.channels.append(Channel(70, ChannelKind.TEXT, name))
        return 70

    async def webhooks(self, channel_id: int) -> list[Webhook]:
        return []

    async def create_webhook(self, channel_id: int, name: str) -> Webhook:
        return Webhook(1, channel_id, name, "t")

    async def send(self, webhook: Webhook, part: object, files: list[SpooledFile], nonce: str) -> TargetMessage:
        self.sent.append(files[0].filename)
        return self._message(900 + len(self.sent))

    async def history(self, channel_id: int, before: int, limit: int) -> list[TargetMessage]:
        return [self._message(before - 1, "again")]

    def _message(self, message_id: int, more: str = "") -> TargetMessage:
        url = f"https://media.example/{message_id}.png{self.signature}{more}"
        return TargetMessage(message_id, 70, 1, "x", "", attachment_urls=(url,))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def avatars(home: Path, source: Source, target: Target, clock: Clock | None = None) -> tuple[Avatars, Journal]:
    journal = await Journal.open(home / "journal.db")
    clock = clock or Clock()
    progress, log = Progress(clock), EventLog(clock)
    outage = Outage(RunControl(), progress, log, now=clock, scale=1.0)
    found: Any = Avatars(source, target, journal, outage, log, 2, clock)  # type: ignore[arg-type]
    return found, journal


async def test_a_picture_that_is_given_is_shown_from_where_it_is(tmp_path: Path) -> None:
    source, target = Source(), Target()
    found, journal = await avatars(tmp_path, source, target)
    await found.keep([ADA, ADA, "", BOB])
    assert source.disk == {ADA, BOB}
    assert (await found.address(ADA), await found.address(""), target.sent) == (ADA, "", [])
    assert len(source.asked) == 2
    await journal.close()


@pytest.mark.parametrize("trouble", [GONE, DOWN])
async def test_a_picture_that_is_gone_is_shown_from_a_closed_channel_once_and_for_all(
    tmp_path: Path, trouble: CloneError
) -> None:
    source, target = Source(), Target()
    found, journal = await avatars(tmp_path, source, target)
    await found.keep([ADA])
    await journal.close()
    source.trouble = trouble
    found, journal = await avatars(tmp_path, source, target)
    first = await found.address(ADA)
    assert first == "https://media.example/901.png"
    assert await found.address(ADA) == first
    assert (target.sent, [channel.name for channel in target.channels]) == (["x.png"], [CHANNEL_NAME])
    assert len(target.closed) == 1
    await journal.close()
    found, journal = await avatars(tmp_path, source, target)
    assert await found.address(ADA) == first
    assert len(target.sent) == 1
    await journal.close()


async def test_a_signed_address_is_read_again_before_it_dies(tmp_path: Path) -> None:
    source, target, clock = Source(), Target("?ex=1"), Clock()
    source.disk.add(ADA)
    source.trouble = GONE
    found, journal = await avatars(tmp_path, source, target, clock)
    first = await found.address(ADA)
    assert await found.address(ADA) == first
    clock.now += 7 * 3600
    assert await found.address(ADA) == f"{first}again"
    assert len(target.sent) == 1
    await journal.close()


async def test_nothing_is_shown_of_what_nobody_kept_and_the_target_tries_what_is_unreachable(tmp_path: Path) -> None:
    source, target = Source(), Target()
    found, journal = await avatars(tmp_path, source, target)
    source.trouble = GONE
    assert await found.address(ADA) == ""
    source.trouble = DOWN
    assert await found.address(BOB) == BOB
    source.trouble = FileUnavailable("unreachable")
    assert await found.address("https://other.example/x.png") == "https://other.example/x.png"
    assert target.sent == []
    await journal.close()


async def test_a_source_that_is_gone_is_not_asked_for_every_picture(tmp_path: Path) -> None:
    source, target = Source(), Target()
    source.trouble = DOWN
    found, journal = await avatars(tmp_path, source, target)
    for number in range(20):
        await found.address(f"https://cdn.example/avatars/{number}/a.png")
    assert len(source.asked) == GONE_AFTER
    await journal.close()


async def test_without_a_channel_for_them_pictures_are_missing_and_the_run_goes_on(tmp_path: Path) -> None:
    source, target = Source(), Target()
    source.disk.add(ADA)
    source.trouble, target.refuses = GONE, True
    found, journal = await avatars(tmp_path, source, target)
    assert await found.address(ADA) == ADA
    assert await found.address(ADA) == ADA
    await journal.close()


async def test_a_clone_keeps_faces_when_the_source_lost_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        world.settings.copy.history = True
        keep, image = MediaSpool.keep, MediaSpool.image
        is_captured: list[str] = []

        async def kept(self: MediaSpool, url: str, limit: int) -> None:
            await keep(self, url, limit)
            is_captured.append(url)

        async def gone(self: MediaSpool, url: str, limit: int) -> bytes:
            if url in is_captured:
                raise FileUnavailable("gone")
            return await image(self, url, limit)

        monkeypatch.setattr(MediaSpool, "keep", kept)
        monkeypatch.setattr(MediaSpool, "image", gone)
        monkeypatch.setattr(Avatars, "_remember", lambda self, url, address, seconds=0.0: None)
        async with world.workspace() as workspace:
            summary = await workspace.run(world.settings)
        assert summary.messages.balances
        assert not summary.messages.failed
        hidden = next(channel for channel in world.community.channels.values() if channel.name == CHANNEL_NAME)
        assert any(row.deny & 1 << 10 for row in hidden.overwrites)
        posts = [message for message in world.community.messages.values() if message.webhook_id]
        assert sum(message.author_avatar is not None for message in posts) > len(posts) // 3
