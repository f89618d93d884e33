"""Finds the route of a request: literal segments before parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from .buckets import Bucket
from .calls import Call, Reply

Handler = Callable[[Call], Awaitable[Reply]]


class Route(NamedTuple):
    """What the API does for a method and a path below its root."""

    method: str
    template: str
    handler: Handler
    bucket: Bucket | None = None
    needs_user: bool = True


class Match(NamedTuple):
    """A route and the values of its parameters."""

    route: Route
    parameters: dict[str, str]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    parameter: _Node | None = None
    route: Route | None = None


class Router:
    """All routes, as one tree per method."""

    def __init__(self, routes: list[Route]) -> None:
        self._roots: dict[str, _Node] = {}
        for route in routes:
            node = self._roots.setdefault(route.method, _Node())
            for segment in route.template.strip("/").split("/"):
                if segment.startswith(":"):
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literals.setdefault(segment, _Node())
            node.route = route

    def match(self, method: str, raw_path: str) -> Match | None:
        """The route of a raw (still quoted) path, if there is one."""
        node = self._roots.get(method)
        values: list[str] = []
        for segment in raw_path.strip("/").split("/"):
            if node is None:
                return None
            below = node.literals.get(segment)
            if below is None and segment:
                below = node.parameter
                values.append(unquote(segment))
            node = below
        if node is None or node.route is None:
            return None
        names = (part[1:] for part in node.route.template.split("/") if part.startswith(":"))
        return Match(node.route, dict(zip(names, values, strict=True)))
