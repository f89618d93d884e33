"""The chaos harness: its comparison finds what is planted, and it runs from end to end against any server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests import processes

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from comparison import Difference, compare  # noqa: E402
from history import PLACEHOLDER, Post, SourceMessage  # noqa: E402

CONTENTS = [f"message number {word} of the watch" for word in ("seven", "eight", "nine", "twelve", "thirteen")]
Target = dict[str, list[Post]]


def source() -> list[SourceMessage]:
    return [SourceMessage(100 + n, "c1", 1_000 + n, text, 0, True) for n, text in enumerate(CONTENTS)]


def post(identifier: int, second: int, text: str) -> Post:
    whole = f"-# <t:{second}:f>\n{text}"
    return Post(identifier, "t1", second, "Keeper", [whole], [()], [whole])


def target() -> Target:
    return {"t1": [post(500 + n, 1_000 + n, text) for n, text in enumerate(CONTENTS)]}


def swap(posts: list[Post]) -> None:
    posts[1], posts[2] = replace(posts[2], id=501), replace(posts[1], id=502)


def cut(posts: list[Post]) -> None:
    posts[3].texts = ["-# <t:1003:f>\nmessage number"]


def repeat_part(posts: list[Post]) -> None:
    posts[2].texts *= 2
    posts[2].bodies *= 2
    posts[2].files *= 2


def stand_in(posts: list[Post]) -> None:
    posts[2] = Post(502, "t1", None, "Keeper", [f"{PLACEHOLDER}: refused"], [()], [PLACEHOLDER])


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lambda posts: None, {}),
        (lambda posts: posts.pop(2), {"lost": 1}),
        (lambda posts: posts.pop(), {"lost": 1}),
        (lambda posts: posts.append(replace(posts[1], id=900)), {"doubled": 1}),
        (lambda posts: posts.append(post(901, 5_000, "a stranger")), {"doubled": 1}),
        (swap, {"out_of_order": 1}),
        (cut, {"changed": 1}),
        (repeat_part, {"doubled": 1}),
        (stand_in, {"placeholders": 1}),
    ],
)
def test_what_is_planted_is_found_and_nothing_else(
    plant: Callable[[list[Post]], object], found: dict[str, int]
) -> None:
    there = target()
    plant(there["t1"])
    difference = compare(source(), there)
    kinds = ("lost", "doubled", "out_of_order", "changed", "placeholders")
    assert {kind: getattr(difference, kind) for kind in kinds if getattr(difference, kind)} == found
    assert difference.is_clean is (not found or found == {"placeholders": 1})


def test_a_container_in_two_places_is_out_of_order() -> None:
    there = target()
    there["t2"] = [replace(there["t1"].pop(), channel="t2")]
    assert compare(source(), there).out_of_order == 1


def test_figures_of_several_clones_add_up() -> None:
    total = Difference()
    total.add(Difference(messages=5, lost=1))
    total.add(Difference(messages=7, doubled=2, details=["doubled: x"]))
    assert (total.messages, total.lost, total.doubled, total.details) == (12, 1, 2, ["doubled: x"])


@pytest.mark.timeout(180)
def test_kills_against_servers_that_are_there_already(tmp_path: Path) -> None:
    profile = tmp_path / "there.toml"
    with processes.sandbox(tmp_path, profile, "--messages", "80", "--channels", "3", "--speed", "100", "--seed", "9"):
        command = [sys.executable, str(BENCHMARKS / "chaos.py"), "--kills", "2", "--against", str(profile), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    figures = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (figures["lost"], figures["doubled"], figures["out_of_order"], figures["changed"]) == (0, 0, 0, 0)
    assert figures["messages"] == 80
