"""Both communities as they stand after the runs, and what was told about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from reaper_tui.model.summary import Summary
from tests.fidelity.table import NotCarried, expect

CATEGORY, REPLY = 4, 19
FIRST_GENERAL = "The first general"


class Scene(NamedTuple):
    """What a row looks at; `source` and `target` are the memories of the two servers."""

    source: Any
    target: Any
    told: str
    """The report in words."""
    made: Sequence[dict[str, Any]]
    """The bodies with which channels were made, in order."""
    later: Summary | None = None
    """The run after the source had changed."""
    native_reactions: Any = None
    """The target of a clone of the lobby with `reactions = "native"`."""
    bot_id: int = 0

    @property
    def edits_posts(self) -> bool:
        """Return whether posts of the target were changed after they had been sent."""
        return self.later is not None and bool(self.later.changes["edits"].applied)

    def place(self, name: str, topic: str = "") -> Any:
        """Return the newest channel or thread of a name, and of a topic where names are the same."""
        found = [each for each in self.target.channels.values() if each.name == name and each.type != CATEGORY]
        found = [each for each in found if not topic or each.topic == topic]
        found += [each for each in self.target.threads.values() if each.name == name]
        expect(found, f"no channel or thread {name}")
        return max(found, key=lambda each: each.id)

    def category(self, name: str) -> Any:
        """Return a category."""
        found = [each for each in self.target.channels.values() if each.name == name and each.type == CATEGORY]
        expect(found, f"no category {name}")
        return found[0]

    def posts(self, name: str, topic: str = "") -> list[Any]:
        """Return what stands in a channel or thread, oldest first."""
        ids = self.target.message_ids.get(self.place(name, topic).id, ())
        return [self.target.messages[each] for each in ids]

    def post(self, name: str, needle: str, topic: str = "") -> Any:
        """Return the only post of a channel or thread that says something beside what it quotes."""
        found = [each for each in self.posts(name, topic) if needle in without_quote(each.content)]
        expect(len(found) == 1, f"{len(found)} posts in {name} say {needle!r}")
        return found[0]

    def post_with(self, name: str, filename: str) -> Any:
        """Return the first post of a channel or thread with a file."""
        found = [each for each in self.posts(name) if any(file.filename == filename for file in each.attachments)]
        expect(found, f"no post in {name} has {filename}")
        return found[0]

    def file(self, name: str, filename: str) -> Any:
        """Return a file that was posted."""
        files = self.post_with(name, filename).attachments
        return next(file for file in files if file.filename == filename)

    def said(self, needle: str) -> Any:
        """Return the first message of the source that says something."""
        for messages in self.source.messages.values():
            for message in messages:
                if needle in message.content:
                    return message
        raise LookupError(needle)

    def person(self, username: str) -> Any:
        """Return somebody of the source."""
        return next(each for each in self.source.people.values() if each.username == username)

    def source_channel(self, name: str) -> Any:
        """Return the first channel of the source of a name."""
        return next(each for each in self.source.channels.values() if each.name == name)

    def link(self, post: Any) -> str:
        """Return how the address of a post ends on the target."""
        return f"/channels/{self.target.guild.id}/{post.channel_id}/{post.id}"

    def names(self, *words: str) -> bool:
        """Return whether the report says every one of some words."""
        return all(word in self.told for word in words)


def without_quote(content: str) -> str:
    """Return a text without the line above it that says what it answers."""
    return re.sub(r"^> -# ↪ .*\n?", "", content)


def text_of(content: str) -> str:
    """Return a text without the lines that were put above it."""
    lines = without_quote(content).split("\n")
    while lines and re.match(r"-# (<t:|🧵|🗨|↪)", lines[0]):
        lines.pop(0)
    return "\n".join(lines)


def one_of(found: object, answers: dict[object, str]) -> str:
    """Return what a finding means; raise NotCarried for one that means nothing."""
    if found not in answers:
        raise NotCarried(f"found {found!r}")
    return answers[found]
