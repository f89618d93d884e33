"""Every fault by name: what it does, to which side, and how often when nobody says."""

from typing import Any

import msgspec

DISCORD, FLUXER = "discord", "fluxer"
BOTH = (DISCORD, FLUXER)
WRITES = "[PD]*"
EXECUTE = "POST /webhooks/:id/:token*"
UPLOADS = "POST * +files"
ATTACHMENTS = "* /cdn/attachments/*"
EVENTS = "GATEWAY *"
CONNECTS = "CONNECT /gateway"


class Fault(msgspec.Struct, frozen=True):
    """One kind of trouble; `only` says which requests it can strike, `usual` how often and how hard."""

    name: str
    summary: str
    sides: tuple[str, ...]
    only: str = "*"
    usual: dict[str, Any] = {}


_EVERY_THIRD = {"every": 3}
_NOW_AND_THEN = {"probability": 0.05}
_SOME_FILES = {"probability": 0.25}
_LOST_CREATE = {"every": 2}
_ONCE = {"count": 1}
_AFTER_A_WHILE = {"after": 20}
_EVENTS = {"every": 25}


def _error(status: int) -> tuple[Fault, Fault]:
    return (
        Fault(f"error-{status}", f"{status} before the request is looked at", BOTH, usual=_NOW_AND_THEN),
        Fault(f"error-{status}-after-store", f"{status} after it was carried out", (FLUXER,), WRITES, _NOW_AND_THEN),
    )


def _lost_create(thing: str, only: str) -> Fault:
    summary = f"a {thing} is created, the reply to that never arrives"
    return Fault(f"{thing}-reply-lost", summary, (FLUXER,), only, _ONCE if only.endswith("*") else _LOST_CREATE)


