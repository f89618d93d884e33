"""What a post looks like in a few characters, to recognise it and to see whether it was changed."""

from __future__ import annotations

import hashlib

from reaper_tui.model.outgoing import TargetMessage


def fingerprint(message: TargetMessage) -> str:
    """Return a digest of author, text and files; embeds are left out, the server adds link previews later."""
    text = "\0".join((message.username, message.content, *message.attachment_names))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]
