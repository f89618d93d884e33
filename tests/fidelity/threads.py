"""Rows about threads and the posts of forums."""

from __future__ import annotations

from typing import Any

from tests.fidelity.scene import Scene, text_of
from tests.fidelity.table import expect, feature

SECTION = "Threads and posts"
PUBLIC, PRIVATE, OF_NEWS, VIEW, PINNED_POST = 11, 12, 10, 1 << 10, 1 << 1


def _stands(scene: Scene, parent: str, name: str, words: str, kind: int = PUBLIC) -> tuple[str, Any]:
    """Return where a thread's message stands, and the thread if it is one."""
    threads = [each for each in scene.target.threads.values() if each.name == name]
    if threads:
        expect(len(threads) == 1 and threads[0].type == kind, threads)
        expect(scene.target.channels[threads[0].parent_id].name == parent, threads)
        expect(any(text_of(each.content).split("\n-# ")[0] == words for each in scene.posts(name)), words)
        return "native", threads[0]
    found = [each for each in scene.posts(parent) if text_of(each.content).split("\n-# ")[0] == words]
    expect(len(found) == 1, found)
    post = found[0]
    expect(post.content.startswith(("-# 🧵 Thread: ", "-# 🗨 Post: ")) and name in post.content, post.content)
    return "inside its channel, under a heading", None


@feature(SECTION, "Threads on a message")
def public(scene: Scene) -> str:
    answer, thread = _stands(scene, "threads", "An active thread", "one")
    starter = scene.post("threads", "a thread hangs on this")
    expect(thread is None or thread.id == starter.id, "not on its message")
    return answer


def _is_native(scene: Scene) -> bool:
    return bool(scene.target.threads)


@feature(SECTION, "Archived and locked threads")
def archived(scene: Scene) -> str:
    answer, thread = _stands(scene, "threads", "An archived thread", "closed now")
    expect(thread is None or (thread.is_archived and thread.is_locked), thread)
    return answer


@feature(SECTION, "Threads without a first message, or whose first message is deleted")
def bare(scene: Scene) -> str:
    answer, _ = _stands(scene, "threads", "A thread without a beginning", "nobody started this")
    again, _ = _stands(scene, "threads", "A thread whose beginning is deleted", "the beginning is gone")
    expect(answer == again, again)
    return answer


@feature(SECTION, "Private threads")
def private(scene: Scene) -> str:
    answers = set[str]()
    for name, words in (("An open private thread", "still between us"), ("An archived private thread", "quite")):
        place = scene.place(name)
        if place.id in scene.target.threads:
            expect(place.type == PRIVATE and place.is_archived == ("archived" in name), place)
            answers.add("native")
        else:
            denied = [each.deny & VIEW for each in place.overwrites if each.id == scene.target.guild.id]
            expect(denied == [VIEW], place)
            answers.add("in a closed channel of its own")
        scene.post(name, words)
    expect(len(answers) == 1, answers)
    return answers.pop()


@feature(SECTION, "Threads of announcement channels")
def of_news(scene: Scene) -> str:
    return _stands(scene, "news", "About the fair", "who brings cake?", OF_NEWS)[0]


@feature(SECTION, "Replies in threads")
def replies(scene: Scene) -> str:
    place = "An active thread" if _is_native(scene) else "threads"
    post = scene.post(place, "two, answering one")
    if post.reference is not None:
        [one] = [each for each in scene.posts(place) if text_of(each.content) == "one"]
        expect(post.reference.message_id == one.id, post)
        return "native"
    expect(post.content.startswith("> -# ↪ **Tomasz**: one [jump]("), post.content)
    return "quoted, with a link"


@feature(SECTION, "Pins in threads")
def pins(scene: Scene) -> str:
    place = "An active thread" if _is_native(scene) else "threads"
    pinned = [text_of(each.content) for each in scene.posts(place) if each.pinned_at]
    expect(pinned == ["two, answering one"], pinned)
    return "native" if _is_native(scene) else "native, in their channel"


@feature(SECTION, "Threads in which nothing was said")
def empty(scene: Scene) -> str:
    names = [each.name for each in (*scene.target.threads.values(), *scene.target.channels.values())]
    expect("threads" in names and "A thread in which nothing was said" not in names)
    return "left out"


@feature(SECTION, "Posts of forums")
def posts(scene: Scene) -> str:
    answer, thread = _stands(scene, "ideas", "Less fog", "less fog, please")
    expect(thread is None or (thread.is_archived and thread.is_locked), thread)
    return answer


@feature(SECTION, "Tags of posts")
def tags(scene: Scene) -> str:
    expect(scene.place("ideas"), "no forum")
    threads = [each for each in scene.target.threads.values() if each.name == "More tea"]
    if threads:
        names = {tag.id: tag.name for tag in scene.place("ideas").tags}
        found = {names.get(each) for each in threads[0].tags}
        expect(found == {"Tea", "Bug"}, found)
        return "native"
    heading = scene.post("ideas", "there should be more tea").content.split("\n")[0]
    if "Tea" in heading and "Bug" in heading:
        return "in the heading"
    expect(scene.names("tags of forum posts"), "not told")
    return "left out, named"


@feature(SECTION, "The pinned post of a forum")
def pinned_post(scene: Scene) -> str:
    answer, thread = _stands(scene, "ideas", "Read this first", "how to write an idea")
    if thread is None:
        post = scene.post("ideas", "how to write an idea")
        expect(post.pinned_at or scene.names("which forum post is pinned"), "not told")
        return "pinned in its channel" if post.pinned_at else "left out, named"
    expect(thread.flags & PINNED_POST, thread)
    return answer


@feature(SECTION, "Posts whose first message is deleted")
def beheaded(scene: Scene) -> str:
    return _stands(scene, "ideas", "A post whose first message is deleted", "what was it about?")[0]


@feature(SECTION, "Posts of media channels")
def gallery(scene: Scene) -> str:
    place = "Sunset" if _is_native(scene) else "gallery"
    found = scene.file(place, "sunset.png")
    expect((found.size, found.description) == (7000, "The sea at dusk"), found)
    return "native" if _is_native(scene) else "inside its channel, under a heading"
