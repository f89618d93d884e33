"""What somebody does to the guild: channels, roles, emojis, its name."""

from typing import Any

import msgspec

from reaper_tui.sandbox.community.nouns import Channel, Emoji, Overwrite, Role
from reaper_tui.sandbox.discord_server import wire_guild
from reaper_tui.sandbox.discord_server.events import Event
from reaper_tui.sandbox.discord_server.scene import Action, ChangeError, Json, Scene
from reaper_tui.sandbox.discord_server.store import CATEGORY
from reaper_tui.sandbox.discord_server.thread_changes import gone

_CHANNEL_FIELDS = {
    "name": "name",
    "topic": "topic",
    "position": "position",
    "nsfw": "is_nsfw",
    "rate_limit_per_user": "slowmode",
    "bitrate": "bitrate",
    "user_limit": "user_limit",
}
_ROLE_FIELDS = {
    "name": "name",
    "color": "color",
    "position": "position",
    "hoist": "is_hoisted",
    "mentionable": "is_mentionable",
}
_GUILD_FIELDS = ("name", "description", "icon", "banner")


def _channel_create(scene: Scene, change: Json) -> list[Event]:
    channels = scene.community.channels
    parent = _parent(scene, change, "channel_create")
    place = max((each.position for each in channels.values()), default=0) + 1
    channel = Channel(
        id=scene.new_id(change, 0),
        type=int(change.get("type", 0)),
        name=str(change["name"]),
        position=place,
        parent_id=parent,
        overwrites=channels[parent].overwrites if parent else (),
    )
    channel = msgspec.structs.replace(channel, **_fields(change, _CHANNEL_FIELDS), **_overwrites(change))
    scene.store.set_channel(channel)
    return scene.channel_told("CHANNEL_CREATE", channel)


def _channel_update(scene: Scene, change: Json) -> list[Event]:
    """Rename, move into another category, reorder or reshape a channel."""
    fields: dict[str, Any] = _fields(change, _CHANNEL_FIELDS) | _overwrites(change)
    if "parent_id" in change:
        fields["parent_id"] = _parent(scene, change, "channel_update")
    channel = msgspec.structs.replace(scene.channel(change), **fields)
    scene.store.set_channel(channel)
    return scene.channel_told("CHANNEL_UPDATE", channel)


def _channel_delete(scene: Scene, change: Json) -> list[Event]:
    """Delete a channel with its threads; the channels of a category lose it."""
    channel = scene.channel(change)
    events: list[Event] = []
    for thread in scene.store.threads_of(channel.id):
        events += scene.if_visible(thread, Event("THREAD_DELETE", gone(scene, thread)))
        scene.store.drop_thread(thread)
    events += scene.channel_told("CHANNEL_DELETE", channel)
    scene.store.drop_channel(channel)
    for child in [each for each in scene.community.channels.values() if each.parent_id == channel.id]:
        orphan = msgspec.structs.replace(child, parent_id=None)
        scene.store.set_channel(orphan)
        events += scene.channel_told("CHANNEL_UPDATE", orphan)
    return events


def _role_create(scene: Scene, change: Json) -> list[Event]:
    roles = scene.community.roles
    moved = [msgspec.structs.replace(each, position=each.position + 1) if each.position else each for each in roles]
    role = Role(scene.new_id(change, 0), str(change.get("name", "new role")), 1, **_permissions(change))
    role = msgspec.structs.replace(role, **_fields(change, _ROLE_FIELDS))
    roles[:] = [*moved, role]
    return [_role_told(scene, "GUILD_ROLE_CREATE", role)]


def _role_update(scene: Scene, change: Json) -> list[Event]:
    before = scene.role(change)
    role = msgspec.structs.replace(before, **_fields(change, _ROLE_FIELDS), **_permissions(change))
    roles = scene.community.roles
    roles[roles.index(before)] = role
    return [_role_told(scene, "GUILD_ROLE_UPDATE", role)]


def _role_delete(scene: Scene, change: Json) -> list[Event]:
    role = scene.role(change)
    if role.id == scene.community.id:
        raise ChangeError("role_delete: @everyone cannot go")
    scene.community.roles.remove(role)
    people = scene.community.people
    for person in [each for each in people.values() if role.id in each.roles]:
        left = tuple(each for each in person.roles if each != role.id)
        people[person.id] = msgspec.structs.replace(person, roles=left)
    return [Event("GUILD_ROLE_DELETE", {"guild_id": str(scene.community.id), "role_id": str(role.id)})]


def _emoji_create(scene: Scene, change: Json) -> list[Event]:
    emoji = Emoji(scene.new_id(change, 0), str(change["name"]), bool(change.get("animated")))
    scene.community.emojis.append(emoji)
    return [_emojis_told(scene)]


def _emoji_delete(scene: Scene, change: Json) -> list[Event]:
    emojis = scene.community.emojis
    found = [each for each in emojis if each.id == int(change["emoji_id"])]
    if not found:
        raise ChangeError(f"no emoji {change['emoji_id']}")
    emojis.remove(found[0])
    return [_emojis_told(scene)]


def _guild_update(scene: Scene, change: Json) -> list[Event]:
    for field in _GUILD_FIELDS:
        if field in change:
            setattr(scene.community, field, str(change[field]))
    return [Event("GUILD_UPDATE", wire_guild.guild(scene.community))]


def _parent(scene: Scene, change: Json, action: str) -> int | None:
    parent = int(change.get("parent_id") or 0) or None
    channels = scene.community.channels
    if parent is not None and (parent not in channels or channels[parent].type != CATEGORY):
        raise ChangeError(f"{action}: parent_id is not a category")
    return parent


def _fields(change: Json, names: dict[str, str]) -> dict[str, Any]:
    return {field: change[name] for name, field in names.items() if name in change}


def _permissions(change: Json) -> dict[str, Any]:
    return {"permissions": int(change["permissions"])} if "permissions" in change else {}


def _overwrites(change: Json) -> dict[str, Any]:
    if "permission_overwrites" not in change:
        return {}
    found = [
        Overwrite(int(each["id"]), int(each["type"]), int(each.get("allow", 0)), int(each.get("deny", 0)))
        for each in change["permission_overwrites"]
    ]
    return {"overwrites": tuple(found)}


def _role_told(scene: Scene, name: str, role: Role) -> Event:
    return Event(name, {"guild_id": str(scene.community.id), "role": wire_guild.role(role)})


def _emojis_told(scene: Scene) -> Event:
    emojis = [wire_guild.emoji(each) for each in scene.community.emojis]
    return Event("GUILD_EMOJIS_UPDATE", {"guild_id": str(scene.community.id), "emojis": emojis}, GUILD_EXPRESSIONS)


GUILD_EXPRESSIONS = 1 << 3
ACTIONS: dict[str, Action] = {
    "channel_create": _channel_create,
    "channel_update": _channel_update,
    "channel_delete": _channel_delete,
    "role_create": _role_create,
    "role_update": _role_update,
    "role_delete": _role_delete,
    "emoji_create": _emoji_create,
    "emoji_delete": _emoji_delete,
    "guild_update": _guild_update,
}
