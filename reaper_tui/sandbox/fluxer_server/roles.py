"""Roles: create, change, reorder, delete, give and take."""

from __future__ import annotations

from . import payloads
from .calls import NO_CONTENT, Call, Reply, reply
from .community import Community
from .entities import DEFAULT_PERMISSIONS, Member, Role
from .errors import invalid_field, limit_reached, missing_permissions, unknown_member, unknown_role


def ranked(community: Community) -> list[Role]:
    """Roles from the highest down; of one position the older comes first."""
    return sorted(community.roles.values(), key=lambda role: (-role.position, role.id))


def _highest(community: Community, member: Member) -> Role:
    held = [role for role in ranked(community) if role.id in member.roles]
    return held[0] if held else community.roles[community.guild.id]


def _is_manageable(call: Call, role: Role) -> bool:
    """Whether the caller's highest role stands above the role."""
    highest = _highest(call.community, call.community.members[call.caller.id])
    return (-highest.position, highest.id) < (-role.position, role.id)


def _role(call: Call) -> Role:
    role = call.community.roles.get(call.snowflake("role_id"))
    if role is None:
        raise unknown_role()
    return role


async def list_of_guild(call: Call) -> Reply:
    """GET /guilds/:guild_id/roles"""
    call.guild()
    return reply([payloads.role(role) for role in ranked(call.community)])


async def create(call: Call) -> Reply:
    """POST /guilds/:guild_id/roles: name, colour and permissions only"""
    fields = await call.fields()
    name, colour = fields.text("name", 1, 100, is_required=True), fields.colour("color")
    permissions = fields.permissions("permissions")
    fields.check()
    call.guild()
    most = call.community.generation.limits.max_guild_roles
    if len(call.community.roles) >= most:
        raise limit_reached("MAX_GUILD_ROLES", "guild roles", max_guild_roles=most)
    assert name is not None
    granted = DEFAULT_PERMISSIONS if permissions is None else call.granted(permissions)
    role = Role(call.community.next_id(), name, granted, colour or 0)
    call.community.save_role(role)
    return reply(_announce(call, "GUILD_ROLE_CREATE", role))


