"""What the engine needs of the outside: narrow protocols that reader, writer and media fulfil.

All methods may raise the errors of `model.errors` and are safe to cancel at any await.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from reaper_tui.model.community import Channel, Community, Guild, Overwrite, Webhook
from reaper_tui.model.composition import Degrade, Directory, Flow
from reaper_tui.model.message import Message, RawMessage
from reaper_tui.model.outgoing import Composition, FileSlot, Part, SpooledFile, TargetMessage


class Reader(Protocol):
    """Reads the source."""

    async def survey(self, guild_id: int) -> Guild:
        """Return the guild's structure, threads of every kind included."""
        ...

    async def estimate(self, channel: Channel) -> tuple[int, bool]:
        """Return about how many messages a container holds, and whether that is exact."""
        ...

    async def page(self, channel_id: int, after: int) -> Sequence[RawMessage]:
        """Return up to 100 messages directly after an id, oldest first; fewer means the end was reached."""
        ...

    async def message(self, channel_id: int, message_id: int) -> RawMessage:
        """Return one message anew, with freshly signed links."""
        ...

    def parse(self, payload: bytes) -> Message:
        """Return what a stored payload says; never fails on odd content."""
        ...

    async def refresh_links(self, urls: Sequence[str]) -> Mapping[str, str]:
        """Return fresh links for expired ones, by the old link; missing ones could not be refreshed."""
        ...


class Composer(Protocol):
    """Turns source messages into posts."""

    def references(self, message: Message) -> frozenset[int]:
        """Return the source message ids whose place on the target the composition will ask for."""
        ...

    def compose(self, message: Message, directory: Directory, flow: Flow, degrade: Degrade) -> Composition:
        """Return the posts that stand for a message, or the rule by which it is skipped."""
        ...


class Writer(Protocol):
    """Writes the target."""

    async def community(self, community_id: int) -> Community:
        """Return the community as it stands: structure, webhooks of ours and others, limits, features."""
        ...

    async def create_role(self, community_id: int, name: str, color: int, permissions: int) -> int: ...
    async def edit_role(self, community_id: int, role_id: int, changes: Mapping[str, Any]) -> None:
        """Change name, color, permissions (int), hoist, mentionable."""
        ...

    async def order_roles(self, community_id: int, role_ids: Sequence[int]) -> None:
        """Put roles in order, top first, below the bot's own."""
        ...

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
        """Make a text, voice or category channel; overwrites name target subjects, an empty list means none."""
        ...

    async def edit_channel(self, channel_id: int, kind: str, changes: Mapping[str, Any]) -> None:
        """Change name, topic, nsfw, rate_limit_per_user, bitrate, user_limit, parent_id, permission_overwrites."""
        ...

    async def order_channels(self, community_id: int, positions: Sequence[tuple[int, int]]) -> None: ...
    async def allow_flexible_names(self, community_id: int) -> None:
        """Let text channels keep capitals and spaces in their names."""
        ...

    async def create_emojis(self, community_id: int, images: Sequence[tuple[str, bytes]]) -> Sequence[tuple[int, str]]:
        """Make up to 50 emojis at once; return (id, "") or (0, reason) in the order given."""
        ...

    async def create_stickers(
        self, community_id: int, images: Sequence[tuple[str, str, Sequence[str], bytes]]
    ) -> Sequence[tuple[int, str]]:
        """Make up to 50 stickers (name, description, tags, image) at once; return (id, "") or (0, reason)."""
        ...

    async def edit_identity(
        self, community_id: int, *, name: str, icon: bytes | None, banner: bytes | None
    ) -> None: ...
    async def create_webhook(self, channel_id: int, name: str) -> Webhook: ...
    async def webhooks(self, channel_id: int) -> Sequence[Webhook]: ...
    async def send(self, webhook: Webhook, part: Part, files: Sequence[SpooledFile], nonce: str) -> TargetMessage:
        """Post as an author through a webhook and return what now stands on the target.

        Raises OutcomeUnknown when it may have been stored, ServiceDown when it was not; WebhookGone, Refused,
        AccessDenied.
        """
        ...

    def send_delay(self, webhook: Webhook) -> float:
        """Return in how many seconds this webhook may send without being limited, 0 for now."""
        ...

    async def history(self, channel_id: int, before: int | None = None, limit: int = 100) -> Sequence[TargetMessage]:
        """Return messages of a channel, newest first, older than an id."""
        ...


class Spool(Protocol):
    """Brings files to disk for a moment."""

    async def fetch(self, slot: FileSlot, limit: int) -> SpooledFile:
        """Stream one file to disk; raise FileUnavailable (gone, too large, wrong size) or ServiceDown."""
        ...

    def release(self, file: SpooledFile) -> None:
        """Delete a file that was sent."""
        ...

    async def image(self, url: str, limit: int) -> bytes:
        """Return a small image (emoji, icon); raise FileUnavailable when it is larger than the limit."""
        ...
