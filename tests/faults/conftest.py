from collections.abc import AsyncIterator

import pytest

from tests.faults.client import Client, client_of


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with client_of() as client:
        yield client
