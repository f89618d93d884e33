"""What the engine needs of the outside: narrow protocols that reader, writer and media fulfil.

All methods may raise the errors of `model.errors` and are safe to cancel at any await.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NoReturn, Protocol

from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import Channel, Community, Guild, Overwrite, Webhook
from reaper_tui.model.composition import Degrade, Directory, Flow
from reaper_tui.model.forum import Forum, TargetThread
from reaper_tui.model.live import LiveEvent
from reaper_tui.model.message import Message, RawMessage, RecentPage
from reaper_tui.model.outgoing import Composition, FileSlot, Part, SpooledFile, TargetMessage


class Reader(Protocol):
    """Reads the source."""

    async def survey(self, guild_id: int, *, looks: bool = True) -> Guild:
        """Return the guild's structure, threads of every kind included.

        `looks` asks the gateway what is hidden; whoever listens to it is told anyway.
        """
        ...

    async def listen(self, guild_id: int, put: Callable[[LiveEvent], None]) -> NoReturn:
        """Hand over what happens in a guild, in order, until cancelled; reconnects by itself."""
        ...

    async def place(self, channel_id: int) -> LiveEvent:
        """Return a channel or thread as if an event had told of it."""
        ...

    def changed(self, guild: Guild, event: LiveEvent) -> Guild:
        """Return a surveyed guild after an event about its channels."""
        ...

    def merged(self, payload: bytes, event: LiveEvent) -> bytes:
        """Return a stored message after an event that may tell only a part of it."""
        ...

    def pinned(self, payload: bytes, *, is_pinned: bool) -> bytes:
        """Return a stored message pinned or not."""
        ...

    def shows_the_same(self, one: bytes, other: bytes) -> bool:
        """Return whether two readings of a message look alike to somebody who follows it."""
        ...

    def reactions(self, payload: bytes) -> bytes:
        """Return how a message's reactions stand, as JSON for a feed."""
        ...

    async def estimate(self, channel: Channel, behind: int = 0) -> tuple[int, bool]:
        """Return about how many messages a container holds behind an id, and whether that is exact."""
        ...

    async def page(self, channel_id: int, after: int) -> Sequence[RawMessage]:
        """Return up to 100 messages directly after an id, oldest first; fewer means the end was reached."""
        ...

    async def recent(self, channel_id: int, before: int | None = None) -> RecentPage:
        """Return up to 100 messages directly before an id, or the newest."""
        ...

    async def pins(self, channel_id: int) -> Sequence[int]:
        """Return the ids of a container's pinned messages in the order they were pinned, oldest pin first."""
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

    def supplement(self, message: Message, keys: Collection[int], directory: Directory) -> Composition:
        """Return the posts that bring files which were left out of a message that stands; none when none can go."""
        ...