async def edit(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/roles/:role_id"""
    fields = await call.fields()
    name, colour = fields.text("name", 1, 100), fields.colour("color")
    permissions, hoist_position = fields.permissions("permissions"), fields.integer("hoist_position", 0, 2**31 - 1)
    is_hoisted, is_mentionable = fields.boolean("hoist"), fields.boolean("mentionable")
    fields.check()
    call.guild()
    role = _role(call)
    if not _is_manageable(call, role):
        raise missing_permissions()
    if permissions is not None:
        role.permissions = call.granted(permissions, role.permissions)
    if role.id != call.community.guild.id:
        role.name = name or role.name
        role.color = role.color if colour is None else colour
        role.is_hoisted = role.is_hoisted if is_hoisted is None else is_hoisted
        role.is_mentionable = role.is_mentionable if is_mentionable is None else is_mentionable
        role.hoist_position = hoist_position if fields.has("hoist_position") else role.hoist_position
    call.community.save_role(role)
    return reply(_announce(call, "GUILD_ROLE_UPDATE", role))


async def delete(call: Call) -> Reply:
    """DELETE /guilds/:guild_id/roles/:role_id"""
    call.guild()
    role = _role(call)
    if role.id == call.community.guild.id:
        raise unknown_role()
    if not _is_manageable(call, role):
        raise missing_permissions()
    call.community.remove_role(role)
    gone = {"guild_id": str(call.community.guild.id), "role_id": str(role.id)}
    call.context.gateway.dispatch("GUILD_ROLE_DELETE", gone)
    return NO_CONTENT


async def reorder(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/roles: sorted by the given or current position, then renumbered N..1"""
    wanted = await _positions(call, "position")
    community = call.community
    before = [role for role in ranked(community) if role.id != community.guild.id]
    if community.generation.ranks_by_age:
        return _reorder_movable(call, before, wanted)
    after = sorted(before, key=lambda role: (-wanted.get(role.id, role.position), role.id))
    for index, role in enumerate(before):
        if not _is_manageable(call, role) and (role.id in wanted or after[index].id != role.id):
            raise missing_permissions()
    if wanted:
        _renumber(call, after)
    return NO_CONTENT


def _reorder_movable(call: Call, before: list[Role], wanted: dict[int, int]) -> Reply:
    """Sort the roles that the caller may move among the places which such roles hold."""
    roles = call.community.roles
    for role_id, position in wanted.items():
        if position != roles[role_id].position and not _is_manageable(call, roles[role_id]):
            raise missing_permissions()
    movable = [role for role in before if _is_manageable(call, role)]
    queue = iter(sorted(movable, key=lambda role: (-wanted.get(role.id, role.position), role.id)))
    after = [next(queue) if _is_manageable(call, role) else role for role in before]
    if wanted:
        _renumber(call, after)
    return NO_CONTENT


def _renumber(call: Call, roles: list[Role]) -> None:
    for position, role in zip(range(len(roles), 0, -1), roles, strict=True):
        role.position = position
        call.community.save_role(role)
    _announce_all(call, roles)


async def reorder_hoisted(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/roles/hoist-positions: a display order of its own"""
    wanted = await _positions(call, "hoist_position")
    for role_id, position in wanted.items():
        role = call.community.roles[role_id]
        if not _is_manageable(call, role):
            raise missing_permissions()
        role.hoist_position = position
        call.community.save_role(role)
    _announce_all(call, [call.community.roles[role_id] for role_id in wanted])
    return NO_CONTENT


async def reset_hoisted(call: Call) -> Reply:
    """DELETE /guilds/:guild_id/roles/hoist-positions"""
    call.guild()
    for role in call.community.roles.values():
        if role.hoist_position is not None:
            role.hoist_position = None
            call.community.save_role(role)
    return NO_CONTENT


async def _positions(call: Call, key: str) -> dict[int, int]:
    wanted: dict[int, int] = {}
    for fields in await call.items():
        role_id, position = fields.snowflake("id", is_required=True), fields.integer(key, -(2**31), 2**31 - 1)
        fields.check()
        assert role_id is not None
        if role_id == call.community.guild.id:
            raise invalid_field("id", "CANNOT_REORDER_EVERYONE_ROLE", "You can't reorder the @everyone role.")
        if role_id not in call.community.roles:
            raise invalid_field("id", "INVALID_ROLE_ID", f"Invalid role ID: {role_id}.")
        if position is not None:
            wanted[role_id] = position
    call.guild()
    return wanted


async def give(call: Call) -> Reply:
    """PUT /guilds/:guild_id/members/:user_id/roles/:role_id"""
    member, role = _pair(call)
    if role.id not in member.roles:
        member.roles = [*member.roles, role.id]
        call.community.save_member(member)
        _announce_member(call, member)
    return NO_CONTENT


async def take(call: Call) -> Reply:
    """DELETE /guilds/:guild_id/members/:user_id/roles/:role_id"""
    member, role = _pair(call)
    if role.id in member.roles:
        member.roles = [role_id for role_id in member.roles if role_id != role.id]
        call.community.save_member(member)
        _announce_member(call, member)
    return NO_CONTENT


def _pair(call: Call) -> tuple[Member, Role]:
    """The member and a role that ranks below the caller's highest."""
    call.guild()
    member = call.community.members.get(call.snowflake("user_id"))
    if member is None:
        raise unknown_member()
    role = call.community.roles.get(call.snowflake("role_id"))
    highest = _highest(call.community, call.community.members[call.caller.id])
    is_above = role is None or role.position >= highest.position
    if call.community.generation.ranks_by_age and role is not None:
        is_above = not _is_manageable(call, role)
    if role is None or is_above:
        raise missing_permissions()
    return member, role


def _announce(call: Call, event: str, role: Role) -> payloads.Json:
    payload = payloads.role(role)
    call.context.gateway.dispatch(event, {"guild_id": str(call.community.guild.id), "role": payload})
    return payload


def _announce_all(call: Call, roles: list[Role]) -> None:
    shown = [payloads.role(role) for role in roles]
    bulk = {"guild_id": str(call.community.guild.id), "roles": shown}
    call.context.gateway.dispatch("GUILD_ROLE_UPDATE_BULK", bulk)


def _announce_member(call: Call, member: Member) -> None:
    shown = payloads.member(member, call.community) | {"guild_id": str(call.community.guild.id)}
    call.context.gateway.dispatch("GUILD_MEMBER_UPDATE", shown)