_FAULTS = (
    Fault(
        "rate-limit-storm",
        "429 to every third request, every fourth of these for all requests",
        BOTH,
        "*",
        _EVERY_THIRD,
    ),
    Fault("rate-limit-bucket", "429 for one route", BOTH, "*", {"every": 4}),
    Fault("rate-limit-global", "429 for all requests", BOTH, "*", {"every": 7}),
    Fault("rate-limit-fractional", "429 with a broken number of seconds to wait", BOTH, "*", {"every": 4}),
    Fault("rate-limit-whole", "429 with a whole number of seconds to wait", BOTH, "*", {"every": 20}),
    Fault("rate-limit-bare", "429 that does not say how long to wait", BOTH, "*", {"every": 10}),
    Fault("rate-limit-html", "429 as a proxy's HTML page, without a time to wait", BOTH, "*", {"every": 10}),
    *_error(500),
    *_error(502),
    *_error(503),
    *_error(504),
    Fault("outage", "503 to everything", BOTH),
    Fault("connection-refused", "the port is closed for a while", BOTH, "*", {"seconds": 5.0, "count": 1}),
    Fault("reset", "connection reset before the request is looked at", BOTH, "*", _NOW_AND_THEN),
    Fault("reset-after-store", "connection reset after the request was carried out", (FLUXER,), WRITES, _NOW_AND_THEN),
    Fault(
        "reset-then-store",
        "connection reset, and the request is carried out only after that",
        (FLUXER,),
        "POST /webhooks/:id/:token",
        {"probability": 0.05, "delay": 0.1},
    ),
    Fault("cut-reply", "the reply breaks off in the middle of its body", BOTH, "*", _NOW_AND_THEN),
    Fault(
        "stall",
        "silence instead of a reply, then the connection closes",
        BOTH,
        "*",
        {"probability": 0.01, "delay": 3.0},
    ),
    Fault(
        "stall-after-store",
        "carried out, then silence, then the connection closes",
        (FLUXER,),
        WRITES,
        {"probability": 0.01, "delay": 3.0},
    ),
    Fault(
        "stall-upload",
        "the server stops reading in the middle of an upload",
        (FLUXER,),
        UPLOADS,
        {"probability": 0.1, "delay": 3.0},
    ),
    Fault("slow", "a quarter of a second before each request is looked at", BOTH, "*", {"delay": 0.25}),
    Fault("slow-reply", "carried out at once, the reply comes late", BOTH, "*", {"probability": 0.05, "delay": 1.0}),
    Fault("slow-body", "the reply's body comes in drops", BOTH, "*", {"probability": 0.05, "delay": 1.0}),
    Fault(
        "webhook-deleted",
        "somebody deletes the webhook that is about to post",
        (FLUXER,),
        EXECUTE,
        {"probability": 0.02, "count": 3},
    ),
    Fault("permission-revoked", "the bot loses its permissions in the middle of it", BOTH, usual=_AFTER_A_WHILE),
    Fault("token-revoked", "the bot's token stops being known in the middle of it", BOTH, usual=_AFTER_A_WHILE),
    Fault("embeds-refused", "400 to every post with embeds", (FLUXER,), EXECUTE),
    Fault(
        "content-blocked",
        "403 to certain texts, however often they are sent",
        (FLUXER,),
        EXECUTE,
        {"probability": 0.03},
    ),
    Fault("too-large", "413 to certain uploads, with five megabytes of HTML", (FLUXER,), UPLOADS, _SOME_FILES),
    Fault(
        "attachments-dropped", "a post is kept without its last file, without a word", (FLUXER,), UPLOADS, _SOME_FILES
    ),
    Fault(
        "reorder-locked",
        "423 while somebody else moves channels or roles",
        (FLUXER,),
        "PATCH /guilds/:id/channels|PATCH /guilds/:id/roles",
        {"every": 2},
    ),
    Fault("edit-locked", "429 RESOURCE_LOCKED to an edit", (FLUXER,), "PATCH */messages/:id", {"every": 5}),
    Fault("overloaded", "503 because too many requests are in flight", (FLUXER,), usual=_NOW_AND_THEN),
    Fault("ip-banned", "403 to everything from this address", (FLUXER,), usual=_AFTER_A_WHILE),
    Fault(
        "uploads-disabled",
        "files cannot be sent ahead of their message",
        (FLUXER,),
        "POST /channels/:id/attachments*",
    ),
    Fault("nonce-ignored", "a repeated nonce makes a second message", (FLUXER,)),
    Fault("nonce-honoured", "webhooks, too, answer a repeated nonce with the first message", (FLUXER,)),
    _lost_create("role", "POST /guilds/:id/roles"),
    _lost_create("channel", "POST /guilds/:id/channels"),
    _lost_create("emoji", "POST /guilds/:id/emojis*"),
    _lost_create("sticker", "POST /guilds/:id/stickers*"),
    _lost_create("webhook", "POST /channels/:id/webhooks"),
    Fault("cdn-404", "certain files are gone", (DISCORD,), ATTACHMENTS, _SOME_FILES),
    Fault("cdn-403", "certain files are refused", (DISCORD,), ATTACHMENTS, _SOME_FILES),
    Fault(
        "cdn-expired",
        "pages of messages carry addresses that ran out yesterday",
        (DISCORD,),
        "GET /channels/:id/messages",
    ),
    Fault("cdn-short", "files break off in the middle", (DISCORD,), ATTACHMENTS, _SOME_FILES),
    Fault("cdn-wrong-size", "certain files are half as big as declared", (DISCORD,), ATTACHMENTS, _SOME_FILES),
    Fault("cdn-slow", "certain files come at a kilobyte a second", (DISCORD,), ATTACHMENTS, {"probability": 0.1}),
    Fault("clock-skew", "the server's clock is seven minutes fast", BOTH, usual={"offset": 420.0}),
    Fault("no-message-content", "the bot may not read what messages say", (DISCORD,)),
    Fault("no-history", "the bot may not read history", (DISCORD,)),
    Fault("hidden-channels", "the bot may not see two of the channels", (DISCORD,)),
    Fault(
        "hidden-voice-and-forum",
        "the gateway hides a voice channel without its bitrate and a forum without its tags",
        (DISCORD,),
    ),
    Fault("gateway-cut", "the gateway closes with 1001 after an event; to be resumed", (DISCORD,), EVENTS, _EVENTS),
    Fault("gateway-cut-4000", "the gateway closes with 4000 after an event", (DISCORD,), EVENTS, _EVENTS),
    Fault("gateway-reconnect", "the gateway asks to reconnect after an event", (DISCORD,), EVENTS, _EVENTS),
    Fault("gateway-invalid", "the gateway forgets the session, and an event with it", (DISCORD,), EVENTS, _EVENTS),
    Fault("gateway-swallow", "the gateway never tells of an event", (DISCORD,), EVENTS, {"every": 10}),
    Fault("gateway-refused", "no connection to the gateway for a while", (DISCORD,), CONNECTS, {"seconds": 5.0}),
    Fault("gateway-slam", "the gateway closes whatever it has accepted", (DISCORD,), CONNECTS, {"seconds": 3.0}),
)
CATALOGUE = {fault.name: fault for fault in _FAULTS}
KNOWN = tuple(CATALOGUE)
