"""Facts about files that a target named: in its own root, by looking only."""

import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.files import MOST, file_facts
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.target import Target

HOST = LocalHost()
SELF = Target(pid=os.getpid(), start_time=0.0, name="test")
GONE = Target(pid=1 << 30, start_time=0.0, name="gone")


def fact(path: str | Path, target: Target = SELF, since: float = 0.0) -> FileFact:
    (found,) = file_facts(HOST, target, [str(path)], since=since)
    assert found.path == str(path)
    return found


@pytest.mark.parametrize("target", [SELF, GONE])
def test_kinds_and_sizes(tmp_path: Path, target: Target) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1009)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        kinds = {name: fact(tmp_path / name, target).kind for name in ("file", "pipe", "socket", "link", "none", ".")}
    assert kinds == {
        "file": "file", "pipe": "pipe", "socket": "socket", "link": "file", "none": "missing", ".": "directory",
    }  # fmt: skip
    assert fact(tmp_path / "file", target).size == fact(tmp_path / "link", target).size == 1009
    assert fact(tmp_path / "file" / "below", target).kind == "missing"
    assert fact("/dev/null", target).kind == "device"


def test_changed_in_the_window(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    os.utime(file, (0, 1_000_000))
    assert not fact(file, since=1_000_001).changed_in_window
    assert fact(file, since=999_999).changed_in_window


def test_a_file_that_is_written_through_to_the_disk(tmp_path: Path) -> None:
    ways = {"plain": 0, "sync": os.O_SYNC, "dsync": os.O_DSYNC, "closed": os.O_SYNC}
    opened = {name: os.open(tmp_path / name, os.O_CREAT | os.O_WRONLY | flag) for name, flag in ways.items()}
    try:
        os.close(opened.pop("closed"))
        through = {name: fact(tmp_path / name).written_through for name in ways}
        before = fact(tmp_path / "sync", since=time.time() + 60)
    finally:
        for fd in opened.values():
            os.close(fd)
    assert through == {"plain": False, "sync": True, "dsync": True, "closed": False}
    assert not before.written_through  # (nothing was written to it in the window)


def test_a_relative_path_begins_at_the_targets_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert fact("here").kind == "file"
    assert fact("here", GONE).kind == "unknown"


def test_a_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert fact(tmp_path / "pipe").kind == "pipe"


def test_a_path_that_was_made_showable_is_not_called_missing() -> None:
    assert fact("/srv/caf\ufffd").kind == "unknown"
    assert fact("/srv/a…/b").kind == "unknown"


def test_links_of_proc_are_not_followed() -> None:
    assert fact(f"/proc/{os.getpid()}/root/etc").kind == "unknown"


def test_only_so_many() -> None:
    assert len(file_facts(HOST, SELF, ["/"] * (MOST + 7), since=0)) == MOST


@given(st.text(max_size=60))
def test_any_path_is_a_fact(path: str) -> None:
    assert fact(path).kind in {"file", "directory", "socket", "pipe", "device", "missing", "unknown"}
