"""What somebody does to messages: write, edit, delete, react, pin, close a poll."""

from typing import Any

import msgspec

from reaper_tui.sandbox.community.nouns import Attachment, Channel, Message, Poll, Reaction, Thread
from reaper_tui.sandbox.community.props import poll_result
from reaper_tui.sandbox.discord_server import wire_guild
from reaper_tui.sandbox.discord_server.events import GUILD_MESSAGE_REACTIONS, GUILD_MESSAGES, Event
from reaper_tui.sandbox.discord_server.scene import Action, ChangeError, Json, Scene
from reaper_tui.sandbox.discord_server.store import find

_PIN_NOTICE, _REPLY, _POLL_RESULT = 6, 19, 46
_SNAPSHOT_FLAG, _SUPPRESS_EMBEDS = 1 << 14, 1 << 2
_HOUR_MS = 3_600_000


def compose(scene: Scene, change: Json, message_id: int) -> Message:
    """Return the message that a change describes."""
    message = Message(id=message_id, author=scene.author(change), content=str(change.get("content", "")))
    if change.get("reply_to"):
        message.type, message.reply_to = _REPLY, int(change["reply_to"])
        message.reference_channel = int(change.get("reply_channel_id") or 0)
    message.attachments = tuple(
        _attachment(message.id + index + 1, wish) for index, wish in enumerate(change.get("attachments", ()))
    )
    message.embeds = tuple(change.get("embeds", ()))
    message.components = tuple(change.get("components", ()))
    message.stickers = tuple(int(each) for each in change.get("sticker_ids", ()))
    message.type, message.flags = int(change.get("type", message.type)), int(change.get("flags", 0))
    if "poll" in change:
        message.poll = _poll(change["poll"], int(change["at_ms"]))
    if "forward" in change:
        origin = scene.container(change["forward"])
        found = find(scene.community.messages[origin.id], int(change["forward"]["message_id"]))
        if found is None:
            raise ChangeError(f"no message {change['forward']['message_id']} in {origin.id}")
        message.reference_channel, message.forwarded = origin.id, msgspec.structs.replace(found)
        message.flags |= _SNAPSHOT_FLAG
    return message


def _create(scene: Scene, change: Json) -> list[Event]:
    place = scene.container(change)
    message = compose(scene, change, scene.new_id(change, place.id))
    if any(each not in {sticker.id for sticker in scene.community.stickers} for each in message.stickers):
        raise ChangeError("create: no such sticker")
    woken = _wake(scene, place, change)
    scene.insert(place.id, message)
    return [*woken, *scene.told("MESSAGE_CREATE", message, place.id)]


def _wake(scene: Scene, place: Channel | Thread, change: Json) -> list[Event]:
    """Bring back an archived thread in which somebody speaks."""
    if not isinstance(place, Thread) or not place.is_archived:
        return []
    thread = msgspec.structs.replace(place, is_archived=False, archive_ms=int(change["at_ms"]))
    scene.store.set_thread(thread)
    return scene.if_visible(thread, Event("THREAD_UPDATE", scene.thread_body(thread)))


def _edit(scene: Scene, change: Json) -> list[Event]:
    place, message = scene.message(change)
    if "content" in change:
        message.content = str(change["content"])
    if "embeds" in change:
        message.embeds = tuple(change["embeds"])
    if "attachments" in change:
        kept = {str(each.get("id")) for each in change["attachments"]}
        message.attachments = tuple(each for each in message.attachments if str(each.id) in kept)
    if "flags" in change:
        message.flags = message.flags & ~_SUPPRESS_EMBEDS | int(change["flags"])
    if set(change) & {"content", "embeds", "attachments"}:
        message.edited_ms = int(change["at_ms"])
    return scene.told("MESSAGE_UPDATE", message, place.id)


def _delete(scene: Scene, change: Json) -> list[Event]:
    place, message = scene.message(change)
    scene.remove(place.id, message.id)
    data = {"id": str(message.id)} | scene.where(place)
    return scene.if_visible(place, Event("MESSAGE_DELETE", data, GUILD_MESSAGES))


def _bulk_delete(scene: Scene, change: Json) -> list[Event]:
    place = scene.container(change)
    wanted = [int(each) for each in change["message_ids"]]
    messages = scene.community.messages[place.id]
    gone = [each for each in wanted if find(messages, each)]
    for message_id in gone:
        scene.remove(place.id, message_id)
    data = {"ids": [str(each) for each in gone]} | scene.where(place)
    return scene.if_visible(place, Event("MESSAGE_DELETE_BULK", data, GUILD_MESSAGES))


