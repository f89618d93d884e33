"""A request on its way through a route, and the reply it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec
from aiohttp import web

from .bodies import list_or_object_of, object_of
from .community import Community
from .errors import age_restricted, invalid_field, unknown_channel, unknown_guild, unknown_message
from .fields import Fields
from .generation import VIEW_CHANNEL_MEMBERS

if TYPE_CHECKING:
    from .avatars import AvatarFetcher
    from .entities import Channel, Message, Place, Thread, User
    from .files import Files
    from .gateway import Gateway
    from .uploads import Uploads

from .entities import AGE_RESTRICTED_GUILD, ANNOUNCEMENT, FORUM, MEDIA, TEXT

_ENCODER = msgspec.json.Encoder()


class Reply(NamedTuple):
    """Status and JSON bytes; no body for 204."""

    status: int
    body: bytes | None = None


NO_CONTENT = Reply(204)


def reply(payload: Any) -> Reply:
    """A 200 with this JSON."""
    return Reply(200, _ENCODER.encode(payload))


class Server(Protocol):
    """What handlers may ask the server."""

    ignores_nonces: bool
    honours_webhook_nonces: bool

    @property
    def served_routes(self) -> list[tuple[str, str]]:
        """Method and template of every route."""
        ...


@dataclass(slots=True)
class Context:
    """What every handler may use."""

    community: Community
    files: Files
    gateway: Gateway
    avatars: AvatarFetcher
    uploads: Uploads
    server: Server
    origin: str = ""
    media: str = ""


@dataclass(slots=True)
class Call:
    """One request of one identity to one route."""

    request: web.BaseRequest
    context: Context
    user: User | None
    parameters: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def community(self) -> Community:
        """The community that is asked."""
        return self.context.community

    @property
    def caller(self) -> User:
        """The user, on routes that demand one."""
        assert self.user is not None
        return self.user

    async def fields(self) -> Fields:
        """The JSON body, ready to be read field by field."""
        return Fields(object_of(await self.request.read()))

    async def items(self) -> list[Fields]:
        """The JSON body of a route that takes a list."""
        body = list_or_object_of(await self.request.read())
        fields = Fields({"root": body if isinstance(body, list) else None})
        items = fields.objects("root", is_required=True)
        fields.check()
        assert items is not None
        return items

    def snowflake(self, name: str) -> int:
        """An id of the path."""
        value = self.parameters[name]
        if not (value.isascii() and value.isdecimal() and len(value) <= 19):
            raise invalid_field(name, "INVALID_SNOWFLAKE_FORMAT", "Invalid snowflake.")
        return int(value)

    def granted(self, bits: int, before: int = 0) -> int:
        """The permission bits that are stored; one of them changes only for clients that declare they know it."""
        known = self.community.generation.permissions
        declared = self.request.headers.get("X-Fluxer-Features", "").replace(" ", "").split(",")
        if known & VIEW_CHANNEL_MEMBERS and "view_channel_members_permission" not in declared:
            bits = bits & ~VIEW_CHANNEL_MEMBERS | before & VIEW_CHANNEL_MEMBERS
        return bits & known

    def guild(self) -> None:
        """Refuse any guild but the one."""
        if self.snowflake("guild_id") != self.community.guild.id:
            raise unknown_guild()

    def channel(self) -> Channel:
        """The channel of the path."""
        channel = self.community.channels.get(self.snowflake("channel_id"))
        if channel is None:
            raise unknown_channel()
        return channel

    def place(self) -> Place:
        """The channel or thread of the path."""
        place = self.community.place(self.snowflake("channel_id"))
        if place is None:
            raise unknown_channel()
        return place

    def thread(self) -> Thread | None:
        """The thread of the path, if it names one."""
        threads = self.community.threads
        return threads.get(self.snowflake("channel_id")) if threads else None

    def open_channel(self) -> Channel:
        """The channel of the path, unless it is closed to minors, among whom bots count."""
        channel = self.channel()
        self._check_age(channel)
        return channel

    def open_place(self) -> Place:
        """The channel or thread of the path, unless it is closed to minors."""
        place = self.place()
        self._check_age(self.community.channel_of(place))
        return place

    def _check_age(self, channel: Channel) -> None:
        is_restricted = channel.is_nsfw or self.community.guild.nsfw_level == AGE_RESTRICTED_GUILD
        if channel.type in (TEXT, ANNOUNCEMENT, FORUM, MEDIA) and is_restricted:
            raise age_restricted()

    def message(self, place: Place) -> Message:
        """The message of the path, in the channel or thread."""
        message = self.community.messages.get(self.snowflake("message_id"))
        if message is None or message.channel_id != place.id:
            raise unknown_message()
        return message
