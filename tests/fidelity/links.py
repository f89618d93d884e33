"""Rows about links to messages and channels."""

from __future__ import annotations

from typing import Any

from tests.fidelity.scene import FIRST_GENERAL, Scene, text_of
from tests.fidelity.table import expect, feature

SECTION = "Links"
PLACE = "links-and-replies"


@feature(SECTION, "Links to earlier messages, of every host of Discord")
def back(scene: Scene) -> str:
    root = scene.link(scene.post(PLACE, "the root of it"))
    for words, count in (("see http", 2), ("older hosts:", 3)):
        post = scene.post(PLACE, words)
        expect(post.content.count(root) == count and "discord" not in post.content, post.content)
    return "native"


@feature(SECTION, "Links to later messages")
def ahead(scene: Scene) -> str:
    content = scene.post(PLACE, "ahead: ").content
    words = content.split(" · ")[0]
    if words.endswith(scene.link(scene.post(PLACE, "the last of it"))):
        return "native, set right at the end"
    message = scene.said("the last of it")
    expect(words.endswith(f"/{message.id}") and "discord.com/channels/" in words, words)
    return "left as they are"


@feature(SECTION, "Links into other channels and threads")
def elsewhere(scene: Scene) -> str:
    content = scene.post(PLACE, "ahead: ").content
    native = [scene.link(scene.post("general", "First!", FIRST_GENERAL)), scene.link(_in_thread(scene))]
    left = [f"/{scene.said(words).id}" for words in ("First!", "two, answering one")]
    found = [content.split(mark)[1].split(" · ")[0] for mark in ("other channel: ", "in a thread: ")]
    is_native = [link.endswith(end) for link, end in zip(found, native, strict=True)]
    if scene.edits_posts:
        expect(all(is_native), found)
        return "native"
    is_left = [link.endswith(end) for link, end in zip(found, left, strict=True)]
    expect(all(map(any, zip(is_native, is_left, strict=True))), found)
    return "native where they stand already"


def _in_thread(scene: Scene) -> Any:
    found = [each for each in scene.target.messages.values() if text_of(each.content) == "two, answering one"]
    expect(len(found) == 1, found)
    return found[0]


@feature(SECTION, "Links to other servers, and in code")
def foreign(scene: Scene) -> str:
    expect("https://discord.com/channels/1/2/3" in scene.post(PLACE, "not ours").content)
    source, found = scene.said("in code: `https://discord.com"), scene.post(PLACE, "in code: ")
    expect(source.content in found.content, found.content)
    return "left as they are"


@feature(SECTION, "Links to channels")
def channels(scene: Scene) -> str:
    content = scene.post(PLACE, "not ours").content
    expect(content.endswith(f"/channels/{scene.target.guild.id}/{scene.place('general', FIRST_GENERAL).id}"), content)
    return "native"


@feature(SECTION, "Mentions of threads and posts")
def threads(scene: Scene) -> str:
    content = scene.post(PLACE, "a post: ").content
    by_id = {each.id: each.name for each in (*scene.target.channels.values(), *scene.target.threads.values())}
    names = [by_id.get(int(word[2:-1])) for word in content.split() if word.startswith("<#")]
    if names == ["An active thread", "Read this first"]:
        return "native"
    expect(names == ["threads", "ideas"], content)
    return "as their channel"
