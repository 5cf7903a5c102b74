"""Fixtures that every room's tests use."""

import pytest
from hypothesis import settings

# What an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
