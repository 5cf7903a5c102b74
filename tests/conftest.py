"""Fixtures that every room's tests use."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
