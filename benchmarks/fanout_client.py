"""Many WebSockets in one process, counting what arrives; the same client for every server."""

from __future__ import annotations

import base64
import os
import select
import socket
import struct
import time
from collections.abc import Callable

MARKER = b'"bench":'
TIME = b'"at":'
CHUNK = 512 << 10
# A ping of four bytes, as uvicorn sends it to see who is still there.
PING, PONG = b"\x89\x04", 0x8A


class Crowd:
    """So many clients of one server."""

    def __init__(self, port: int, count: int, *, path: str = "/", greeting: bytes = b"") -> None:
        self.sockets = [_connect(port, path, greeting) for _ in range(count)]
        self.counts = dict.fromkeys((each.fileno() for each in self.sockets), 0)
        self.latencies: list[float] = []
        self._tails = dict.fromkeys(self.counts, b"")
        self._by_number = {each.fileno(): each for each in self.sockets}
        self._poll = select.epoll()
        for number in self.counts:
            self._poll.register(number, select.EPOLLIN)

    @property
    def delivered(self) -> int:
        """Return how many messages came, to all together."""
        return sum(self.counts.values())

    def reset(self) -> None:
        """Forget what was counted."""
        self.latencies.clear()
        self.counts = dict.fromkeys(self.counts, 0)

    def read(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float:
        """Read for so long or until something holds; return when the last message came."""
        end = time.monotonic() + seconds
        last = time.monotonic()
        while (left := end - time.monotonic()) > 0 and not until():
            for number, _ in self._poll.poll(min(left, 0.05)):
                chunk = self._by_number[number].recv(CHUNK)
                if not chunk:
                    raise ConnectionError("the server closed a connection")
                last = self._count(number, chunk)
        return last

    def close(self) -> None:
        """Close all connections."""
        self._poll.close()
        for each in self.sockets:
            each.close()

    def _count(self, number: int, chunk: bytes) -> float:
        now = time.monotonic_ns()
        data = self._tails[number] + chunk
        found = data.count(MARKER)
        if found:
            self.counts[number] += found
            # The oldest of what came together is the one that waited longest.
            place = data.find(TIME, data.find(MARKER))
            stamp = data[place + len(TIME) : place + len(TIME) + 20].partition(b",")
            if place >= 0 and stamp[1]:
                self.latencies.append((now - int(stamp[0])) / 1e9)
        # Frames are text of less than 35,076 bytes, so that these two bytes are nothing else.
        ping = data.find(PING)
        if 0 <= ping <= len(data) - 6:
            self._by_number[number].send(client_frame(data[ping + 2 : ping + 6], PONG))
        # What was counted is cut off, so that a marker between two chunks is counted once.
        last = data.rfind(MARKER)
        rest = data[last + len(MARKER) :] if last >= 0 else data
        self._tails[number] = rest[-(len(MARKER) - 1) :]
        return now / 1e9


def client_frame(payload: bytes, kind: int = 0x82) -> bytes:
    """Return a masked frame, binary if nothing else is said."""
    mask = os.urandom(4)
    length = len(payload)
    head = struct.pack("!BB", kind, 0x80 | length) if length < 126 else struct.pack("!BBH", kind, 0xFE, length)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def percentile(values: list[float], share: float) -> float:
    """Return a percentile in seconds, 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _connect(port: int, path: str, greeting: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 20)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1)
    if b" 101 " not in answer.split(b"\r\n")[0]:
        raise ConnectionError(answer.decode())
    if greeting:
        connection.sendall(client_frame(greeting))
    connection.setblocking(False)
    return connection
