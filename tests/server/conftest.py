"""Stores of both kinds."""

import pytest

from tests.server import stores


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> str | None:
    """The URL of a new database, or None for a SQLite file: the test that takes this runs once for each."""
    if request.param == "sqlite":
        return None
    server: stores.Postgres = request.getfixturevalue("postgres")
    return server.database()
