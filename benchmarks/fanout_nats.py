"""Publishes to nats-server over TCP for the fan-out benchmark: python benchmarks/fanout_nats.py PORT."""

from __future__ import annotations

import asyncio
import sys

from fanout_servers import publish, standard_input


async def main(port: int) -> None:
    """Publish as told on stdin."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b'CONNECT {"verbose":false}\r\n')

    async def answer() -> None:
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")

    async def send(batch: list[bytes]) -> None:
        writer.write(b"".join(b"PUB bench %d\r\n%b\r\n" % (len(each), each) for each in batch))
        await writer.drain()

    answering = asyncio.create_task(answer())
    lines = await standard_input()
    print("ready", flush=True)
    await publish(lines, send)
    answering.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
