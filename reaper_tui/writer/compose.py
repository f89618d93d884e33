"""From a source message to the posts that stand for it: pure, repeatable, and total."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from reaper_tui.model.community import Limits
from reaper_tui.model.composition import Degrade, Directory, Flow
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.message import Author, Message, Snapshot, forwarded
from reaper_tui.model.outgoing import Composition, FileSlot, Part
from reaper_tui.model.text import cut_utf16
from reaper_tui.writer.aliases import Aliases
from reaper_tui.writer.attachments import Luggage
from reaper_tui.writer.embeds import accepted_embed, embed_as_text, embed_texts, grouped_embeds, own_embeds
from reaper_tui.writer.markdown import Markup, escaped, quoted
from reaper_tui.writer.normalisation import TRIMMED, is_visible, normalised_url, one_line, shortened, tidied
from reaper_tui.writer.notices import EMPTY, PERSONAL_KINDS, notice, skip_rule
from reaper_tui.writer.pictures import Pictures
from reaper_tui.writer.polls import poll_text
from reaper_tui.writer.reply import forward_line, is_reply, reply_line
from reaper_tui.writer.source_files import SOURCE_BASES, SourceFiles
from reaper_tui.writer.splitter import has_open_fence, split
from reaper_tui.writer.wording import clock

SOURCE_HOSTS = tuple(
    f"{door}{host}" for host in ("discord.com", "discordapp.com") for door in ("", "www.", "ptb.", "canary.")
)
GROUPING_SECONDS = 420.0
USERNAME_UNITS = 80
_REASON_UNITS = 300
_SECTION_UNITS = 200


def author_key(message: Message) -> str:
    """Return what tells authors apart in a flow: the account and the name shown, as one webhook speaks for many."""
    return f"{message.author.id}:{message.author.name}"


class _Load(NamedTuple):
    """What one post carries beside its text."""

    embeds: tuple[dict[str, Any], ...] = ()
    files: tuple[FileSlot, ...] = ()


_NOTHING = _Load()


class MessageComposer:
    """Composes the posts of one source guild for one target community."""

    def __init__(
        self,
        *,
        limits: Limits,
        source_guild_id: int,
        community_id: int,
        link_base: str,
        source_hosts: tuple[str, ...] = SOURCE_HOSTS,
        timestamps: Literal["grouped", "every", "none"] = "grouped",
        reactions: Literal["native", "text", "skip"] = "text",
        native_replies: bool = False,
        source_bases: tuple[str, ...] = SOURCE_BASES,
        native_voice: bool = False,
        draws_lottie: bool = False,
        aliases: Aliases | None = None,
    ) -> None:
        self._limits = limits
        self._markup = Markup(source_guild_id, community_id, link_base, source_hosts)
        self._timestamps = timestamps
        self._says_reactions = reactions == "text"
        self._native_replies = native_replies
        self._source_files = SourceFiles(source_bases)
        self._native_voice = native_voice
        self._draws_lottie = draws_lottie
        self._aliases = aliases

    def references(self, message: Message) -> frozenset[int]:
        """Return the source message ids whose place on the target the composition will ask for."""
        found = {linked for text in _texts(message) for linked in self._markup.linked_messages(text)}
        if message.reference is not None and message.reference.message_id is not None:
            found.add(message.reference.message_id)
        return frozenset(found)

    def author_key(self, message: Message) -> str:
        """Return the key to hand back as the next message's `Flow.previous_author`."""
        return author_key(message)

    def compose(self, message: Message, directory: Directory, flow: Flow, degrade: Degrade) -> Composition:
        """Return the posts that stand for a message, or the rule by which it is skipped."""
        if self._aliases is not None:
            is_same_author = flow.previous_author == author_key(message)
            message = self._aliases.anonymised(message)
            previous = author_key(message) if is_same_author else ""
            flow = flow._replace(previous_author=previous, section=self._aliases.replaced(flow.section))
        username = _username(message.author)
        avatar_url = "" if degrade.without_avatar else normalised_url(message.author.avatar_url)
        if degrade.as_placeholder:
            reason = escaped(shortened(degrade.as_placeholder, _REASON_UNITS)) or "no reason was given"
            content = f"-# ⚠ This message could not be carried over: {reason}"
            return Composition(parts=(Part(content=content, username=username, avatar_url=avatar_url),))
        if rule := skip_rule(message):
            return Composition(rule=rule)

        luggage = self._luggage(message, degrade)
        message = self._without_pasted_links(message, luggage, degrade)
        pictures = Pictures(self._source_files, degrade)
        embeds = self._embeds(message, directory, pictures) if message.embeds or message.snapshots else []
        body = self._body(message, directory)
        if degrade.without_embeds:
            body += [embed_as_text(embed) for embed in embeds]
            embeds = []
        body += luggage.lines + pictures.lines
        body = [block for block in body if is_visible(block)]
        if not (body or embeds or luggage.slots or self._shows_more(message)):
            is_known = message.kind in PERSONAL_KINDS
            return Composition(rule=EMPTY if is_known else f"unknown_kind_{message.kind}")

        voice = self._voice_part(message, luggage, embeds, username, avatar_url)
        if voice is not None:
            body = [block for block in body if block != voice.voice_line]
            luggage.slots.clear()
        answered = self._native_reply(message, directory) if voice is None else None
        head = self._head(message, directory, flow)
        said = reply_line(message, self._markup, directory) if is_reply(message) else ""
        has_more = bool(head or body or embeds or luggage.slots)
        text = self._text([said, *head] if said else head, body, self._tail(message, directory))
        loads = self._loads(embeds, luggage.slots, pictures)
        parts = self._parts(text, loads, username, avatar_url, suppresses_embeds=message.suppresses_embeds)
        if answered is not None and has_more and parts[0].content.startswith(said):
            content = parts[0].content.removeprefix(said).lstrip(TRIMMED)
            parts[0] = msgspec.structs.replace(parts[0], content=content, reply_to=answered, reply_line=said)
        if voice is not None:
            parts = [part for part in parts if part.content] + [voice]
        return Composition(parts=tuple(parts), placeholders=tuple(luggage.left_behind))

    def supplement(self, message: Message, keys: Collection[int], directory: Directory) -> Composition:
        """Return the posts that bring files which were left out of a message that stands; none when none can go."""
        slots = [slot for slot in self._luggage(message, Degrade()).slots if slot.key in keys]
        place = directory.message(message.id)
        link = f" [jump]({self._markup.message_link(place)})" if place else ""
        note = f"-# 📎 Left out of a message of <t:{int(unix_seconds(message.id))}:f>{link}"
        loads = self._loads([], slots, Pictures(self._source_files, Degrade()))
        username, avatar_url = _username(message.author), normalised_url(message.author.avatar_url)
        if not loads:
            return Composition()
        return Composition(
            parts=tuple(
                Part(content=note if number == 0 else "", username=username, avatar_url=avatar_url, files=load.files)
                for number, load in enumerate(loads)
            )
        )

    def _shows_more(self, message: Message) -> bool:
        """Return whether a message without text, files or embeds still has something to show."""
        has_reactions = self._says_reactions and bool(message.reactions)
        is_answer = is_reply(message) or forwarded(message)
        return is_answer or has_reactions or is_visible(message.interaction) or is_visible(message.thread_name)

    def _head(self, message: Message, directory: Directory, flow: Flow) -> list[str]:
        lines: list[str] = []
        if flow.section:
            lines.append(f"-# {escaped(shortened(flow.section, _SECTION_UNITS))}")
        if self._wants_time(message, flow):
            lines.append(f"-# <t:{int(unix_seconds(message.id))}:f>")
        if forwarded(message):
            lines.append(forward_line(message, self._markup, directory))
        if interaction := escaped(shortened(message.interaction, _SECTION_UNITS)):
            lines.append(f"-# {interaction}")
        return lines

    def _wants_time(self, message: Message, flow: Flow) -> bool:
        if self._timestamps != "grouped":
            return self._timestamps == "every"
        if flow.section or flow.previous_author != author_key(message):
            return True
        return unix_seconds(message.id) - flow.previous_at > GROUPING_SECONDS

    def _body(self, message: Message, directory: Directory) -> list[str]:
        said = notice(message)
        body = [said] if said else []
        if message.content and not said:
            body.append(self._rewritten(message.content, message, directory))
        body += [quoted(text) for text in self._snapshot_texts(message, directory)]
        if message.poll is not None:
            body.append(poll_text(message.poll, lambda text: self._rewritten(text, message, directory)))
        body += [self._rewritten(text, message, directory) for text in message.component_text]
        if message.is_voice_message:
            body.append(_voice_line(message))
        return body

    def _snapshot_texts(self, message: Message, directory: Directory) -> Iterator[str]:
        for snapshot in message.snapshots:
            text = self._rewritten(snapshot.content, message, directory).strip(TRIMMED)
            if is_visible(text):
                yield text

    def _tail(self, message: Message, directory: Directory) -> list[str]:
        lines: list[str] = []
        if message.thread_name:
            lines.append(f"-# 🧵 Thread: {escaped(shortened(message.thread_name, _SECTION_UNITS))}")
        if message.edited_at:
            lines.append("-# (edited)")
        if self._says_reactions and message.reactions:
            shown = (
                f"{self._markup.emoji(one_line(reaction.name), reaction.emoji_id, directory)} {reaction.count}"
                for reaction in message.reactions
            )
            lines.append(f"-# {' · '.join(shown)}")
        return lines

    def _text(self, head: list[str], body: list[str], tail: list[str]) -> str:
        main = "\n".join(body)
        if head and head[-1].startswith(">") and main.startswith(">"):
            head.append("")
        if tail and "```" in main and has_open_fence(main):
            main += "\n```"
        return "\n".join((*head, main, *tail) if main else (*head, *tail))

    def _rewritten(self, text: str, message: Message, directory: Directory) -> str:
        return self._markup.rewritten(tidied(text), message.mentions, directory)

    def _luggage(self, message: Message, degrade: Degrade) -> Luggage:
        luggage = Luggage()
        limit = self._limits.attachment_bytes
        source: Sequence[Message | Snapshot] = (message, *message.snapshots)
        for carrier in source:
            luggage.add_attachments(carrier.attachments, degrade, limit)
            luggage.add_stickers(carrier.stickers, degrade, limit, draws_lottie=self._draws_lottie)
        return luggage

    def _without_pasted_links(self, message: Message, luggage: Luggage, degrade: Degrade) -> Message:
        """Return a message whose links to the source's own files became files of the message."""

        def taken(text: str) -> str:
            kept, links = self._source_files.taken_out(text)
            luggage.add_pasted(links, degrade, self._limits.attachment_bytes)
            return kept

        return msgspec.structs.replace(
            message,
            content=taken(message.content),
            component_text=tuple(taken(text) for text in message.component_text),
            snapshots=tuple(
                msgspec.structs.replace(snapshot, content=taken(snapshot.content)) for snapshot in message.snapshots
            ),
        )

    def _voice_part(
        self, message: Message, luggage: Luggage, embeds: Sequence[object], username: str, avatar_url: str
    ) -> Part | None:
        """Return the post that is a voice message on the target too, which takes nothing beside its one file."""
        slots = luggage.slots
        if not (self._native_voice and message.is_voice_message and len(slots) == 1) or embeds:
            return None
        if not slots[0].waveform or slots[0].duration_seconds <= 0:
            return None
        line = _voice_line(message)
        return Part("", username, avatar_url, files=tuple(slots), voice_line=line)

    def _embeds(self, message: Message, directory: Directory, pictures: Pictures) -> list[dict[str, Any]]:
        is_person = not (message.author.is_bot or message.author.is_webhook)
        wanted = own_embeds(message.embeds, message.content, is_person=is_person)
        for snapshot in message.snapshots:
            wanted += own_embeds(snapshot.embeds, snapshot.content, is_person=False)

        def rewrite(text: str) -> str:
            return self._rewritten(text, message, directory)

        characters = self._limits.embed_characters
        accepted = (accepted_embed(embed, rewrite, characters, pictures.of_embed()) for embed in wanted)
        return [embed for embed in accepted if embed]

    def _native_reply(self, message: Message, directory: Directory) -> int | None:
        if not self._native_replies or not is_reply(message) or message.reference is None:
            return None
        if message.reference.message_id is None:
            return None
        place = directory.message(message.reference.message_id)
        return place[1] if place and place[0] == directory.channel(message.channel_id) else None

    def _loads(self, embeds: Sequence[dict[str, Any]], slots: Sequence[FileSlot], pictures: Pictures) -> list[_Load]:
        """Return embeds and files in as few posts as they fit in, an embed always beside the files it shows."""
        pictured = {slot.key for embed in embeds for slot in pictures.carried_by(embed)}
        left = [slot for slot in slots if slot.key not in pictured]
        loads: list[_Load] = []
        for group in grouped_embeds(embeds, self._limits, pictures.carried_by):
            shown = [slot for embed in group for slot in pictures.carried_by(embed)]
            room = max(0, self._limits.attachments_per_message - len(shown))
            loads.append(_Load(group, (*left[:room], *shown)))
            left = left[room:]
        count = max(1, self._limits.attachments_per_message)
        loads += [_Load((), tuple(left[start : start + count])) for start in range(0, len(left), count)]
        return loads

    def _parts(
        self, text: str, loads: list[_Load], username: str, avatar_url: str, *, suppresses_embeds: bool
    ) -> list[Part]:
        """Return the posts in order; what a message carries stands below the last of its text."""
        contents = split(text, self._limits.message_length) or [""]
        first, *more = loads or [_NOTHING]
        posts = [(content, _NOTHING) for content in contents[:-1]]
        posts += [(contents[-1], first), *(("", load) for load in more)]
        return [
            Part(
                content=content,
                username=username,
                avatar_url=avatar_url,
                embeds=load.embeds,
                files=load.files,
                suppresses_embeds=suppresses_embeds and not load.embeds,
            )
            for content, load in posts
        ]


def _voice_line(message: Message) -> str:
    length = clock(message.attachments[0].duration_seconds) if message.attachments else ""
    return f"-# 🎤 Voice message{f' ({length})' if length else ''}"


def _username(author: Author) -> str:
    name = cut_utf16(one_line(author.name), USERNAME_UNITS).rstrip(TRIMMED)
    return name if is_visible(name) else "Unknown"


def _texts(message: Message) -> Iterator[str]:
    yield message.content
    if message.quote is not None:
        yield message.quote.content
    yield from message.component_text
    if message.poll is not None:
        yield from (answer.emoji for answer in message.poll.answers)
    for embed in message.embeds:
        yield from embed_texts(embed)
    for snapshot in message.snapshots:
        yield snapshot.content
        for embed in snapshot.embeds:
            yield from embed_texts(embed)
