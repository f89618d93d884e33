"""One clone of everything for each generation, shared by all processes of a session."""

from __future__ import annotations

import asyncio
import fcntl
import os

import msgspec
import pytest

from tests.fidelity.outcome import Outcome, clone_everything
from tests.fidelity.table import GENERATIONS


@pytest.fixture(scope="session", params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    """Which Fluxer server is cloned into."""
    return str(request.param)


@pytest.fixture(scope="session")
def outcome(generation: str, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What became of everything there; the first process that asks for it finds out."""
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    kept = tmp_path_factory.getbasetemp().parent / f"fidelity-{session}-{generation}.json"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            found = asyncio.run(clone_everything(generation, tmp_path_factory.mktemp("everything")))
            kept.write_bytes(msgspec.json.encode(found))
        return msgspec.json.decode(kept.read_bytes(), type=Outcome)
