"""The reader: a Discord server over REST with a bot token, page by page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Self, cast

from discord.http import Route

from reaper_tui.model.community import Channel, Guild
from reaper_tui.model.errors import AccessDenied, ConfigurationError, NotFound, Refused, ServiceDown
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.model.message import Message, RawMessage, RecentPage
from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.cdn import Cdn
from reaper_tui.reader.estimate import estimated_count, thread_count
from reaper_tui.reader.events import Notify, ReaderEvent, ignore
from reaper_tui.reader.growth import Viewpoint, changed_guild
from reaper_tui.reader.http import DiscordHTTP
from reaper_tui.reader.listener import Listener
from reaper_tui.reader.mapping import message_from, user_name
from reaper_tui.reader.merging import merged, reactions_told, shows_the_same, with_pin
from reaper_tui.reader.people import people_in
from reaper_tui.reader.pins import pinned_messages
from reaper_tui.reader.survey import CONTENT_WARNING, reads_content, surveyed_guild
from reaper_tui.reader.wire import encoded, record, records, text

PAGE = 100
GUILD_PAGE = 200
LINKS_PER_REQUEST = 50


class BotIdentity(NamedTuple):
    """Who a token belongs to and which guilds the bot is in, as (id, name)."""

    name: str
    bot_id: int
    places: tuple[tuple[int, str], ...]
    warnings: tuple[str, ...]


class DiscordReader:
    """Reads one Discord; logs in with the first request and keeps one connection pool until closed."""

    def __init__(
        self,
        token: Secret,
        *,
        api_base: str,
        gateway: str = "",
        cdn: str = "",
        notify: Notify = ignore,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits_scale: float = 1.0,
    ) -> None:
        self._token = token
        self._api_base = api_base
        self._gateway = gateway
        self._cdn = Cdn(cdn)
        self.meets: Callable[[int, Sequence[str]], None] | None = None
        self._notify = notify
        self._now = now
        self._sleep = sleep
        self._limits_scale = limits_scale
        self._view: Viewpoint | None = None
        self._login = asyncio.Lock()
        self._http: DiscordHTTP | None = None
        self._user: dict[str, Any] = {}
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the reader cannot be used any more."""
        self._is_closed = True
        if self._http is not None:
            await self._http.close()

    @property
    def request_counts(self) -> tuple[int, int, int]:
        """Return how many requests were sent, met a limit, and were tried again."""
        http = self._http
        return (http.requests, http.limited, http.retries) if http is not None else (0, 0, 0)

    async def identity(self) -> BotIdentity:
        """Return who the bot is, where it may read, and what will stand in the way."""
        http = await self._connected()
        places: dict[int, str] = {}
        after = 0
        while True:
            page = records(await http.get_guilds(GUILD_PAGE, after=after or None, with_counts=False))
            found = {number: text(raw.get("name")) for raw in page if (number := optional_snowflake(raw.get("id")))}
            places.update(found)
            if len(page) < GUILD_PAGE or max(found, default=0) <= after:
                break
            after = max(found)
        warnings = () if await reads_content(http) else (CONTENT_WARNING,)
        if not places:
            warnings += ("The bot is in no server — invite it with the OAuth2 URL of the Developer Portal",)
        return BotIdentity(user_name(self._user), self._bot_id(), tuple(places.items()), warnings)

    async def survey(self, guild_id: int, *, looks: bool = True) -> Guild:
        """Return the guild's structure, threads of every kind included.

        `looks` asks the gateway which channels are hidden, for which it starts a session there.
        """
        guild, self._view = await surveyed_guild(
            await self._connected(),
            guild_id,
            bot_id=self._bot_id(),
            token=self._token.reveal(),
            gateway=self._gateway,
            cdn=self._cdn,
            looks=looks,
        )
        return guild

    async def listen(self, guild_id: int, put: Callable[[LiveEvent], None]) -> NoReturn:
        """Hand over what happens in a guild, in order, until cancelled; `put` must not wait.

        Raises AccessDenied or ConfigurationError when Discord will not tell, whatever is tried.
        """
        http = await self._connected()
        listener = Listener(
            http,
            self._token.reveal(),
            self._gateway,
            guild_id,
            put,
            now=self._now,
            sleep=self._sleep,
            scale=self._limits_scale,
        )
        await listener.run()

    async def place(self, channel_id: int) -> LiveEvent:
        """Return a channel or thread as if the gateway had told of it."""
        http = await self._connected()
        raw = record(await http.get_channel(channel_id))
        return LiveEvent(LiveKind.PLACE, self._now(), channel_id, payload=encoded(raw), name="CHANNEL")

    def changed(self, guild: Guild, event: LiveEvent) -> Guild:
        """Return a surveyed guild after an event."""
        return guild if self._view is None else changed_guild(guild, event, self._view)

    def merged(self, payload: bytes, event: LiveEvent) -> bytes:
        """Return a stored message after an event that may tell only a part."""
        return merged(payload, event)

    def pinned(self, payload: bytes, *, is_pinned: bool) -> bytes:
        """Return a stored message pinned or not."""
        return with_pin(payload, is_pinned=is_pinned)

    def shows_the_same(self, one: bytes, other: bytes) -> bool:
        """Return whether two readings of a message look alike to somebody who follows it."""
        return shows_the_same(one, other)

    def reactions(self, payload: bytes) -> bytes:
        """Return how a message's reactions stand, as JSON for a feed."""
        return reactions_told(payload)

    async def estimate(self, channel: Channel, behind: int = 0) -> tuple[int, bool]:
        """Return about how many messages a container holds behind an id, and whether that is exact."""
        if not channel.has_messages or channel.cannot_read:
            return 0, not channel.has_messages
        counted = thread_count(channel) if behind < channel.id else None
        if counted is not None:
            return counted, False
        http = await self._connected()

        async def look(**place: int) -> object:
            return await http.logs_from(channel.id, PAGE, **place)

        return await estimated_count(look, behind)

    async def page(self, channel_id: int, after: int) -> Sequence[RawMessage]:
        """Return up to 100 messages directly after an id, oldest first; fewer means the end was reached."""
        http = await self._connected()
        found: dict[int, RawMessage] = {}
        while True:
            reply: Any = await http.logs_from(channel_id, PAGE, after=after)
            if not isinstance(reply, list):
                raise ServiceDown("Discord sent something else than a page of messages")
            received = cast("list[object]", reply)
            fresh = {raw.id: raw for raw in self._readable(received, channel_id) if raw.id > after}
            found.update(fresh)
            # odd messages were left out of a full page: what follows must still come, a short page means the end
            if len(received) < PAGE or len(found) >= PAGE:
                return [found[number] for number in sorted(found)[:PAGE]]
            if not fresh:
                raise ServiceDown("Discord sent a page of messages that leads no further")
            after = max(fresh)

    async def recent(self, channel_id: int, before: int | None = None) -> RecentPage:
        """Return up to 100 messages directly before an id, or the newest."""
        http = await self._connected()
        reply: Any = await http.logs_from(channel_id, PAGE, before=before)
        if not isinstance(reply, list):
            raise ServiceDown("Discord sent something else than a page of messages")
        received = cast("list[object]", reply)
        found = {raw.id: raw for raw in self._readable(received, channel_id) if before is None or raw.id < before}
        return RecentPage(tuple(found[number] for number in sorted(found, reverse=True)), len(received) < PAGE)

    async def pins(self, channel_id: int) -> Sequence[int]:
        """Return the ids of a container's pinned messages in the order they were pinned, oldest pin first."""
        return await pinned_messages(await self._connected(), channel_id)

    async def message(self, channel_id: int, message_id: int) -> RawMessage:
        """Return one message anew, with freshly signed links."""
        http = await self._connected()
        raw = record(await http.get_message(channel_id, message_id))
        if optional_snowflake(raw.get("id")) != message_id:
            raise ServiceDown("Discord's answer about a message is unreadable")
        return RawMessage(message_id, encoded(raw))

    def parse(self, payload: bytes) -> Message:
        """Return what a stored payload says; never fails on odd content."""
        if self.meets is not None:
            for person_id, names in people_in(payload):
                self.meets(person_id, names)
        return message_from(payload, self._cdn)

    async def refresh_links(self, urls: Sequence[str]) -> Mapping[str, str]:
        """Return fresh links for expired ones, by the old link; missing ones could not be refreshed."""
        http = await self._connected()
        fresh: dict[str, str] = {}
        for start in range(0, len(urls), LINKS_PER_REQUEST):
            batch = list(urls[start : start + LINKS_PER_REQUEST])
            try:
                reply = await http.request(Route("POST", "/attachments/refresh-urls"), json={"attachment_urls": batch})
            except (Refused, NotFound, AccessDenied) as refusal:
                if isinstance(refusal, AccessDenied) and refusal.ends_run:
                    raise
                self._notify(ReaderEvent("note", f"Links could not be refreshed: {refusal}", until=self._now()))
                continue
            for pair in records(record(reply).get("refreshed_urls")):
                old, new = text(pair.get("original")), text(pair.get("refreshed"))
                if old and new:
                    fresh[old] = new
        return fresh

    def _readable(self, page: list[object], channel_id: int) -> list[RawMessage]:
        found: list[RawMessage] = []
        for item in page:
            message_id = optional_snowflake(record(item).get("id"))
            if message_id is None:
                note = "A message without a usable id was left out"
                self._notify(ReaderEvent("note", note, 0.0, channel_id, self._now()))
            else:
                found.append(RawMessage(message_id, encoded(item)))
        return found

    async def _connected(self) -> DiscordHTTP:
        async with self._login:
            if self._is_closed:
                raise ServiceDown("The reader is closed")
            if self._http is None:
                self._http = await self._logged_in()
            return self._http

    async def _logged_in(self) -> DiscordHTTP:
        token = self._token.reveal()
        if not token or not token.isascii() or not token.isprintable():
            raise AccessDenied("The Discord bot token is no token", "copy it again from the Developer Portal, page Bot")
        http = DiscordHTTP(
            self._api_base, notify=self._notify, now=self._now, sleep=self._sleep, limits_scale=self._limits_scale
        )
        try:
            self._user = record(await http.static_login(token))
            if optional_snowflake(self._user.get("id")) is None:
                raise ServiceDown("Discord's answer to the login is unreadable", "check discord.api_base")
        except BaseException as failure:
            await http.close()
            if isinstance(failure, NotFound):
                raise ConfigurationError(
                    "Discord's API is not at the given address", "check discord.api_base in the profile"
                ) from failure
            raise
        return http

    def _bot_id(self) -> int:
        return optional_snowflake(self._user.get("id")) or 0
