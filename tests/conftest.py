"""Fixtures that every room's tests use."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.server import stores

# What an example takes says more of the machine than of the code. The same examples each time: a change is not held
# against what it has not touched. Who looks for more says --hypothesis-profile=explore.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("same")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[stores.Postgres]:
    """A PostgreSQL of our own, for all tests that want one."""
    programs = stores.programs()
    if programs is None:
        if os.environ.get("PERFDOCTOR_LIVE") == "1":
            pytest.fail("PostgreSQL is not installed: scripts/setup --dev")
        pytest.skip("PostgreSQL is not installed")
    with stores.postgres(programs) as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is measured on a live machine may fail once for the machine's sake: it is measured once more, and the
    report names what needed that (RERUN). What fails twice is a failure."""
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(pytest.mark.flaky(reruns=1))
