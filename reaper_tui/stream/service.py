"""The process: from settings to a listening service, and its orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

import uvicorn

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.stream.api import StreamService
from reaper_tui.stream.rates import Rates
from reaper_tui.stream.tally import Tally
from reaper_tui.stream.wire_ws import StreamHttp, StreamWebSocket

INBOUND_BYTES = 4096
PING_SECONDS = 20.0
PONG_SECONDS = 20.0
LAST_SECONDS = 3
SPARE_FILES = 200
log = logging.getLogger("reaper_tui.stream")


class Server(uvicorn.Server):
    """Uvicorn without its signals: the service ends in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to `serve`."""
        yield


async def serve(
    service: StreamService,
    *,
    host: str,
    port: int,
    drain_seconds: float,
    announce: Callable[[str], None],
    stopping: asyncio.Event | None = None,
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> None:
    """Serve until SIGINT or SIGTERM, then send listeners away one by one; a second signal ends at once.

    `beside` runs as long as the service does; when it fails, so does the service.
    Raises ConfigurationError when the address cannot be listened on.
    """
    stopping = stopping or asyncio.Event()
    listening = _listen(host, port)
    bound = listening.getsockname()
    server = Server(
        uvicorn.Config(
            service.app,  # pyright: ignore[reportArgumentType]
            http=StreamHttp,
            ws=StreamWebSocket,
            ws_max_size=INBOUND_BYTES,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            ws_per_message_deflate=False,
            loop="auto",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_SECONDS,
        )
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            server.force_exit = True
            server.should_exit = True
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        async with asyncio.TaskGroup() as tasks:
            hub = tasks.create_task(service.hub.run(), name="hub")
            counting = tasks.create_task(_sample(service.rates, service.hub.tally), name="rates")
            others = [tasks.create_task(work()) for work in beside]
            serving = tasks.create_task(server.serve([listening]), name="server")
            address = f"http://{f'[{host}]' if ':' in host else host}:{bound[1]}"
            announce(address)
            log.info("listening", extra={"address": address})
            ended = asyncio.create_task(stopping.wait(), name="stopping")
            await asyncio.wait([ended, serving], return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            log.info("draining", extra={"listeners": len(service.hub.sessions)})
            draining = asyncio.create_task(service.listeners.drain(drain_seconds), name="drain")
            await asyncio.wait([draining, serving], return_when=asyncio.FIRST_COMPLETED)
            draining.cancel()
            server.should_exit = True
            await serving
            for task in (hub, counting, *others):
                task.cancel()
    except BaseExceptionGroup as failures:
        raise _first(failures) from failures
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        listening.close()
    log.info("stopped")


def spare_collector() -> None:
    """Keep what the program made so far out of garbage collections, which would hold everybody up for long."""
    gc.collect()
    gc.freeze()


def allow_connections(most: int) -> int:
    """Let the process open as many files as listeners and their requests need; warn and return how many are short."""
    wanted = 2 * most + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 0
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    short = max(0, wanted - soft)
    if short:
        log.warning(
            "the system allows too few open files for MAX_CONNECTIONS", extra={"wanted": wanted, "short": short}
        )
    return short


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what went wrong first, out of however many groups."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


async def _sample(rates: Rates, tally: Tally) -> None:
    while True:
        rates.sample(time.monotonic(), tally)
        await asyncio.sleep(1)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(f"{host} is no address to listen on: {error.strerror}", "set HOST") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror}", "set PORT or HOST") from None
    return listening
