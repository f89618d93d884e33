"""The frames that are no events: what the server says about the stream itself."""

from __future__ import annotations

from typing import Any

import msgspec

# 4000-4499: come back with the cursor; 4500-4999: coming back changes nothing.
DRAINING, SLOW, NEW_EPOCH, UNAVAILABLE = 4001, 4008, 4010, 4013
PROTOCOL = 4510

_encode = msgspec.json.Encoder().encode


def hello(epoch: str, *, head: int, start: int, resumed: bool, reason: str, heartbeat: float, largest: int) -> bytes:
    """The first frame: where the stream stands, where this listener begins, and why not where it asked."""
    return _encode(
        {
            "op": "hello",
            "epoch": epoch,
            "head": head,
            "from": start,
            "resumed": resumed,
            "reason": reason,
            "hb": heartbeat,
            "max": largest,
        }
    )


def gap(asked: str, start: int, reason: str) -> bytes:
    """Events between `asked` and `start` cannot be had: `pruned`, another `epoch`, or `lost`."""
    return _encode({"op": "gap", "asked": asked, "from": start, "reason": reason})


def live(seq: int) -> bytes:
    """Everything older has been sent; what follows is sent as it happens."""
    return b'{"op":"live","seq":%d}' % seq


def beat(seq: int) -> bytes:
    """Everything up to `seq` that matches has been sent: a cursor worth keeping."""
    return b'{"op":"hb","seq":%d}' % seq


def reconnect(seq: int, after_ms: int) -> bytes:
    """The server goes: come back with `seq` after so many milliseconds."""
    return b'{"op":"reconnect","after_ms":%d,"seq":%d}' % (after_ms, seq)


def error(code: str, message: str, seq: int, epoch: str) -> bytes:
    """The last frame before a close, with the cursor to come back with."""
    document: dict[str, Any] = {"op": "error", "code": code, "msg": message, "seq": seq, "cursor": f"{epoch}:{seq}"}
    return _encode(document)
