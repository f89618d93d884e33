"""Rows about files, stickers in messages and voice messages."""

from __future__ import annotations

from tests.fidelity.scene import Scene, one_of
from tests.fidelity.table import expect, feature

SECTION = "Files"
SPOILER, VOICE = 1 << 3, 1 << 13


def _size(scene: Scene, filename: str, size: int) -> str:
    found = scene.file("files", filename)
    expect(found.size == size, found)
    return "native"


def _named(scene: Scene, words: str, filename: str) -> str:
    """Return how a file that was left out is told: in the message's place and in the report."""
    post = scene.post("files", words)
    expect(f"📎 {filename}" in post.content and " — " in post.content, post.content)
    expect(not any(file.filename == filename for file in post.attachments), "sent after all")
    expect(scene.names(filename), "not in the report")
    return "left out, named in its place"


@feature(SECTION, "Pictures, sound, documents")
def kinds(scene: Scene) -> str:
    names = [file.filename for file in scene.post_with("files", "loop.gif").attachments]
    expect(names == ["loop.gif", "photo.jpg", "song.mp3", "notes.md"], names)
    return "native"


@feature(SECTION, "Empty files")
def empty(scene: Scene) -> str:
    return _size(scene, "empty.txt", 0)


@feature(SECTION, "Files exactly as large as Fluxer takes")
def at_limit(scene: Scene) -> str:
    return _size(scene, "limit.zip", 25 << 20)


@feature(SECTION, "Files larger than Fluxer takes")
def over_limit(scene: Scene) -> str:
    _named(scene, "one byte too big", "limit-and-one.zip")
    return _named(scene, "far too big", "film.mp4")


@feature(SECTION, "Files whose address has run out")
def expired(scene: Scene) -> str:
    return f"{_size(scene, 'expired.png', 4000)}, asked for again"


@feature(SECTION, "Files that are gone from Discord")
def gone(scene: Scene) -> str:
    expect(scene.file("files", "kept.txt").size == 100)
    _named(scene, "gone, but there were words", "lost.txt")
    return _named(scene, "it is gone", "gone.png")


@feature(SECTION, "Files that are not what they should be")
def short(scene: Scene) -> str:
    return _named(scene, "half as big as it says", "half.txt")


@feature(SECTION, "Spoilers and descriptions")
def spoilers(scene: Scene) -> str:
    found = scene.file("files", "SPOILER_ending.png")
    expect(found.flags & SPOILER and found.description == "The end", found)
    return "native"


@feature(SECTION, "File names")
def names(scene: Scene) -> str:
    found = [file.filename for file in scene.post_with("files", "SPOILER_ending.png").attachments]
    expect(len(found) == 3 and found[1].startswith("Übersicht") and found[1].endswith(".png"), found)
    return "native" if found[1] == "Übersicht & Co (1).png" else "in letters, digits, `_`, `.` and `-`"


@feature(SECTION, "More files than a post takes")
def many(scene: Scene) -> str:
    posts = [each for each in scene.posts("files") if any(f.filename.startswith("page-") for f in each.attachments)]
    found = [file.filename for each in posts for file in each.attachments]
    expect(found == [f"page-{number:02d}.txt" for number in range(1, 13)], found)
    return "native" if len(posts) == 1 else f"in {len(posts)} posts"


@feature(SECTION, "Files pasted as links to Discord")
def pasted(scene: Scene) -> str:
    post = scene.post("files", "pasted: ")
    expect([file.size for file in post.attachments] == [3000, 3000] and "/attachments/" not in post.content, post)
    return "as files"


@feature(SECTION, "Pasted links whose file is gone")
def pasted_gone(scene: Scene) -> str:
    return _named(scene, "pasted, but gone", "nowhere.png")


@feature(SECTION, "Voice messages")
def voice(scene: Scene) -> str:
    post = scene.post_with("every-kind", "voice-message.ogg")
    if post.flags & VOICE:
        return "native"
    expect("🎤 Voice message (0:04)" in post.content, post.content)
    return "as a file, with its length"


def _sticker(scene: Scene, filename: str) -> str:
    post = scene.post_with("every-kind", filename)
    return one_of(bool(post.stickers), {True: "native", False: "as a file"})


@feature(SECTION, "Stickers in messages: PNG")
def png_stickers(scene: Scene) -> str:
    return _sticker(scene, "Wave.png")


@feature(SECTION, "Stickers in messages: APNG")
def apng_stickers(scene: Scene) -> str:
    return _sticker(scene, "Dance.png")


@feature(SECTION, "Stickers in messages: GIF")
def gif_stickers(scene: Scene) -> str:
    return _sticker(scene, "Blink.gif")


@feature(SECTION, "Stickers in messages: Lottie")
def lottie_stickers(scene: Scene) -> str:
    return f"{_sticker(scene, 'Fall.webp')}, drawn as a moving picture"
