"""The writer: one Fluxer instance behind the engine's port."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from reaper_tui.model.community import Channel, Community, Overwrite, Webhook
from reaper_tui.model.outgoing import Part, SpooledFile, TargetMessage
from reaper_tui.profile.secrets import Secret
from reaper_tui.writer import expressions, structure, survey, webhooks, wire
from reaper_tui.writer.capabilities import Capabilities
from reaper_tui.writer.client import Call, FluxerClient
from reaper_tui.writer.discovery import Instance, discover
from reaper_tui.writer.events import Notify
from reaper_tui.writer.limiter import Clock, Sleep
from reaper_tui.writer.survey import BotIdentity

PAGE = 100


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
        self.capabilities = Capabilities()

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
        return self.capabilities.generation

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
        self._learn()
        return found

    async def community(self, community_id: int) -> Community:
        """Return the community as it stands."""
        instance = await self.instance()
        found = await survey.community(self._client, instance, community_id)
        self._learn()
        self._channels = {channel.id: channel for channel in found.channels}
        self._client.channel_names = {channel.id: channel.name for channel in found.channels}
        self._features[community_id] = found.features
        return found

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
        )
        self._channels[channel.id] = channel
        self._client.channel_names[channel.id] = channel.name
        return channel.id

    async def edit_channel(self, channel_id: int, kind: str, changes: Mapping[str, Any]) -> None:
        """Change a channel."""
        await structure.edit_channel(await self._ready(), channel_id, changes)

    async def order_channels(self, community_id: int, positions: Sequence[tuple[int, int]]) -> None:
        """Put channels in order within their categories."""
        await structure.order_channels(await self._ready(), community_id, positions, self._channels)

    async def allow_flexible_names(self, community_id: int) -> None:
        """Let text channels keep capitals and spaces in their names."""
        await structure.allow_flexible_names(
            await self._ready(),
            community_id,
            self._features.get(community_id, frozenset()),
            by_feature_first=self.capabilities.is_current,
        )

    async def create_emojis(self, community_id: int, images: Sequence[tuple[str, bytes]]) -> Sequence[tuple[int, str]]:
        """Make emojis; return an id or a reason for each."""
        return await expressions.create_emojis(await self._ready(), community_id, images)

    async def create_stickers(
        self, community_id: int, images: Sequence[tuple[str, str, Sequence[str], bytes]]
    ) -> Sequence[tuple[int, str]]:
        """Make stickers; return an id or a reason for each."""
        return await expressions.create_stickers(await self._ready(), community_id, images)

    async def edit_identity(self, community_id: int, *, name: str, icon: bytes | None, banner: bytes | None) -> None:
        """Set name, icon and banner, each for itself."""
        await expressions.edit_identity(await self._ready(), community_id, name=name, icon=icon, banner=banner)

    async def create_webhook(self, channel_id: int, name: str) -> Webhook:
        """Make a webhook."""
        return await webhooks.create_webhook(await self._ready(), channel_id, name)

    async def webhooks(self, channel_id: int) -> Sequence[Webhook]:
        """Return a channel's webhooks."""
        return await webhooks.channel_webhooks(await self._ready(), channel_id)

    async def send(self, webhook: Webhook, part: Part, files: Sequence[SpooledFile], nonce: str) -> TargetMessage:
        """Post a part through a webhook; the bot's header goes along only where newer servers ask for it."""
        client = await self._ready()
        stored = await webhooks.send(client, webhook, part, files, nonce, is_authorised=self.capabilities.is_current)
        if part.reply_to is not None:
            self.capabilities = msgspec.structs.replace(
                self.capabilities, keeps_replies=stored.reply_to == part.reply_to
            )
        return stored

    def send_delay(self, webhook: Webhook) -> float:
        """Return in how many seconds a webhook may post without being limited."""
        return webhooks.send_delay(self._client, webhook)

    async def history(self, channel_id: int, before: int | None = None, limit: int = PAGE) -> Sequence[TargetMessage]:
        """Return messages of a channel, newest first, older than an id."""
        query = {"limit": str(min(max(limit, 1), PAGE))}
        if before is not None:
            query["before"] = str(before)
        client = await self._ready()
        raw = await client.perform(
            Call(
                "GET",
                "/channels/{channel_id}/messages",
                {"channel_id": channel_id},
                query=query,
                doing="reading back",
                permission="Read Message History",
                channel_id=channel_id,
            )
        )
        messages = [wire.message_of(row) for row in wire.objects(raw)]
        return sorted(messages, key=lambda message: message.id, reverse=True)

    async def _ready(self) -> FluxerClient:
        if self._instance is None:
            await self.instance()
        self._learn()
        return self._client

    def _learn(self) -> None:
        self.capabilities = self.capabilities.seen(self._client.newest_headers)
