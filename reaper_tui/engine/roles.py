"""Roles: made top to bottom, put in order, and what @everyone may do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from reaper_tui.engine.standing import Standing
from reaper_tui.model.community import Community, Guild, Role
from reaper_tui.model.names import clean_name
from reaper_tui.model.permissions import carried
from reaper_tui.model.plan import PlanItem
from reaper_tui.profile.settings import CopySettings


async def build_roles(standing: Standing, guild: Guild, copy: CopySettings, items: Sequence[PlanItem]) -> None:
    """Make, adopt or change every role of a plan."""
    roles = {role.id: role for role in guild.roles}
    targets: list[int] = []
    for item in items:
        await standing.control.boundary()
        target_id = await _role(standing, roles[item.source_id], copy, item)
        if target_id is not None:
            targets.append(target_id)
        standing.step()
    order = msgspec.json.encode(targets).decode()
    if len(targets) > 1 and standing.applied("role_order", guild.id) != order:
        community_id = standing.community.id
        await standing.attempt("The order of the roles", lambda: standing.writer.order_roles(community_id, targets))
        await standing.record("role_order", guild.id, community_id, guild.name, "reused", applied=order)
    if copy.roles and copy.permissions and guild.id in roles:
        await _everyone(standing, guild, roles[guild.id])


def everyone_is_carried(standing: Standing, guild: Guild) -> bool:
    """Return whether the target's @everyone may do what the source's may."""
    everyone = next((role for role in guild.roles if role.id == guild.id), None)
    return everyone is not None and standing.applied("everyone", guild.id) == str(_carried(standing, everyone))


async def _role(standing: Standing, role: Role, copy: CopySettings, item: PlanItem) -> int | None:
    name, permissions = clean_name(role.name), _carried(standing, role) if copy.permissions else 0
    community_id = standing.community.id

    async def create() -> int:
        return await standing.writer.create_role(community_id, name, role.color, permissions)

    def fitting(community: Community) -> Iterable[int]:
        return (found.id for found in community.roles if found.name == name)

    target_id = await standing.make("role", item, create, fitting)
    if target_id is not None:
        await _apply(standing, role, name, copy, target_id)
    return target_id


async def _apply(standing: Standing, role: Role, name: str, copy: CopySettings, target_id: int) -> None:
    changes: dict[str, Any] = {"color": role.color, "hoist": role.is_hoisted, "mentionable": role.is_mentionable}
    if copy.permissions:
        changes["permissions"] = _carried(standing, role)
    wanted = msgspec.json.encode([name, changes], order="sorted").decode()
    record = standing.find("role", role.id)
    if record is None or record.applied == wanted:
        return
    is_as_made = record.outcome == "created" and not record.applied and not (role.is_hoisted or role.is_mentionable)
    changes["name"] = name
    if is_as_made or await standing.attempt(
        f"The settings of role {role.name}",
        lambda: standing.writer.edit_role(standing.community.id, target_id, changes),
    ):
        await standing.note_applied("role", role.id, wanted)


async def _everyone(standing: Standing, guild: Guild, everyone: Role) -> None:
    permissions, community_id = _carried(standing, everyone), standing.community.id
    if everyone_is_carried(standing, guild):
        return
    if await standing.attempt(
        "The permissions of @everyone",
        lambda: standing.writer.edit_role(community_id, community_id, {"permissions": permissions}),
    ):
        await standing.record("everyone", guild.id, community_id, "@everyone", "reused", applied=str(permissions))


def _carried(standing: Standing, role: Role) -> int:
    return carried(role.permissions, has_threads=standing.community.capabilities.has_threads)
