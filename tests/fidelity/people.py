"""Rows about who said something and when."""

from __future__ import annotations

import re

from reaper_tui.sandbox.community.snowflake import birth_ms
from tests.fidelity.scene import Scene, one_of
from tests.fidelity.table import expect, feature

SECTION = "People and time"
NATIVE = "native"


@feature(SECTION, "The author's name and avatar")
def author(scene: Scene) -> str:
    faces = set[str]()
    for username, words in (("tomasz_k", "Good morning"), ("oda.lind", "Welcome to"), ("yuki.no.inu", "おはよう")):
        post = scene.post("lobby", words)
        expect(post.author_name == scene.person(username).display_name and post.author_avatar, post)
        faces.add(post.author_avatar)
    expect(len(faces) == 3, faces)
    return NATIVE


@feature(SECTION, "People who left, and deleted accounts")
def gone(scene: Scene) -> str:
    names = [scene.post("lobby", words).author_name for words in ("I am not here any more", "Nor am I, but")]
    expect(names == ["Deleted User", "Sailed Away"], names)
    return NATIVE


@feature(SECTION, "Bots and webhooks")
def bots(scene: Scene) -> str:
    names = [scene.post("lobby", words).author_name for words in ("I am a bot.", "I am a webhook.")]
    expect(names == ["Foreman", "Village News"], names)
    return NATIVE


@feature(SECTION, "Avatars that nobody can fetch any more")
def lost_avatar(scene: Scene) -> str:
    has_picture = scene.post("lobby", "My picture cannot be fetched").author_avatar is not None
    return one_of(has_picture, {False: "the default avatar"})


@feature(SECTION, "Names longer than Fluxer takes")
def long_name(scene: Scene) -> str:
    full = next(each.username for each in scene.source.people.values() if each.username.startswith("A webhook whose"))
    name = scene.post("lobby", "webhook with a long name").author_name
    expect(len(name) >= 70 and full.startswith(name.rstrip()), name)
    return NATIVE if name == full else "cut to 80 characters"


@feature(SECTION, "The original time")
def time(scene: Scene) -> str:
    for name, words in (
        ("lobby", "Welcome to the"),
        ("lobby", "Half an hour later"),
        ("Bridge-chat", "text in a voice"),
    ):
        found = re.search(r"-# <t:(\d+):f>\n", scene.post(name, words).content)
        expect(found and int(found[1]) == birth_ms(scene.said(words).id) // 1000, found)
    return "written above the message"
