"""What somebody does to threads and posts: start, rename, tag, pin, archive, lock, delete."""

import msgspec

from reaper_tui.sandbox.community.nouns import Channel, Message, Thread
from reaper_tui.sandbox.discord_server.events import Event
from reaper_tui.sandbox.discord_server.message_changes import compose
from reaper_tui.sandbox.discord_server.scene import Action, ChangeError, Json, Scene
from reaper_tui.sandbox.discord_server.store import FORUM, MEDIA, find

_NAME_CHANGE, _CREATED, _STARTER = 4, 18, 21
_NEWS, _NEWS_THREAD, _PUBLIC, _PRIVATE = 5, 10, 11, 12


def _thread_create(scene: Scene, change: Json) -> list[Event]:
    """Start a thread, on a message if one is named; below a forum it is a post with its first message."""
    parent = scene.channel(change)
    owner = scene.author(change)
    starter_id = int(change.get("message_id") or 0)
    messages = scene.community.messages.get(parent.id, [])
    starter = find(messages, starter_id) if starter_id else None
    if starter_id and starter is None:
        raise ChangeError("thread_create: no such message in that channel")
    if starter_id and starter_id in scene.community.threads:
        raise ChangeError("thread_create: that message has a thread")
    thread_id = starter_id or scene.new_id(change, parent.id)
    thread = Thread(
        thread_id,
        parent.id,
        owner,
        str(change["name"]),
        type=_type(parent, change),
        archive_ms=int(change["at_ms"]),
        tags=_tags(parent, change),
        members=(owner,),
    )
    scene.store.set_thread(thread)
    if parent.type in (FORUM, MEDIA):
        scene.insert(thread_id, compose(scene, change, thread_id))
    created = Event("THREAD_CREATE", scene.thread_body(thread) | {"newly_created": True})
    events = scene.if_visible(parent, created)
    if parent.type in (FORUM, MEDIA):
        return [*events, *scene.told("MESSAGE_CREATE", scene.community.messages[thread_id][0], thread_id)]
    if starter:
        starter.thread_id = thread_id
        first = Message(id=scene.notice_id(change, thread_id, "first_id"), author=owner, type=_STARTER)
        first.reply_to, first.reference_channel = starter_id, parent.id
        scene.insert(thread_id, first)
        return [*events, *scene.told("MESSAGE_UPDATE", starter, parent.id)]
    if thread.type != _PRIVATE:
        notice = Message(
            id=scene.notice_id(change, parent.id, "notice_id"), author=owner, type=_CREATED, content=thread.name
        )
        notice.reference_channel = thread_id
        scene.insert(parent.id, notice)
        events += scene.told("MESSAGE_CREATE", notice, parent.id)
    return events


def _thread_update(scene: Scene, change: Json) -> list[Event]:
    thread = scene.thread(change)
    renamed = "name" in change and str(change["name"]) != thread.name
    thread = msgspec.structs.replace(
        thread,
        name=str(change.get("name", thread.name)),
        is_archived=bool(change.get("archived", thread.is_archived)),
        is_locked=bool(change.get("locked", thread.is_locked)),
        is_pinned=bool(change.get("pinned", thread.is_pinned)),
        tags=_tags(scene.community.channels[thread.parent_id], change) if "tags" in change else thread.tags,
        archive_ms=int(change["at_ms"]) if "archived" in change else thread.archive_ms,
    )
    scene.store.set_thread(thread)
    events = scene.if_visible(thread, Event("THREAD_UPDATE", scene.thread_body(thread)))
    if renamed:
        notice = Message(
            id=scene.new_id(change, thread.id), author=scene.author(change), type=_NAME_CHANGE, content=thread.name
        )
        scene.insert(thread.id, notice)
        events += scene.told("MESSAGE_CREATE", notice, thread.id)
    return events


def _thread_delete(scene: Scene, change: Json) -> list[Event]:
    thread = scene.thread(change)
    told = scene.if_visible(thread, Event("THREAD_DELETE", gone(scene, thread)))
    scene.store.drop_thread(thread)
    return told


def gone(scene: Scene, thread: Thread) -> Json:
    """Return what the gateway says of a thread that is deleted."""
    where = {"id": str(thread.id), "guild_id": str(scene.community.id), "parent_id": str(thread.parent_id)}
    return where | {"type": thread.type}


def _type(parent: Channel, change: Json) -> int:
    if change.get("private"):
        return _PRIVATE
    return _NEWS_THREAD if parent.type == _NEWS else _PUBLIC


def _tags(parent: Channel, change: Json) -> tuple[int, ...]:
    """Return the ids of the tags that the change names, by name or by id."""
    known = {tag.name: tag.id for tag in parent.tags} | {str(tag.id): tag.id for tag in parent.tags}
    wanted = [str(each) for each in change.get("tags", ())]
    unknown = [each for each in wanted if each not in known]
    if unknown:
        raise ChangeError(f"no tag {unknown[0]} in {parent.name}")
    return tuple(known[each] for each in wanted)


ACTIONS: dict[str, Action] = {
    "thread_create": _thread_create,
    "thread_update": _thread_update,
    "thread_delete": _thread_delete,
}
