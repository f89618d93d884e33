"""A headless Chromium, driven through its own debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Tab:
    """One page of the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(30):
            return await self._answers[number]

    async def open(self, address: str, width: int = 1200, height: int = 800, *, is_phone: bool = False) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self.command(f"{domain}.enable")
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=is_phone,
        )
        await self.command("Page.navigate", url=address)

    async def run(self, script: str) -> Any:
        reply = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    async def until(self, script: str, seconds: float = 20) -> Any:
        """Ask until the answer is true; the page has no other way to tell."""
        async with asyncio.timeout(seconds):
            while not (found := await self.run(script)):
                await asyncio.sleep(0.03)
        return found

    async def picture(self, path: Path) -> None:
        shot = await self.command("Page.captureScreenshot")
        path.write_bytes(base64.b64decode(shot["data"]))

    async def close(self) -> None:
        self._reading.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if "id" in message:
                self._answers.pop(message["id"]).set_result(message.get("result", message))
            elif message["method"] == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]))
            elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["source"] in (
                "security",
                "javascript",
            ):
                self.complaints.append(message["params"]["entry"]["text"])


@contextlib.asynccontextmanager
async def chromium(home: Path) -> AsyncGenerator[Tab]:
    """A browser with one empty tab."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is missing: apt-get install -y chromium")
    process = await asyncio.create_subprocess_exec(
        program,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *("--disable-background-networking", "--disable-sync", "--disable-extensions", "--mute-audio"),
        *("--remote-debugging-port=0", f"--user-data-dir={home}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told = home / "DevToolsActivePort"
        async with asyncio.timeout(40):
            while not told.exists() or not told.read_text().strip():
                assert process.returncode is None, "Chromium ended at once"
                await asyncio.sleep(0.05)
            port = told.read_text().split()[0]
            async with httpx.AsyncClient(trust_env=False) as client:
                pages: list[dict[str, Any]] = []
                while not pages:
                    found = (await client.get(f"http://127.0.0.1:{port}/json")).json()
                    pages = [page for page in found if page["type"] == "page"]
        address = pages[0]["webSocketDebuggerUrl"]
        tab = Tab(await connect(address, max_size=None, compression=None, proxy=None))
        try:
            yield tab
        finally:
            await tab.close()
    finally:
        process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
