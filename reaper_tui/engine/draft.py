"""A message on its way: its posts as they will be sent, and what had to be left out of them."""

from __future__ import annotations

import msgspec

from reaper_tui.model.composition import Degrade
from reaper_tui.model.errors import Refused
from reaper_tui.model.outgoing import Composition, FileSlot, Part
from reaper_tui.model.text import utf16_length

Ledger = tuple[tuple[str, str], ...]
CONTENT_UNITS = 2000
CAUSE_LENGTH = 200
STUMP = "-# ⚠ The rest of this message could not be carried over: "
NOT_KEPT = "the target did not keep it"


class Draft(msgspec.Struct, frozen=True):
    """The posts of one message; `ledger` says what was left out and why, `failure` why only a placeholder is sent.

    `is_unresolved` tells that it leads to messages which do not stand yet; `is_guessed` that it was composed after its
    post was sent, which may say something else.
    A later process needs those of a second try always, as they differ from what it would compose.
    """

    composition: Composition
    ledger: Ledger = ()
    failure: str = ""
    is_unresolved: bool = False
    is_second_try: bool = False
    is_guessed: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.composition.parts

    def to_keep(self) -> bytes | None:
        """Return what a later process needs to go on where this one was killed, None when it can compose anew."""
        is_plain = len(self.parts) == 1 and not (self.ledger or self.failure or self.is_second_try)
        return None if is_plain else msgspec.json.encode(self)

    def cut(self, count: int) -> Draft:
        """Return this draft with only its first posts."""
        return msgspec.structs.replace(
            self, composition=msgspec.structs.replace(self.composition, parts=self.parts[:count])
        )

    def without_files(self, number: int, lost: dict[int, str]) -> Draft:
        """Return this draft with files of a post that is still to be sent replaced by lines that name them."""
        part = self.parts[number]
        gone = [slot for slot in part.files if slot.key in lost]
        lines = [_placeholder(slot, lost[slot.key]) for slot in gone]
        kept = tuple(slot for slot in part.files if slot.key not in lost)
        content = "\n".join([part.content, *lines] if part.content else lines)
        left = [(slot.filename, lost[slot.key]) for slot in gone]
        if utf16_length(content) <= CONTENT_UNITS:
            return self._with(number, (msgspec.structs.replace(part, files=kept, content=content),), left)
        notice = _notice(part, lines)
        stays = part.content or part.embeds or kept
        bare = (msgspec.structs.replace(part, files=kept),) if stays else ()
        return self._with(number, (*bare, notice), left)

    def found_as(self, number: int, content: str) -> Draft:
        """Return this draft, composed anew, up to a post that was found and reads so."""
        parts = self.parts[: number + 1]
        if len(parts) > number and parts[number].content == content and not parts[number].embeds:
            return self.cut(number + 1)
        parts += (Part(content=content, username=""),) * (number + 1 - len(parts))
        composition = msgspec.structs.replace(self.composition, parts=parts)
        return msgspec.structs.replace(self, composition=composition, is_guessed=True)

    def saying_its_reply(self) -> Draft:
        """Return this draft with its native reply in words: a post that stands cannot become one."""
        first = self.parts[0]
        content = f"{first.reply_line}\n{first.content}" if first.reply_line else first.content
        return self._with(0, (msgspec.structs.replace(first, content=content, reply_to=None),), [])

    def with_kept(self, number: int, kept_count: int) -> Draft:
        """Return this draft after a post was found with so many files."""
        return self.with_unkept(number, kept_count) if kept_count < len(self.parts[number].files) else self

    def with_unkept(self, number: int, kept_count: int) -> Draft:
        """Return this draft after the target kept only so many files of a post: a further post names the others."""
        part = self.parts[number]
        gone = part.files[kept_count:]
        standing = msgspec.structs.replace(part, files=part.files[:kept_count])
        notice = _notice(part, [_placeholder(slot, NOT_KEPT) for slot in gone])
        return self._with(number, (standing, notice), [(slot.filename, NOT_KEPT) for slot in gone])

    def poorer(self, number: int, error: Refused) -> Draft | None:
        """Return this draft with less in a refused post of a half-sent message; None when nothing is left to drop."""
        part, cause = self.parts[number], str(error)[:CAUSE_LENGTH]
        if part.files and (_is_about_files(error) or not (part.embeds or part.avatar_url)):
            return self.without_files(number, dict.fromkeys((slot.key for slot in part.files), cause))
        if part.embeds:
            return self._dropping(number, msgspec.structs.replace(part, embeds=()), "embeds", cause)
        if part.avatar_url:
            return self._dropping(number, msgspec.structs.replace(part, avatar_url=""), "avatar", cause)
        if part.content.startswith(STUMP):
            return None
        stump = msgspec.structs.replace(part, content=f"{STUMP}{cause}")
        return self._dropping(number, stump, f"part {number + 1}", cause)

    def _dropping(self, number: int, part: Part, what: str, cause: str) -> Draft:
        if not (part.content or part.embeds or part.files):
            part = msgspec.structs.replace(part, content=f"-# ⚠ Left out here: {what}")
        changed = self._with(number, (part,), [])
        return msgspec.structs.replace(changed, ledger=(*changed.ledger, (what, cause)))

    def _with(self, number: int, parts: tuple[Part, ...], left: list[tuple[str, str]]) -> Draft:
        composition = msgspec.structs.replace(
            self.composition,
            parts=(*self.parts[:number], *parts, *self.parts[number + 1 :]),
            placeholders=(*self.composition.placeholders, *left),
        )
        return msgspec.structs.replace(self, composition=composition)


def kept_draft(stored: bytes | None) -> Draft | None:
    """Return the draft a killed process kept, None when there is none."""
    return None if stored is None else msgspec.json.decode(stored, type=Draft)


def next_step(degrade: Degrade, error: Refused, composition: Composition) -> tuple[Degrade, str] | None:
    """Return what to leave out of a refused message next, and its name; None when all was tried."""
    has_avatar = any(part.avatar_url for part in composition.parts) and not degrade.without_avatar
    has_embeds = any(part.embeds for part in composition.parts) and not degrade.without_embeds
    has_files = any(part.files for part in composition.parts) and not degrade.without_files
    if has_avatar and error.field == "avatar":
        return degrade._replace(without_avatar=True), "avatar"
    if has_files and _is_about_files(error):
        return degrade._replace(without_files=True), "files"
    if has_embeds:
        return degrade._replace(without_embeds=True), "embeds"
    if has_avatar:
        return degrade._replace(without_avatar=True), "avatar"
    if has_files:
        return degrade._replace(without_files=True), "files"
    if not degrade.as_placeholder:
        return degrade._replace(as_placeholder=str(error)), "content"
    return None


def _is_about_files(error: Refused) -> bool:
    named = error.field in ("files", "attachments")
    return named or error.status == 413 or "FILE" in error.code or "ATTACHMENT" in error.code


def _placeholder(slot: FileSlot, reason: str) -> str:
    name = "".join("_" if mark in "`\n\r" else mark for mark in slot.filename)[:100]
    size = "" if slot.size is None else f", {slot.size:,} bytes"
    return f"-# 📎 `{name}`{size}: {reason}"


def _notice(part: Part, lines: list[str]) -> Part:
    count = len(lines)
    while utf16_length(content := _first_lines(lines, count)) > CONTENT_UNITS:
        count -= 1
    return Part(content=content, username=part.username, avatar_url=part.avatar_url)


def _first_lines(lines: list[str], count: int) -> str:
    more = [f"-# and {len(lines) - count} more files"] if count < len(lines) else []
    return "\n".join([*lines[:count], *more])
