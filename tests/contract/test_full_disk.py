"""A disk that is full: calls are refused in words, the server stays up, and goes on when there is room."""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from tests.contract.connections import Events, http_process, network_client
from tests.live.need import need
from tests.server.samples import PID

pytestmark = [pytest.mark.live, pytest.mark.anyio]


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    at.mkdir(mode=0o700)
    libc = ctypes.CDLL(None, use_errno=True)
    mounted = libc.mount(b"tmpfs", bytes(at), b"tmpfs", ctypes.c_ulong(0), b"size=1m,mode=0700") == 0
    need(mounted, f"a file system of memory may be mounted ({os.strerror(ctypes.get_errno())})")
    try:
        yield at
    finally:
        libc.umount2(bytes(at), ctypes.c_int(2))  # MNT_DETACH


def fill(disk: Path) -> Path:
    full = disk / "fill"
    with full.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return full


async def test_nothing_is_answered_that_leaves_no_line_and_afterwards_it_goes_on(
    tmp_path: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "audit") as disk:
        monkeypatch.setenv("PERFDOCTOR_AUDIT_FOLDER", str(disk))
        token = Tokens(tmp_path).create("anna", Role.TRACE)
        with http_process(events.path, tmp_path) as (process, url):
            async with network_client("http", url, token, "auto") as client:
                asked = {"pid": PID, "seconds": 0.2}
                assert not (await client.call_tool("proc-watch", asked)).is_error
                full = fill(disk)
                refused = await client.call_tool("proc-watch", asked)
                assert refused.is_error
                assert "its disk is full" in refused.content[0].text  # type: ignore[union-attr]
                assert httpx2.get(f"{url}/healthz").status_code == 200
                answer = await _ready(url, 503)
                assert answer.json()["lacks"] == "the audit cannot be written"
                full.unlink()
                await _ready(url, 200)
                assert not (await client.call_tool("proc-watch", asked)).is_error
            assert process.poll() is None


async def _ready(url: str, status: int) -> httpx2.Response:
    """(A look is good for two seconds.)"""
    until = time.monotonic() + 10
    while True:
        answer = httpx2.get(f"{url}/readyz")
        if answer.status_code == status or time.monotonic() > until:
            assert answer.status_code == status, answer.text
            return answer
        await anyio.sleep(0.2)
