"""People's pictures: the source's own while it gives them, a copy of ours on the target once it no longer does."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.overwrites import VIEW_CHANNEL
from reaper_tui.engine.ports import Spool, Writer
from reaper_tui.engine.together import together
from reaper_tui.engine.webhook_pool import WEBHOOK_NAME
from reaper_tui.journal import queries
from reaper_tui.journal.journal import Journal
from reaper_tui.model.community import Overwrite, Webhook
from reaper_tui.model.errors import AccessDenied, CloneError, FileUnavailable, OutcomeUnknown, ServiceDown
from reaper_tui.model.outgoing import Part, TargetMessage

AVATAR_BYTES = 10 * 1024 * 1024
CHANNEL_NAME = "reaper-avatars"
TOPIC = "Pictures of people whose own are gone from Discord. Delete this channel when the move is over."
AT_ONCE = 8
# After so many pictures in a row that nobody gave, the source is held to be gone and no longer asked in this run.
GONE_AFTER = 3
# Signed addresses last a day.
SIGNED_SECONDS = 6 * 3600.0
TARGET = "Fluxer"


class _Copy(msgspec.Struct, frozen=True):
    """A picture of ours on the target."""

    channel_id: int
    message_id: int
    url: str


class Avatars:
    """Says under which address the target finds somebody's picture, and keeps pictures before they are gone."""

    def __init__(
        self,
        spool: Spool,
        writer: Writer,
        journal: Journal,
        outage: Outage,
        log: EventLog,
        community_id: int,
        now: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._writer = writer
        self._journal = journal
        self._outage = outage
        self._log = log
        self._community_id = community_id
        self._now = now
        self._known: dict[str, tuple[str, float]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._moving_in = asyncio.Lock()
        self._webhook: Webhook | None = None
        self._cannot_host = False
        self._misses = 0

    async def keep(self, urls: Iterable[str]) -> None:
        """Keep pictures on disk, each once; what cannot be had now is left to later."""

        async def one(url: str) -> None:
            async with self._at_once:
                if not self._source_is_gone:
                    await self._fetched(url)

        if wanted := [url for url in dict.fromkeys(urls) if url and url not in self._known]:
            await together(one(url) for url in wanted)

    async def address(self, url: str) -> str:
        """Return where the target finds a picture, empty when there is none to be had any more."""
        if not url:
            return ""
        async with self._locks[url]:
            known, until = self._known.get(url, ("", 0.0))
            if until > self._now():
                return known
            if not self._source_is_gone and await self._is_given(url):
                return url
            if self._known.get(url, ("", 0.0))[1] > self._now():
                return self._known[url][0]
            return await self._own_address(url)

    @property
    def _source_is_gone(self) -> bool:
        return self._misses >= GONE_AFTER

    async def _is_given(self, url: str) -> bool:
        if await self._fetched(url):
            return True
        if not await self._spool.is_kept(url):
            return False
        try:
            await self._spool.image(url, AVATAR_BYTES)
        except FileUnavailable as error:
            self._misses = 0
            return not _is_gone(error)
        except ServiceDown:
            self._misses += 1
            return False
        self._misses = 0
        self._remember(url, url)
        return True

    async def _fetched(self, url: str) -> bool:
        """Bring a picture to disk that is not there yet; return whether the source gave it now."""
        if await self._spool.is_kept(url):
            return False
        try:
            await self._spool.keep(url, AVATAR_BYTES)
        except FileUnavailable as error:
            self._misses = 0
            self._remember(url, "" if _is_gone(error) else url)
            return False
        except ServiceDown:
            self._misses += 1
            return False
        self._misses = 0
        self._remember(url, url)
        return True

    async def _own_address(self, url: str) -> str:
        copy = await self._copy_on_target(url)
        if copy is None:
            # The target may still reach what could not be reached from here.
            return url
        self._remember(url, copy.url, SIGNED_SECONDS if "ex=" in copy.url else float("inf"))
        return copy.url

    async def _copy_on_target(self, url: str) -> _Copy | None:
        fact = f"avatar {hashlib.sha256(url.encode()).hexdigest()[:32]}"
        stored = await self._journal.read(lambda raw: queries.fact(raw, fact))
        if stored is not None:
            copy = msgspec.json.decode(stored, type=_Copy)
            if "ex=" not in copy.url:
                return copy
            fresh = await self._read_again(copy)
            if fresh is not None:
                return fresh
        if self._cannot_host or not await self._spool.is_kept(url):
            return None
        try:
            copy = await self._hosted(url)
        except AccessDenied as denial:
            if denial.ends_run:
                raise
            self._give_up(denial)
            return None
        except CloneError as error:
            self._give_up(error)
            return None
        if copy is not None:
            await self._journal.remember({fact: msgspec.json.encode(copy).decode()})
        return copy

    def _give_up(self, error: CloneError) -> None:
        self._cannot_host = True
        self._log.write(Level.WARNING, f"people whose pictures are gone from Discord are shown without: {error.line()}")

    async def _read_again(self, copy: _Copy) -> _Copy | None:
        try:
            page = await self._outage.through(
                TARGET, lambda: self._writer.history(copy.channel_id, before=copy.message_id + 1, limit=1)
            )
        except CloneError as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            return None
        return next((_copy_of(message) for message in page if message.id == copy.message_id), None)

    async def _hosted(self, url: str) -> _Copy | None:
        file = await self._spool.kept(url)
        if file is None:
            return None
        webhook = await self._moved_in()
        part = Part("", WEBHOOK_NAME)
        while True:
            try:
                message = await self._outage.through(
                    TARGET, lambda: self._writer.send(webhook, part, [file], file.filename)
                )
            except OutcomeUnknown as error:
                # A second copy in a channel nobody sees does no harm.
                await self._outage.pause(TARGET, error)
                continue
            return _copy_of(message)

    async def _moved_in(self) -> Webhook:
        """Return the webhook of the channel that holds the copies, closed to everyone; both are made when missing."""
        async with self._moving_in:
            while self._webhook is None:
                try:
                    self._webhook = await self._outage.through(TARGET, self._find_or_make_webhook)
                except OutcomeUnknown as error:
                    await self._outage.pause(TARGET, error)
            return self._webhook

    async def _find_or_make_webhook(self) -> Webhook:
        community = await self._writer.community(self._community_id)
        channel_id = next((channel.id for channel in community.channels if channel.name == CHANNEL_NAME), None)
        if channel_id is None:
            channel_id = await self._writer.create_channel(
                self._community_id,
                "text",
                CHANNEL_NAME,
                parent_id=None,
                topic=TOPIC,
                overwrites=(Overwrite(self._community_id, False, 0, VIEW_CHANNEL),),
                bitrate=0,
                user_limit=0,
            )
        present: Sequence[Webhook] = await self._writer.webhooks(channel_id)
        own = next((webhook for webhook in present if webhook.name == WEBHOOK_NAME and webhook.token), None)
        return own or await self._writer.create_webhook(channel_id, WEBHOOK_NAME)

    def _remember(self, url: str, address: str, seconds: float = float("inf")) -> None:
        self._known[url] = (address, self._now() + seconds)


def _is_gone(error: FileUnavailable) -> bool:
    """Return whether nobody can have a picture any more, rather than that it cannot be had from here."""
    return error.reason in ("gone", "expired") or error.reason.startswith("refused")


def _copy_of(message: TargetMessage) -> _Copy | None:
    urls = message.attachment_urls
    return _Copy(message.channel_id, message.id, urls[0]) if urls else None
