"""The sandbox: a Discord server, a Fluxer server and their control, on loopback."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from reaper_tui.sandbox.community import Community, draw_everything, generate_community
from reaper_tui.sandbox.control import Control
from reaper_tui.sandbox.discord_server import DiscordServer
from reaper_tui.sandbox.errors import SandboxError
from reaper_tui.sandbox.faults import Wish, wishes_of
from reaper_tui.sandbox.fluxer_server import FluxerServer
from reaper_tui.sandbox.fluxer_server.faults import FluxerFaults
from reaper_tui.sandbox.state_file import Memory, hold, recall, remember

__all__ = ["Sandbox", "SandboxError", "SandboxOptions"]

COMMUNITIES = ("busy", "everything")
_RESIDENT = ("tomasz_k", "Tomasz")
"""Somebody of the source who lives in the target too: by the same name, with another id."""
_FLUXER_FACTS = ("api_base", "gateway", "media", "token", "community_id")


@dataclass(frozen=True)
class SandboxOptions:
    """What the two servers are to be like; a port of 0 means the remembered one or any free one."""

    seed: int = 1
    channels: int = 12
    messages: int = 2000
    speed: float = 1.0
    generation: str = "2026-02"
    community: str = "busy"
    """`busy` talks as much as asked for; `everything` holds one of each thing, whatever numbers are asked for."""
    limits: tuple[tuple[str, int], ...] = ()
    """What the Fluxer instance allows otherwise than usual, by the names of its document."""
    faults: tuple[str | Wish, ...] = ()
    state: Path | None = None
    host: str = "127.0.0.1"
    discord_port: int = 0
    fluxer_port: int = 0
    control_port: int = 0


class Sandbox:
    """Both servers and their control, as an async context manager."""

    discord: DiscordServer
    fluxer: FluxerServer

    def __init__(self, options: SandboxOptions, clock: Callable[[], float] = time.time) -> None:
        _check(options)
        self.options = options
        self._memory = Memory(
            seed=options.seed,
            channels=options.channels,
            messages=options.messages,
            speed=options.speed,
            generation=options.generation,
            community=options.community,
            limits=dict(options.limits),
        )
        self._held: IO[str] | None = None
        if options.state is not None:
            self._memory = recall(options.state, self._memory)
            self._held = hold(options.state)
        try:
            community = _community(options)
            self.discord = DiscordServer(
                community, speed=options.speed, clock=clock, store_path=_beside(options.state, ".discord.jsonl")
            )
            self.fluxer = FluxerServer(
                generation=options.generation,
                speed=options.speed,
                clock=clock,
                store=_beside(options.state, ".fluxer"),
                guild_name="The Tin Lighthouse (new home)",
                bot_name="reaper",
                seed=options.seed,
                limits=dict(options.limits),
                residents=(_RESIDENT,) if options.community == "everything" else (),
            )
        except BaseException as error:
            self._release()
            if isinstance(error, ValueError):
                raise SandboxError(str(error)) from error
            raise
        self._fluxer_faults = FluxerFaults(self.fluxer, seed=options.seed, speed=options.speed)
        self.fluxer.faults = self._fluxer_faults
        self._control = Control(self)
        self._faults: tuple[Wish, ...] = ()
        self.set_faults(options.faults)

    @property
    def active_faults(self) -> tuple[str, ...]:
        """The names of the faults that are on."""
        return tuple(wish.name for wish in self._faults)

    def set_faults(self, asked: Sequence[str | Wish]) -> None:
        """Turn on exactly these faults; raises FaultError for one that does not exist."""
        self._faults = wishes_of(asked)
        self.discord.faults.set(self._faults)
        self._fluxer_faults.set(self._faults)

    async def change_faults(self, asked: Sequence[str | Wish]) -> None:
        """Turn on exactly these faults, and open the ports that no fault keeps closed."""
        self.set_faults(asked)
        await self.discord.faults.settle()
        await self._fluxer_faults.settle()

    def fault_report(self) -> list[dict[str, object]]:
        """Return the faults that are on, by side, and how often each struck."""
        return [*self.discord.faults.report(), *self._fluxer_faults.report()]

    async def start(self) -> None:
        """Listen on all three ports; raises SandboxError if one that was asked for is taken."""
        options = self.options
        try:
            await self._listen("discord", options.discord_port, self.discord.start)
            await self._listen("fluxer", options.fluxer_port, self.fluxer.start)
            self._fluxer_faults.port = self.fluxer.listener
            await self._listen("control", options.control_port, self._control.start)
            if options.state is not None:
                ports = {
                    "discord": self.discord.port,
                    "fluxer": _port_of(self.fluxer.facts()["api_base"]),
                    "control": self._control.port,
                }
                self._memory = msgspec.structs.replace(self._memory, ports=ports)
                remember(options.state, self._memory)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every port and connection."""
        await self._control.stop()
        await self.discord.stop()
        await self.fluxer.stop()
        self._release()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def facts(self) -> dict[str, Any]:
        """Return how to reach everything, as the `sandbox` command prints it."""
        fluxer = self.fluxer.facts()
        return {
            "discord": self.discord.facts(),
            "fluxer": {name: fluxer[name] for name in _FLUXER_FACTS},
            "control": f"http://{self.options.host}:{self._control.port}",
            "pid": os.getpid(),
        }

    async def serve_until_stopped(self, announce: Callable[[dict[str, Any]], None]) -> None:
        """Start, hand the facts to `announce`, serve until SIGINT or SIGTERM, stop."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        try:
            async with self:
                announce(self.facts())
                await stopped.wait()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def _listen(self, name: str, asked: int, start: Callable[[str, int], Awaitable[None]]) -> None:
        remembered = self._memory.ports.get(name, 0)
        try:
            await start(self.options.host, asked or remembered)
        except (OSError, OverflowError) as error:
            if asked:
                raise SandboxError(f"cannot listen on port {asked} for {name}: {_reason(error)}") from error
            await start(self.options.host, 0)


def _community(options: SandboxOptions) -> Community:
    if options.community == "everything":
        return draw_everything(options.seed)
    return generate_community(options.seed, options.channels, options.messages)


def _check(options: SandboxOptions) -> None:
    if not 1 <= options.channels <= 500:
        raise SandboxError("channels must be between 1 and 500")
    if not 0 <= options.messages <= 5_000_000:
        raise SandboxError("messages must be between 0 and 5,000,000")
    if options.community not in COMMUNITIES:
        raise SandboxError(f"unknown community {options.community}, known are {', '.join(COMMUNITIES)}")
    wishes_of(options.faults)
    if not 0 < options.speed <= 10_000:
        raise SandboxError("speed must be above 0 and at most 10,000")
    try:
        is_loopback = options.host == "localhost" or ip_address(options.host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SandboxError(f"the sandbox serves loopback only, not {options.host}")


def _beside(state: Path | None, suffix: str) -> Path | None:
    return None if state is None else state.with_name(state.name + suffix)


def _port_of(address: str) -> int:
    return int(address.split("/")[2].rpartition(":")[2])


def _reason(error: Exception) -> str:
    return (os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)).lower()
