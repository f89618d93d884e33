"""Source against target: what is lost, doubled, out of order, or not what it was."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

from history import Post, SourceMessage

_DROPPED = re.compile(r"```[\s\S]*?```|`[^`]*`|<[^>\s]+>|https?://\S+|\[[^\]]*\]\([^)]*\)|:\w+:")
_WORD = re.compile(r"[^\W_]{4,}")
_WORDS_AT_EACH_END = 3
_MOST_SHOWN = 5


@dataclass
class Difference:
    """What a comparison found; `details` names the first few of each kind."""

    messages: int = 0
    posts: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    changed: int = 0
    placeholders: int = 0
    excluded: int = 0
    details: list[str] = field(default_factory=list[str])

    @property
    def is_clean(self) -> bool:
        """Whether everything is there once, in order."""
        return not (self.lost or self.doubled or self.out_of_order or self.changed)

    def add(self, other: Difference) -> None:
        """Count another comparison in."""
        for name in ("messages", "posts", "lost", "doubled", "out_of_order", "changed", "placeholders", "excluded"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.details += other.details

    def note(self, kind: str, line: str) -> None:
        """Keep a line for the first few of a kind."""
        if sum(kept.startswith(kind) for kept in self.details) < _MOST_SHOWN:
            self.details.append(f"{kind}: {line}")


def compare(source: list[SourceMessage], target: dict[str, list[Post]]) -> Difference:
    """Match by original time and words, container by container, and count what does not fit."""
    difference = Difference(messages=len(source), posts=sum(map(len, target.values())))
    posts = [post for channel in target.values() for post in channel]
    matches = _matches(source, posts, difference)
    by_container: dict[str, list[SourceMessage]] = defaultdict(list)
    for message in source:
        by_container[message.container].append(message)
    free = {channel: [post for post in rows if post.is_placeholder] for channel, rows in target.items()}
    for container, messages in by_container.items():
        found = [(message, matches[message.id]) for message in messages if message.id in matches]
        if not found and messages[0].is_voice:
            difference.excluded += len(messages)
            continue
        _check_order(container, found, difference)
        _check_missing(messages, matches, free, difference)
        for message, post in found:
            _check_post(message, post, difference)
    return difference


def _matches(source: list[SourceMessage], posts: list[Post], difference: Difference) -> dict[int, Post]:
    """Return the post of each message; a post that is left over is a double."""
    messages_at: dict[int, list[SourceMessage]] = defaultdict(list)
    posts_at: dict[int, list[Post]] = defaultdict(list)
    for message in source:
        messages_at[message.second].append(message)
    for post in posts:
        if post.second is not None:
            posts_at[post.second].append(post)
    channels: dict[str, str] = {}
    matches: dict[int, Post] = {}
    # Moments with one message and one post first: they say which channel a container went to.
    for second in sorted(posts_at, key=lambda at: len(posts_at[at]) + len(messages_at.get(at, ()))):
        waiting = sorted(messages_at.get(second, ()), key=lambda message: message.id)
        for post in sorted(posts_at[second], key=lambda post: post.id):
            best = max(waiting, key=lambda message: _likeness(message, post, channels), default=None)
            if best is None:
                difference.doubled += 1
                difference.note("doubled", f"{post.id} in {post.channel}: {post.texts[0][:120]!r}")
                continue
            waiting.remove(best)
            matches[best.id] = post
            channels.setdefault(best.container, post.channel)
    return matches


def _likeness(message: SourceMessage, post: Post, channels: dict[str, str]) -> tuple[bool, int, bool, int]:
    is_at_home = channels.get(message.container, post.channel) == post.channel
    words = ends_of(message.content)
    text = "\n".join(post.texts)
    return is_at_home, sum(word in text for word in words) - len(words), bool(words), -message.id


def _check_order(container: str, found: list[tuple[SourceMessage, Post]], difference: Difference) -> None:
    if not found:
        return
    home = max({post.channel for _, post in found}, key=[post.channel for _, post in found].count)
    rising: list[int] = []
    for _, post in found:
        if post.channel == home:
            place = bisect_left(rising, post.id)
            rising[place : place + 1] = [post.id]
    wrong = len(found) - len(rising)
    if wrong:
        difference.out_of_order += wrong
        difference.note("out_of_order", f"{wrong} of {len(found)} of container {container} in channel {home}")


def _check_missing(
    messages: list[SourceMessage], matches: dict[int, Post], free: dict[str, list[Post]], difference: Difference
) -> None:
    """Count messages without a post; a placeholder between its neighbours' posts stands for one."""
    previous: Post | None = None
    for number, message in enumerate(messages):
        if message.id in matches:
            previous = matches[message.id]
            continue
        if not message.must_arrive:
            continue
        following = next((matches[each.id] for each in messages[number:] if each.id in matches), None)
        near = previous or following
        rows = free.get(near.channel, []) if near else []
        low, high = previous.id if previous else 0, following.id if following else 1 << 63
        stand_in = next((post for post in rows if low < post.id < high), None)
        if stand_in is not None:
            rows.remove(stand_in)
            difference.placeholders += 1
            continue
        difference.lost += 1
        difference.note("lost", f"{message.id} of container {message.container}: {message.content[:120]!r}")


def _check_post(message: SourceMessage, post: Post, difference: Difference) -> None:
    doubles = len(post.bodies) - len(set(post.bodies))
    files = sum(map(len, post.files))
    if doubles or files > message.files + sum(text.count("🎤") for text in post.texts) + _EXTRA_FILES:
        difference.doubled += max(1, doubles)
        difference.note("doubled", f"a part of {message.id} at {post.id}: {len(post.bodies)} posts, {files} files")
    text = "\n".join(post.texts)
    absent = [word for word in ends_of(message.content) if word not in text]
    if absent:
        difference.changed += 1
        difference.note("changed", f"{message.id} at {post.id} lacks {absent}: {text[:160]!r}")


# Stickers and the pictures of embeds travel as files, too.
_EXTRA_FILES = 10


def ends_of(content: str) -> list[str]:
    """Return words of a text's beginning and end that no translation of its markup touches."""
    words = _WORD.findall(_DROPPED.sub(" ", content))
    if len(words) <= 2 * _WORDS_AT_EACH_END:
        return words
    return [*words[:_WORDS_AT_EACH_END], *words[-_WORDS_AT_EACH_END:]]
