"""What a post looks like in a few characters, to recognise it and to see whether it was changed."""

from __future__ import annotations

import hashlib

import msgspec

from reaper_tui.model.outgoing import Part, TargetMessage


def fingerprint(message: TargetMessage) -> str:
    """Return a digest of author, text and files; embeds are left out, the server adds link previews later."""
    text = "\0".join((message.username, message.content, *message.attachment_names))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]


def said(part: Part) -> str:
    """Return a digest of what was composed for a post, to see whether composing it anew gives something else."""
    text = msgspec.json.encode((part.content, part.embeds, part.suppresses_embeds), order="sorted")
    return hashlib.sha256(text).hexdigest()[:20]
