"""Replays a recorded contract against a server and tells the differences.

A recording is a list of exchanges with a real server. Where the real client had to wait for a rate limit, `wait` is
called instead, so a server whose clock belongs to the caller is replayed without delay.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

Step = dict[str, Any]
Variables = dict[str, str]

BURST_PAUSE = 1.1
MAX_ATTEMPTS = 30
KINDS = {
    "snowflake": r"\d{15,20}",
    "iso": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)",
    "hash": r"[\w+/=.-]{4,}",
    "token": r"[\w.-]{20,}",
    "url": r"(?:https?|wss?)://\S+",
    "int": r"-?\d+",
    "str": r"[\s\S]*",
}
_TOKEN = re.compile(r"\$\{(?P<name>\w+)(?::(?P<arguments>[^}]*))?\}|<(?P<kind>" + "|".join(KINDS) + ")>")


def load(path: Path) -> list[Step]:
    """The steps of a recording."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def png(width: int, height: int, red: int, green: int, blue: int) -> bytes:
    """A PNG of one colour, stored uncompressed as the recorder made it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = (b"\0" + bytes((red, green, blue)) * width) * height
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels, 0)) + chunk(b"IEND", b"")


def filled(text: str, variables: Variables) -> str:
    """The text with its variables and macros expanded."""

    def value(found: re.Match[str]) -> str:
        name, arguments = found["name"], found["arguments"] or ""
        if name is None:
            return found[0]
        if name == "rep":
            count, repeated = arguments.split(",", 1)
            return repeated * int(count)
        if name == "png":
            picture = png(*(int(number) for number in arguments.split(",")))
            return "data:image/png;base64," + base64.b64encode(picture).decode()
        return variables[name]

    return _TOKEN.sub(value, text)


def filled_deep(value: Any, variables: Variables) -> Any:
    """The JSON value with every string filled."""
    match value:
        case str():
            return filled(value, variables)
        case list():
            return [filled_deep(item, variables) for item in value]
        case dict():
            return {key: filled_deep(item, variables) for key, item in value.items()}
        case _:
            return value


def fits(wanted: str, actual: str, variables: Variables) -> bool:
    """Whether the recorded text, which may hold placeholders, describes the actual one."""
    pattern = ""
    end = 0
    for found in _TOKEN.finditer(wanted):
        pattern += re.escape(wanted[end : found.start()])
        pattern += KINDS[found["kind"]] if found["kind"] else re.escape(filled(found[0], variables))
        end = found.end()
    return re.fullmatch(pattern + re.escape(wanted[end:]), actual) is not None


def differences(wanted: Any, actual: Any, path: str, variables: Variables, *, any_order: bool) -> Iterator[str]:
    """Where the actual JSON value contradicts the recorded one; further keys are allowed."""
    if wanted == "<int>" and isinstance(actual, int) and not isinstance(actual, bool):
        return
    if isinstance(wanted, dict) and isinstance(actual, dict):
        for key, item in wanted.items():
            if key not in actual:
                yield f"{path}.{key} is missing"
            else:
                yield from differences(item, actual[key], f"{path}.{key}", variables, any_order=any_order)
    elif isinstance(wanted, list) and isinstance(actual, list) and len(wanted) == len(actual):
        remaining = list(actual)
        for index, item in enumerate(wanted):
            chosen = _best(item, remaining, variables) if any_order else 0
            yield from differences(item, remaining.pop(chosen), f"{path}[{index}]", variables, any_order=any_order)
    elif isinstance(wanted, str) and isinstance(actual, str):
        if not fits(wanted, actual, variables):
            yield f"{path} is {actual!r:.120}, recorded {wanted!r:.120}"
    elif type(wanted) is not type(actual) or wanted != actual:
        yield f"{path} is {actual!r:.120}, recorded {wanted!r:.120}"


def _best(wanted: Any, candidates: list[Any], variables: Variables) -> int:
    """The index of the candidate that differs least."""

    def cost(index: int) -> int:
        return sum(1 for _ in differences(wanted, candidates[index], "", variables, any_order=True))

    return min(range(len(candidates)), key=cost)


def picked(body: Any, path: str) -> str:
    """The value at a path such as `items.0.id` or `[name=general].id`."""
    for part in re.findall(r"\[[^]]*\]|[^.\[]+", path):
        if part.startswith("["):
            key, _, value = part[1:-1].partition("=")
            body = next(item for item in body if str(item[key]) == value)
        else:
            body = body[int(part)] if isinstance(body, list) else body[part]
    return str(body)


class Replayer:
    """Sends the steps of a recording one after the other, keeping the variables that they save."""

    def __init__(self, facts: dict[str, str], wait: Callable[[float], Awaitable[None]]) -> None:
        self._base = facts["api_base"]
        self._origin = facts["instance"]
        self._wait = wait
        self._headers = {
            "bot": {"Authorization": f"Bot {facts['token']}"},
            "bad": {"Authorization": "Bot 1.bad"},
            "raw": {"Authorization": facts["token"]},
            "none": {},
        }
        self._variables = {"guild": facts["community_id"]}

    async def replay(self, steps: list[Step]) -> list[str]:
        """One line per difference."""
        found: list[str] = []
        async with httpx.AsyncClient(timeout=60) as client:
            for step in steps:
                run = self._burst if step.get("kind") == "burst" else self._exchange
                found += [f"#{step['n']} {step['name']}: {line}" async for line in run(client, step)]
        return found

    def _request(self, client: httpx.AsyncClient, step: Step) -> httpx.Request:
        origin = self._origin if step.get("root") else self._base
        headers = dict(self._headers[step["auth"]])
        arguments: dict[str, Any] = {"params": filled_deep(step.get("query"), self._variables)}
        if "json" in step:
            arguments["json"] = filled_deep(step["json"], self._variables)
        elif "raw" in step:
            arguments["content"] = step["raw"].encode()
            headers["Content-Type"] = step["content_type"]
        elif "multipart" in step:
            arguments["files"] = self._parts(step["multipart"])
        address = origin + filled(step["path"], self._variables)
        return client.build_request(step["method"], address, headers=headers, **arguments)

    def _parts(self, multipart: dict[str, Any]) -> list[tuple[str, tuple[str | None, Any] | tuple[str, bytes, str]]]:
        parts: list[Any] = []
        payload = filled_deep(multipart["payload_json"], self._variables)
        if payload is not None:
            text = payload if isinstance(payload, str) else json.dumps(payload)
            parts.append(("payload_json", (None, text)))
        for file in multipart["files"]:
            content = file["text"].encode() if "text" in file else bytes(file.get("size", 0))
            content = png(*file["png"]) if "png" in file else content
            parts.append((file["field"], (file["filename"], content, file["content_type"])))
        return parts

    async def _exchange(self, client: httpx.AsyncClient, step: Step) -> Any:
        response = await client.send(self._request(client, step))
        for _ in range(MAX_ATTEMPTS):
            if response.status_code != 429:
                break
            await self._wait(float(response.headers["Retry-After"]))
            response = await client.send(self._request(client, step))
        for line in self._save(step, response):
            yield line
        for line in self._compare(step["response"], response, any_order=step.get("any_order", False)):
            yield line

    async def _burst(self, client: httpx.AsyncClient, step: Step) -> Any:
        """Requests in a row on a clock that stands still: exactly the bucket's content passes."""
        await self._wait(BURST_PAUSE)
        responses = [await client.send(self._request(client, step)) for _ in range(step["count"])]
        passed = [response for response in responses if response.is_success]
        limited = [response for response in responses if response.status_code == 429]
        expected = step["expect"]
        if not expected["ok"] <= len(passed) <= expected["ok"] + 1 or len(passed) + len(limited) != len(responses):
            yield f"{len(passed)} passed and {len(limited)} were limited, recorded {expected['ok']} passing"
        for response in limited[:1]:
            for line in self._compare(expected["first_429"], response, any_order=False):
                yield line

    def _save(self, step: Step, response: httpx.Response) -> Iterator[str]:
        for name, path in step.get("save", {}).items():
            try:
                self._variables[name] = picked(response.json(), path)
            except (ValueError, LookupError, TypeError, StopIteration):
                yield f"has no {path!r} for ${{{name}}}"

    def _compare(self, recorded: dict[str, Any], response: httpx.Response, *, any_order: bool) -> Iterator[str]:
        if response.status_code != recorded["status"]:
            yield f"status is {response.status_code} {response.text:.200}, recorded {recorded['status']}"
            return
        for name, value in recorded["headers"].items():
            actual = response.headers.get(name)
            if value is None and actual is not None:
                yield f"header {name} is {actual!r}, recorded none"
            elif value is not None and (actual is None or not fits(value, actual, self._variables)):
                yield f"header {name} is {actual!r}, recorded {value!r}"
        body = response.json() if response.content else None
        yield from differences(recorded["body"], body, "body", self._variables, any_order=any_order)
