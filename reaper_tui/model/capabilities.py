"""What a target can do, told by its own answers and never by the name of a version."""

from __future__ import annotations

import msgspec


class TargetCapabilities(msgspec.Struct, frozen=True):
    """What one community's server can do; everything is false until an answer has shown it.

    `edits_posts`: a webhook's message can be changed afterwards. `honours_nonces`: a webhook's repeated nonce gives the
    first message again, for five minutes. `keeps_replies`: a webhook's reply points at what it answers.
    `has_voice_text`: voice channels hold messages. `presigned_uploads` are for bots, of no use to webhooks.
    """

    edits_posts: bool = False
    honours_nonces: bool = False
    keeps_replies: bool = False
    has_threads: bool = False
    has_forums: bool = False
    has_announcements: bool = False
    has_voice_text: bool = False
    takes_voice_messages: bool = False
    presigned_uploads: bool = False