class Writer(Protocol):
    """Writes the target."""

    async def community(self, community_id: int) -> Community:
        """Return the community as it stands: structure, webhooks of ours and others, limits, features."""
        ...

    async def capabilities(self, community_id: int) -> TargetCapabilities:
        """Return what the server can do for a community; three requests once, corrected by every answer since."""
        ...

    async def members(self, community_id: int, user_ids: Collection[int]) -> frozenset[int]:
        """Return those of some users who are members; one request each."""
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
        forum: Forum | None = None,
    ) -> int:
        """Make a channel; overwrites name target subjects, an empty list means none, as do the emojis of `forum`.

        Kinds beyond text, voice and category are refused with field `type` where the server does not have them.
        """
        ...

    async def edit_channel(self, channel_id: int, kind: str, changes: Mapping[str, Any]) -> None:
        """Change name, topic, nsfw, rate_limit_per_user, bitrate, user_limit, parent_id, permission_overwrites, forum.

        Tags of a forum keep their ids by name.
        """
        ...

    async def order_channels(self, community_id: int, positions: Sequence[tuple[int, int]]) -> None: ...
    async def allow_flexible_names(self, community_id: int) -> None:
        """Let text channels keep capitals and spaces in their names."""
        ...

    async def create_emojis(self, community_id: int, images: Sequence[tuple[str, bytes]]) -> Sequence[tuple[int, str]]:
        """Make up to 50 emojis at once; return (id, "") or (0, reason) in the order given."""
        ...

    async def rename_emoji(self, community_id: int, emoji_id: int, name: str) -> None: ...
    async def edit_sticker(
        self, community_id: int, sticker_id: int, name: str, description: str, tags: Sequence[str]
    ) -> None: ...
    async def create_stickers(
        self, community_id: int, images: Sequence[tuple[str, str, Sequence[str], bytes]]
    ) -> Sequence[tuple[int, str]]:
        """Make up to 50 stickers (name, description, tags, image) at once; return (id, "") or (0, reason)."""
        ...

    async def edit_identity(
        self, community_id: int, *, name: str, icon: bytes | None, banner: bytes | None
    ) -> None: ...
    async def set_content_filter(self, community_id: int, level: int) -> None:
        """Let the community look through nobody's media (0), those of people without roles (1), or everybody's (2)."""
        ...

    async def create_webhook(self, channel_id: int, name: str) -> Webhook: ...
    async def webhooks(self, channel_id: int) -> Sequence[Webhook]: ...
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
        """Post as an author through a webhook and return what now stands on the target.

        `thread_id` is a thread of the webhook's channel. In a forum `thread_name` makes a new post with these tags; the
        thread is then the message's `channel_id`. Raises OutcomeUnknown when it may have been stored, ServiceDown when
        it was not; WebhookGone, Refused, AccessDenied.
        """
        ...

    async def edit_post(
        self, webhook: Webhook, message_id: int, part: Part, *, thread_id: int | None = None
    ) -> TargetMessage:
        """Give a webhook's post other text, embeds and flags; files, author and reply stay. May be done twice.

        Raises NotFound when the post is gone, NotSupported where the server cannot change posts.
        """
        ...

    async def delete_post(self, channel_id: int, message_id: int) -> None:
        """Delete a message of a channel or thread as the bot; raise NotFound when it is gone already."""
        ...

    async def pin(self, channel_id: int, message_id: int) -> None:
        """Pin a message; the target announces it with a notice of the bot. Pinning twice changes nothing."""
        ...

    async def unpin(self, channel_id: int, message_id: int) -> None: ...
    async def pinned(self, channel_id: int) -> Sequence[int]:
        """Return the ids of a channel's pinned messages, the latest pin first."""
        ...

    async def remove_pin_notice(self, channel_id: int, message_id: int) -> bool:
        """Delete the notice that the bot pinned a message; return whether there was one on the newest page."""
        ...

    async def remove_thread_notice(self, channel_id: int, thread_id: int) -> bool:
        """Delete the notice that the bot started a thread; return whether there was one on the newest page."""
        ...

    async def react(self, channel_id: int, message_id: int, emoji: str) -> None:
        """React as the bot with a Unicode emoji or a custom one as `name:id`; doing it twice changes nothing."""
        ...

    async def unreact(self, channel_id: int, message_id: int, emoji: str) -> None: ...
    async def start_thread(
        self,
        channel_id: int,
        name: str,
        *,
        message_id: int | None = None,
        is_private: bool = False,
        auto_archive_minutes: int | None = None,
    ) -> int:
        """Start a thread, from a message or on its own, and return its id.

        One that the message has already is returned. After OutcomeUnknown a thread started on its own is found with
        `threads`. Raises NotSupported where there are no threads.
        """
        ...

    async def close_thread(self, thread_id: int, *, is_archived: bool, is_locked: bool) -> None:
        """Archive and lock a thread, or open it again; webhooks cannot post into a locked one."""
        ...

    async def pin_thread(self, thread_id: int) -> None:
        """Show a post first in its forum."""
        ...

    async def threads(self, community_id: int, channel_id: int) -> Sequence[TargetThread]:
        """Return the threads of a channel, active and archived, private ones as far as the bot sees them."""
        ...

    async def forum_tags(self, channel_id: int) -> Mapping[str, int]:
        """Return the ids of a forum's tags by name."""
        ...

    def send_delay(self, webhook: Webhook) -> float:
        """Return in how many seconds this webhook may send without being limited, 0 for now."""
        ...

    async def history(self, channel_id: int, before: int | None = None, limit: int = 100) -> Sequence[TargetMessage]:
        """Return messages of a channel or thread, newest first, older than an id."""
        ...


class Spool(Protocol):
    """Brings files to disk or, small ones, into memory for a moment."""

    async def fetch(self, slot: FileSlot, limit: int) -> SpooledFile:
        """Bring one file here; raise FileUnavailable (gone, too large, wrong size) or ServiceDown."""
        ...

    @property
    def draws_lottie(self) -> bool:
        """Return whether vector animations can be drawn here."""
        ...

    async def keep(self, url: str, limit: int) -> None:
        """Keep a picture on disk for good, under its address; raise FileUnavailable or ServiceDown."""
        ...

    async def is_kept(self, url: str) -> bool: ...
    async def kept(self, url: str) -> SpooledFile | None:
        """Return a picture that is kept, None when it is not; it is not to be released."""
        ...

    async def picture(self, url: str, limit: int, *, is_lottie: bool = False) -> bytes:
        """Return a small picture that fits: vector animations drawn, larger ones made smaller; else FileUnavailable."""
        ...

    def release(self, file: SpooledFile) -> None:
        """Delete a file that was sent."""
        ...

    async def image(self, url: str, limit: int) -> bytes:
        """Return a small image (emoji, icon); raise FileUnavailable when it is larger than the limit."""
        ...
