"""The writer: one Fluxer instance behind the engine's port."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec

from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import Channel, Community, Overwrite, Webhook
from reaper_tui.model.errors import CloneError, Refused, StoredDifferently
from reaper_tui.model.forum import Forum, TargetThread
from reaper_tui.model.outgoing import Part, SpooledFile, TargetMessage
from reaper_tui.profile.secrets import Secret
from reaper_tui.writer import expressions, messages, pins, removal, structure, survey, threads, webhooks
from reaper_tui.writer.capabilities import Answers
from reaper_tui.writer.client import FluxerClient
from reaper_tui.writer.discovery import Instance, discover
from reaper_tui.writer.events import Notify
from reaper_tui.writer.limiter import Clock, Sleep
from reaper_tui.writer.messages import PAGE
from reaper_tui.writer.probes import Routes, find_routes
from reaper_tui.writer.survey import BotIdentity


class FluxerWriter:
    """Writes one Fluxer instance; its addresses are discovered with the first request."""

    def __init__(
        self,
        token: Secret,
        *,
        instance: str,
        api_base: str = "",
        gateway: str = "",
        media: str = "",
        limits_scale: float = 1.0,
        notify: Notify,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._address = instance
        self._overrides = {"api_base": api_base, "gateway": gateway, "media": media}
        self._instance: Instance | None = None
        self._discovery = asyncio.Lock()
        self._client = FluxerClient(
            token, api_base=api_base, scale=limits_scale, notify=notify, clock=clock, sleep=sleep
        )
        self._channels: dict[int, Channel] = {}
        self._features: dict[int, frozenset[str]] = {}
        self._routes: dict[int, Routes] = {}
        self._bot_id: int | None = None
        self._answers = Answers()

    def __repr__(self) -> str:
        return f"FluxerWriter({self._address!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @property
    def requests(self) -> int:
        """Return how many requests were made."""
        return self._client.requests

    @property
    def status_429(self) -> int:
        """Return how many requests were turned away by a limit."""
        return self._client.status_429

    @property
    def retries(self) -> int:
        """Return how many requests were repeated after a failure."""
        return self._client.retries

    @property
    def limit_wait_seconds(self) -> float:
        """Return how long requests waited for limits."""
        return self._client.limit_wait_seconds

    @property
    def generation(self) -> str:
        """Return which generation of servers answers like this one."""
        return self._answers.generation

    async def instance(self) -> Instance:
        """Return the instance's addresses, discovered once."""
        if self._instance is None:
            async with self._discovery:
                if self._instance is None:
                    self._instance = await discover(self._address, **self._overrides)
                    self._client.api_url = self._instance.api_base
        return self._instance

    async def identity(self) -> BotIdentity:
        """Return whose token this is, the communities it may work in, and what stands in the way."""
        instance = await self.instance()
        found = await survey.identity(self._client, instance)
        self._bot_id = found.bot_id
        self._learn()
        return found

    async def capabilities(self, community_id: int) -> TargetCapabilities:
        """Return what the server can do for a community, asked once and corrected by every answer since."""
        client, instance = await self._ready(), await self.instance()
        if community_id not in self._routes:
            self._routes[community_id] = await find_routes(client, community_id)
            self._learn()
        return self._answers.capabilities(
            self._routes[community_id], presigned_uploads=instance.takes_presigned_uploads
        )

    async def community(self, community_id: int) -> Community:
        """Return the community as it stands."""
        instance = await self.instance()
        found = await survey.community(self._client, instance, community_id)
        self._bot_id = found.bot_id
        self._learn()
        found = msgspec.structs.replace(found, capabilities=await self.capabilities(community_id))
        self._channels = {channel.id: channel for channel in found.channels}
        self._client.channel_names = {channel.id: channel.name for channel in found.channels}
        self._features[community_id] = found.features
        return found

    async def members(self, community_id: int, user_ids: Collection[int]) -> frozenset[int]:
        """Return those of some users who are members."""
        return await structure.members(await self._ready(), community_id, user_ids)

    async def create_role(self, community_id: int, name: str, color: int, permissions: int) -> int:
        """Make a role and return its id."""
        return await structure.create_role(await self._ready(), community_id, name, color, permissions)

    async def edit_role(self, community_id: int, role_id: int, changes: Mapping[str, Any]) -> None:
        """Change a role."""
        await structure.edit_role(await self._ready(), community_id, role_id, changes)

    async def order_roles(self, community_id: int, role_ids: Sequence[int]) -> None:
        """Put roles in order, top first, below the bot's own."""
        await structure.order_roles(await self._ready(), community_id, role_ids)

    async def create_channel(
        self,
        community_id: int,
        kind: str,
        name: str,
        *,
        parent_id: int | None,
        topic: str,
        overwrites: Sequence[Overwrite],
        bitrate: int,
        user_limit: int,
        forum: Forum | None = None,
    ) -> int:
        """Make a channel and return its id."""
        channel = await structure.create_channel(
            await self._ready(),
            community_id,
            kind,
            name,
            parent_id=parent_id,
            topic=topic,
            overwrites=overwrites,
            bitrate=bitrate,
            user_limit=user_limit,
            forum=forum,
        )
        self._channels[channel.id] = channel
        self._client.channel_names[channel.id] = channel.name
        return channel.id

    async def edit_channel(self, channel_id: int, kind: str, changes: Mapping[str, Any]) -> None:
        """Change a channel."""
        await structure.edit_channel(await self._ready(), channel_id, kind, changes)

    async def order_channels(self, community_id: int, positions: Sequence[tuple[int, int]]) -> None:
        """Put channels in order within their categories."""
        await structure.order_channels(await self._ready(), community_id, positions, self._channels)

    async def allow_flexible_names(self, community_id: int) -> None:
        """Let text channels keep capitals and spaces in their names."""
        await structure.allow_flexible_names(
            await self._ready(),
            community_id,
            self._features.get(community_id, frozenset()),
            by_feature_first=self._answers.is_current,
        )

    async def create_emojis(self, community_id: int, images: Sequence[tuple[str, bytes]]) -> Sequence[tuple[int, str]]:
        """Make emojis; return an id or a reason for each."""
        return await expressions.create_emojis(await self._ready(), community_id, images)

    async def rename_emoji(self, community_id: int, emoji_id: int, name: str) -> None:
        """Give an emoji another name."""
        await expressions.rename_emoji(await self._ready(), community_id, emoji_id, name)

    async def edit_sticker(
        self, community_id: int, sticker_id: int, name: str, description: str, tags: Sequence[str]
    ) -> None:
        """Give a sticker another name, description and tags."""
        await expressions.edit_sticker(await self._ready(), community_id, sticker_id, name, description, tags)

    async def create_stickers(
        self, community_id: int, images: Sequence[tuple[str, str, Sequence[str], bytes]]
    ) -> Sequence[tuple[int, str]]:
        """Make stickers; return an id or a reason for each."""
        return await expressions.create_stickers(await self._ready(), community_id, images)

    async def edit_identity(self, community_id: int, *, name: str, icon: bytes | None, banner: bytes | None) -> None:
        """Set name, icon and banner, each for itself."""
        await expressions.edit_identity(await self._ready(), community_id, name=name, icon=icon, banner=banner)

    async def set_content_filter(self, community_id: int, level: int) -> None:
        """Let the community look through nobody's media (0), those of people without roles (1), or everybody's (2)."""
        await expressions.set_content_filter(await self._ready(), community_id, level)

    async def create_webhook(self, channel_id: int, name: str) -> Webhook:
        """Make a webhook."""
        return await webhooks.create_webhook(await self._ready(), channel_id, name)

    async def webhooks(self, channel_id: int) -> Sequence[Webhook]:
        """Return a channel's webhooks."""
        return await webhooks.channel_webhooks(await self._ready(), channel_id)

    async def remove(self, kind: str, community_id: int, target_id: int) -> None:
        """Delete a channel, role, emoji, sticker or webhook; raise NotFound when it is gone already."""
        await removal.remove(await self._ready(), kind, community_id, target_id)

    async def send(
        self,
        webhook: Webhook,
        part: Part,
        files: Sequence[SpooledFile],
        nonce: str,
        *,
        thread_id: int | None = None,
        thread_name: str | None = None,
        tag_ids: Sequence[int] = (),
    ) -> TargetMessage:
        """Post a part through a webhook, into a thread of its channel or as a new post of a forum."""
        if part.reply_to is not None and self._answers.keeps_replies is False:
            part = webhooks.said_reply(part)
        if part.voice_line and self._answers.takes_voice is False:
            part = webhooks.said_voice(part)

        async def post(part: Part) -> TargetMessage:
            # The bot's header goes along only where newer servers ask for it.
            return await webhooks.send(
                await self._ready(),
                webhook,
                part,
                files,
                nonce,
                is_authorised=self._answers.is_current,
                thread_id=thread_id,
                thread_name=thread_name,
                tag_ids=tag_ids,
            )

        try:
            stored = await post(part)
        except StoredDifferently:
            raise
        except Refused:
            if not part.voice_line:
                raise
            part = webhooks.said_voice(part)
            stored = await post(part)
            self._answers = msgspec.structs.replace(self._answers, takes_voice=False)
        if part.voice_line and not stored.flags & webhooks.VOICE_FLAG:
            self._answers = msgspec.structs.replace(self._answers, takes_voice=False)
        if part.reply_to is None or (part.reply_line and stored.content.startswith(part.reply_line)):
            return stored
        is_kept = stored.reply_to == part.reply_to
        self._answers = msgspec.structs.replace(self._answers, keeps_replies=is_kept)
        if is_kept or not part.reply_line or not any(routes.edits_posts for routes in self._routes.values()):
            return stored
        # The first reply shows that this server drops them; it says in words what it answers, as those to come will.
        with suppress(CloneError):
            return await self.edit_post(webhook, stored.id, webhooks.said_reply(part), thread_id=thread_id)
        return stored

    async def edit_post(
        self, webhook: Webhook, message_id: int, part: Part, *, thread_id: int | None = None
    ) -> TargetMessage:
        """Give a webhook's post other text, embeds and flags; one that stands as no reply says what it answers."""
        if part.reply_to is not None and part.reply_to > message_id:
            part = webhooks.said_reply(part)

        async def change(part: Part) -> TargetMessage:
            return await webhooks.edit_post(
                await self._ready(),
                webhook,
                message_id,
                part,
                thread_id=thread_id,
                is_authorised=self._answers.is_current,
            )

        stands = await change(part)
        if part.reply_to is None or not part.reply_line or stands.reply_to is not None:
            return stands
        return await change(webhooks.said_reply(part))

    async def delete_post(self, channel_id: int, message_id: int) -> None:
        """Delete a message of a channel or thread."""
        await messages.delete_post(await self._ready(), channel_id, message_id)

    async def pin(self, channel_id: int, message_id: int) -> None:
        """Pin a message."""
        await pins.pin(await self._ready(), channel_id, message_id)

    async def unpin(self, channel_id: int, message_id: int) -> None:
        """Take a pin away."""
        await pins.unpin(await self._ready(), channel_id, message_id)

    async def pinned(self, channel_id: int) -> Sequence[int]:
        """Return the ids of a channel's pinned messages, the latest pin first."""
        return await pins.pinned(await self._ready(), channel_id)

    async def remove_pin_notice(self, channel_id: int, message_id: int) -> bool:
        """Delete the notice that the bot pinned a message."""
        return await pins.remove_pin_notice(await self._ready(), channel_id, message_id, await self._own_id())

    async def remove_thread_notice(self, channel_id: int, thread_id: int) -> bool:
        """Delete the notice that the bot started a thread."""
        return await pins.remove_thread_notice(await self._ready(), channel_id, thread_id, await self._own_id())

    async def react(self, channel_id: int, message_id: int, emoji: str) -> None:
        """React as the bot."""
        await messages.react(await self._ready(), channel_id, message_id, emoji)

    async def unreact(self, channel_id: int, message_id: int, emoji: str) -> None:
        """Take the bot's own reaction back."""
        await messages.unreact(await self._ready(), channel_id, message_id, emoji)

    async def start_thread(
        self,
        channel_id: int,
        name: str,
        *,
        message_id: int | None = None,
        is_private: bool = False,
        auto_archive_minutes: int | None = None,
    ) -> int:
        """Start a thread and return its id."""
        return await threads.start_thread(
            await self._ready(),
            channel_id,
            name,
            message_id=message_id,
            is_private=is_private,
            auto_archive_minutes=auto_archive_minutes,
        )

    async def close_thread(self, thread_id: int, *, is_archived: bool, is_locked: bool) -> None:
        """Archive and lock a thread, or open it again."""
        await threads.close_thread(await self._ready(), thread_id, is_archived=is_archived, is_locked=is_locked)

    async def pin_thread(self, thread_id: int) -> None:
        """Show a post first in its forum."""
        await threads.pin_thread(await self._ready(), thread_id)

    async def threads(self, community_id: int, channel_id: int) -> Sequence[TargetThread]:
        """Return the threads of a channel."""
        return await threads.channel_threads(await self._ready(), community_id, channel_id)

    async def forum_tags(self, channel_id: int) -> Mapping[str, int]:
        """Return the ids of a forum's tags by name."""
        return await threads.forum_tags(await self._ready(), channel_id)

    def send_delay(self, webhook: Webhook) -> float:
        """Return in how many seconds a webhook may post without being limited."""
        return webhooks.send_delay(self._client, webhook)

    async def history(self, channel_id: int, before: int | None = None, limit: int = PAGE) -> Sequence[TargetMessage]:
        """Return messages of a channel or thread, newest first, older than an id."""
        return await messages.history(await self._ready(), channel_id, before, limit)

    async def _own_id(self) -> int:
        if self._bot_id is None:
            await self.identity()
        assert self._bot_id is not None
        return self._bot_id

    async def _ready(self) -> FluxerClient:
        if self._instance is None:
            await self.instance()
        self._learn()
        return self._client

    def _learn(self) -> None:
        self._answers = self._answers.seen(self._client.telling_headers)
