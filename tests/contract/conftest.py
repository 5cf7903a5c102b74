"""A connection of each kind to the real server on fake instruments."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from mcp import Client

from perfdoctor.server.app import build
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.tokens import Tokens
from tests.contract.connections import WAYS, Events, http_server, network_client, stdio_client
from tests.server.fakes import WORKLOADS, FakeInstruments

Connect = Callable[[], AbstractAsyncContextManager[Client]]


@pytest.fixture
def events(tmp_path: Path) -> Events:
    return Events(tmp_path / "events")


@pytest.fixture
def memory(tmp_path: Path, events: Events) -> Connect:
    """A client in the same process."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    settings = Settings(
        state=tmp_path / "state", allow_custom=True, writable_roots=(str(workspace),), workloads=WORKLOADS
    )
    server = build(Service(settings, FakeInstruments(events.note)))
    return lambda: Client(server)


@pytest.fixture
def opened_up(tmp_path: Path) -> Connect:
    """The same, of an operator who allows code to be shown and changed below a folder."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    roots = (str(workspace),)
    settings = Settings(state=tmp_path / "state", allow_custom=True, user_roots=roots, writable_roots=roots)
    server = build(Service(settings, FakeInstruments()))
    return lambda: Client(server)


@pytest.fixture(params=WAYS)
def connect(request: pytest.FixtureRequest, tmp_path: Path, events: Events) -> Iterator[Connect]:
    """Opens a connection: the test that takes this runs once for every transport and era."""
    way, _, era = request.param.partition("-")
    mode = "legacy" if era else "auto"
    state = tmp_path / "state"
    if way == "memory":
        server = build(Service(Settings(state=state), FakeInstruments(events.note)))
        yield lambda: Client(server, mode=mode)
    elif way == "stdio":
        yield lambda: stdio_client(events.path, state, mode)
    else:
        token = Tokens(state).create("tester", Role.ADMIN)
        with http_server(events.path, state) as url:
            yield lambda: network_client(way, url, token, mode)