def _react(scene: Scene, change: Json) -> list[Event]:
    place, message = scene.message(change)
    emoji, person = scene.emoji(change), scene.author(change, "user_id")
    reactions = {reaction.emoji: reaction.people for reaction in message.reactions}
    reactions[emoji] = tuple(dict.fromkeys((*reactions.get(emoji, ()), person)))
    message.reactions = tuple(Reaction(each, people) for each, people in reactions.items())
    data: Json = scene.reaction_body(place, message, emoji, person) | {"message_author_id": str(message.author)}
    data["burst_colors"] = []
    data["member"] = wire_guild.member(scene.person(person)) | {"user": wire_guild.user(scene.person(person))}
    return scene.if_visible(place, Event("MESSAGE_REACTION_ADD", data, GUILD_MESSAGE_REACTIONS))


def _unreact(scene: Scene, change: Json) -> list[Event]:
    place, message = scene.message(change)
    emoji = scene.emoji(change)
    held = next((each.people for each in message.reactions if each.emoji == emoji), ())
    if not held:
        raise ChangeError("unreact: nobody put that reaction there")
    person = int(change["user_id"]) if "user_id" in change else held[-1]
    change["user_id"] = str(person)
    left = [
        Reaction(each.emoji, tuple(p for p in each.people if p != person)) if each.emoji == emoji else each
        for each in message.reactions
    ]
    message.reactions = tuple(each for each in left if each.people)
    data = scene.reaction_body(place, message, emoji, person)
    return scene.if_visible(place, Event("MESSAGE_REACTION_REMOVE", data, GUILD_MESSAGE_REACTIONS))


def _clear_reactions(scene: Scene, change: Json) -> list[Event]:
    """Take away every reaction, or all of one emoji."""
    place, message = scene.message(change)
    data: Json = {"message_id": str(message.id)} | scene.where(place)
    name = "MESSAGE_REACTION_REMOVE_ALL"
    if "emoji" in change:
        emoji = scene.emoji(change)
        message.reactions = tuple(each for each in message.reactions if each.emoji != emoji)
        data["emoji"] = scene.reaction_body(place, message, emoji, 0)["emoji"]
        name = "MESSAGE_REACTION_REMOVE_EMOJI"
    else:
        message.reactions = ()
    return scene.if_visible(place, Event(name, data, GUILD_MESSAGE_REACTIONS))


def _pin(scene: Scene, change: Json) -> list[Event]:
    place, message = scene.message(change)
    message.pinned_ms = int(change["at_ms"])
    scene.store.set_last_pin(place.id, message.pinned_ms)
    notice = Message(id=scene.new_id(change, place.id), author=scene.author(change), type=_PIN_NOTICE)
    notice.reply_to = message.id
    scene.insert(place.id, notice)
    return [*scene.pins_changed(place, message), *scene.told("MESSAGE_CREATE", notice, place.id)]


def _unpin(scene: Scene, change: Json) -> list[Event]:
    place, message = scene.message(change)
    message.pinned_ms = 0
    return scene.pins_changed(place, message)


def _poll_end(scene: Scene, change: Json) -> list[Event]:
    """Close a poll; its result is posted as a message of its own."""
    place, message = scene.message(change)
    if message.poll is None or message.poll.is_over:
        raise ChangeError("poll_end: there is no open poll")
    message.poll = msgspec.structs.replace(message.poll, is_over=True, expires_ms=int(change["at_ms"]))
    result = Message(id=scene.new_id(change, place.id), author=message.author, type=_POLL_RESULT)
    result.reply_to, result.embeds = message.id, (poll_result(message.poll),)
    scene.insert(place.id, result)
    return [*scene.told("MESSAGE_UPDATE", message, place.id), *scene.told("MESSAGE_CREATE", result, place.id)]


def _poll(wish: Json, at_ms: int) -> Poll:
    answers = tuple((str(answer), None) for answer in wish["answers"])
    hours = float(wish.get("hours", 24))
    voters = tuple(tuple(int(each) for each in people) for people in wish.get("voters", [[] for _ in answers]))
    allows_many = bool(wish.get("multiple"))
    return Poll(str(wish["question"]), answers, voters, at_ms + int(hours * _HOUR_MS), allows_many, is_over=False)


def _attachment(identifier: int, wish: dict[str, Any]) -> Attachment:
    filename = str(wish["filename"])
    content_type = str(
        wish.get("content_type", "image/png" if filename.endswith(".png") else "text/plain; charset=utf-8")
    )
    is_image = content_type.startswith("image/")
    return Attachment(
        identifier,
        filename,
        int(wish["size"]),
        content_type,
        640 if is_image else None,
        360 if is_image else None,
        wish.get("description"),
    )


ACTIONS: dict[str, Action] = {
    "create": _create,
    "edit": _edit,
    "delete": _delete,
    "bulk_delete": _bulk_delete,
    "react": _react,
    "unreact": _unreact,
    "clear_reactions": _clear_reactions,
    "pin": _pin,
    "unpin": _unpin,
    "poll_end": _poll_end,
}
