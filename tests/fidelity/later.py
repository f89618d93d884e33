"""What somebody does to the source after the first run, and rows about how it is carried over."""

from __future__ import annotations

from tests.engine.world import World
from tests.fidelity.scene import Scene
from tests.fidelity.table import NotCarried, expect, feature

SECTION = "Later"
NEW = 50
EDITED = {"text in a stage channel": "Town Hall", "the second general": "general", "edited once": "every-kind"}
DELETED = ("slowly", "silent")
REACTED = ("text in a voice channel", "answering the root", "the third general, private", "only some may see this")
PINNED = "the last of it"


async def change_source(world: World) -> None:
    """Write 50 messages, edit three, delete two, react to four and pin one."""
    places = {
        message.content: (str(container_id), str(message.id))
        for container_id, messages in world.sandbox.discord.store.community.messages.items()
        for message in messages
    }

    async def change(action: str, words: str, **more: str) -> None:
        channel_id, message_id = places[words]
        wish = {"action": action, "channel_id": channel_id, "message_id": message_id, **more}
        await world.sandbox.discord.change(wish)

    for words in EDITED:
        await change("edit", words, content=f"{words}, mended")
    for words in DELETED:
        await change("delete", words)
    for words in REACTED:
        await change("react", words, emoji="🎈")
    await change("pin", PINNED)
    channel_id, _ = places[PINNED]
    for number in range(NEW):
        wish = {"action": "create", "channel_id": channel_id, "content": f"new, number {number:02d}"}
        await world.sandbox.discord.change(wish)


def _told(scene: Scene, kind: str, count: int) -> str:
    """Return that a kind of change is counted as impossible in the report."""
    expect(scene.later is not None, "no second run")
    assert scene.later is not None
    found = scene.later.changes.get(kind)
    expect(found is not None and found.impossible == count, scene.later.changes)
    return "left out, counted"


@feature(SECTION, "Messages after the first run")
def new(scene: Scene) -> str:
    found = [each.content.split("\n")[-1] for each in scene.posts("links-and-replies") if "new, number" in each.content]
    expect(found == [f"new, number {number:02d}" for number in range(NEW)], found)
    return "native"


@feature(SECTION, "Edits after the first run")
def edits(scene: Scene) -> str:
    shown = [each.content for each in scene.target.messages.values()]
    mended = [words for words in EDITED if any(f"{words}, mended" in content for content in shown)]
    expect(all(any(words in content for content in shown) for words in EDITED), "no such messages")
    return "native" if len(mended) == len(EDITED) else _told(scene, "edits", len(EDITED))


@feature(SECTION, "Deletions after the first run")
def deletions(scene: Scene) -> str:
    expect(scene.later is not None, "no second run")
    left = [each.content for each in scene.target.messages.values() if each.content.split("\n")[-1] in DELETED]
    return _told(scene, "deletes", len(DELETED)) if left else "native"


@feature(SECTION, "Reactions after the first run")
def reactions(scene: Scene) -> str:
    shown = [each.content for each in scene.target.messages.values() if "🎈" in each.content]
    expect(all(any(w in each.content for each in scene.target.messages.values()) for w in REACTED), "no such messages")
    return "in the line with the counts" if len(shown) == len(REACTED) else _told(scene, "reactions", len(REACTED))


@feature(SECTION, "Pins after the first run")
def pins(scene: Scene) -> str:
    if not scene.post("links-and-replies", PINNED).pinned_at:
        raise NotCarried("not pinned")
    return "native"
