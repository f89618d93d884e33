"""Users, members and invites."""

from __future__ import annotations

import secrets
import string

from . import payloads
from .calls import Call, Reply, reply
from .entities import FORUM, MEDIA, Invite
from .errors import invalid_channel_type, invalid_field, unknown_member, unknown_user
from .snowflakes import iso_from_milliseconds

_CODE_LETTERS = string.ascii_letters + string.digits
WEEK_S = 604_800
MAX_MEMBERS = 1000


async def me(call: Call) -> Reply:
    """GET /users/@me"""
    return reply(payloads.private_user(call.caller))


async def user(call: Call) -> Reply:
    """GET /users/:user_id"""
    found = call.community.users.get(call.snowflake("user_id"))
    if found is None:
        raise unknown_user()
    return reply(payloads.user(found))


async def members(call: Call) -> Reply:
    """GET /guilds/:guild_id/members"""
    call.guild()
    found = sorted(call.community.members.values(), key=lambda member: member.id)
    if call.community.generation.has_full_guild:
        limit, after = call.request.query.get("limit", "1"), call.request.query.get("after", "0")
        if not limit.isdecimal() or not 1 <= int(limit) <= MAX_MEMBERS or not after.isdecimal():
            message = "The value for `limit` must be an integer between 1 and 1000."
            raise invalid_field("limit", "VALUE_MUST_BE_INTEGER_IN_RANGE", message)
        found = [member for member in found if member.id > int(after)][: int(limit)]
    return reply([payloads.member(member, call.community) for member in found])


async def member(call: Call) -> Reply:
    """GET /guilds/:guild_id/members/:user_id"""
    call.guild()
    wanted = call.parameters["user_id"]
    found = call.community.members.get(call.caller.id if wanted == "@me" else call.snowflake("user_id"))
    if found is None:
        raise unknown_member()
    return reply(payloads.member(found, call.community))


async def create_invite(call: Call) -> Reply:
    """POST /channels/:channel_id/invites"""
    fields = await call.fields()
    max_age, max_uses = fields.integer("max_age", 0, WEEK_S), fields.integer("max_uses", 0, 100)
    is_temporary = fields.boolean("temporary") or False
    fields.check()
    channel, community = call.channel(), call.community
    if community.generation.has_threads and channel.type in (FORUM, MEDIA):
        raise invalid_channel_type()
    usual_age = 0 if community.generation.has_full_guild else WEEK_S
    age = usual_age if max_age is None else max_age
    now_ms = int(community.clock() * 1000)
    invite = Invite(
        id=community.next_id(),
        code="".join(secrets.choice(_CODE_LETTERS) for _ in range(8)),
        channel_id=channel.id,
        user_id=call.caller.id,
        max_age=age,
        max_uses=max_uses or 0,
        is_temporary=is_temporary,
        created_at=iso_from_milliseconds(now_ms),
        expires_at=iso_from_milliseconds(now_ms + age * 1000) if age else None,
    )
    community.save_invite(invite)
    return reply(payloads.invite(invite, community))


async def invites(call: Call) -> Reply:
    """GET /guilds/:guild_id/invites and /channels/:channel_id/invites"""
    if "guild_id" in call.parameters:
        call.guild()
        found = list(call.community.invites.values())
    else:
        channel = call.channel()
        found = [invite for invite in call.community.invites.values() if invite.channel_id == channel.id]
    return reply([payloads.invite(invite, call.community) for invite in found])
