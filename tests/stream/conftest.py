from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.stream.servers import PostgresServer, RedisServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A database that tests may stop; whoever stops it starts it again."""
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis that tests may stop; whoever stops it starts it again."""
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest) -> str:
    """A database that is only talked to: TEST_DATABASE_URL, or one of our own."""
    return os.environ.get("TEST_DATABASE_URL") or request.getfixturevalue("postgres").url


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """A Redis that is only talked to: TEST_REDIS_URL, or one of our own."""
    return os.environ.get("TEST_REDIS_URL") or request.getfixturevalue("redis").url
