"""Perf maps: names as node 20.20 wrote them, ranges that are used again, files that are not the target's."""

import mmap
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes import perf_map
from perfdoctor.collectors.runtimes.native import NativeNames
from perfdoctor.collectors.runtimes.perf_map import Code, PerfMap, parse_name, read_perf_map
from perfdoctor.schemas.problem import ProblemError

# node --perf-basic-prof hot.js, node 20.20.2
RECORDED = b"""18c4000 300 Builtin:DeoptimizationEntry_Eager
37489284aa8e 95 JS:~ /srv/hot.js:1:1
7f341a7c61c0 254 JS:*hot /srv/hot.js:2:13
7f341a7c6480 2f4 JS:*hot /srv/hot.js:2:13
7f341a7c8300 a0 JS:^ /srv/hot.js:5:40
2a127db736de 3c3 JS:~realpathSync node:fs:2664:22
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("JS:*hot /srv/hot.js:2:13", Code("hot", "/srv/hot.js", 2, "optimized")),
        ("LazyCompile:~get size /srv/a b.js:3:19", Code("get size", "/srv/a b.js", 3, "interpreted")),
        ("JS:^ /srv/hot.js:5:40", Code("(anonymous)", "/srv/hot.js", 5, "baseline")),
        ("JS:~realpathSync node:fs:2664:22", Code("realpathSync", "node:fs", 2664, "interpreted")),
        ("JS:~load file:///srv/a.mjs:7:1", Code("load", "file:///srv/a.mjs", 7, "interpreted")),
        ("py::total:/srv/shop.py", Code("total", "/srv/shop.py")),
        ("java.lang.String::hashCode", Code("java.lang.String::hashCode")),
        ("$lists:map/2", Code("lists:map/2")),
        ("$global::arith_eq_shared", Code("$global::arith_eq_shared")),
        ("JS:*", Code("(anonymous)", tier="optimized")),
    ],
)
def test_names_are_parsed(name: str, code: Code) -> None:
    assert parse_name(name) == code


def test_an_address_is_found_in_its_range_only() -> None:
    found = PerfMap()
    found.feed(RECORDED)
    assert len(found) == 6 and not found.not_understood
    assert (
        found.find(0x7F341A7C61C0) == found.find(0x7F341A7C61C0 + 0x253) == Code("hot", "/srv/hot.js", 2, "optimized")
    )
    assert found.find(0x7F341A7C61C0 + 0x254) is None
    assert found.find(0) is None


def test_of_ranges_that_overlap_the_later_is_meant() -> None:
    found = PerfMap()
    found.feed(b"1000 100 old\n1100 100 other\n2000 10 far\n1080 100 new\nno range\n")
    assert found.find(0x1000) is None  # freed, as a whole
    assert found.find(0x1090) == found.find(0x1110) == Code("new")
    assert found.find(0x2000) == Code("far")
    assert found.not_understood == 1


def test_control_characters_do_not_pass() -> None:
    assert parse_name("JS:*a\x1b[2J /srv/x\x07.js:1:1").function == "a\ufffd[2J"


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50))))
def test_every_address_belongs_to_the_last_range_that_was_put_there(ranges: list[tuple[int, int]]) -> None:
    found = PerfMap()
    found.feed("".join(f"{low:x} {size:x} {i}\n" for i, (low, size) in enumerate(ranges)).encode())
    alive: dict[int, tuple[int, int]] = {}
    for i, (low, size) in enumerate(ranges):
        if size:
            alive = {k: (a, b) for k, (a, b) in alive.items() if b <= low or a >= low + size}
            alive[i] = (low, low + size)
    for address in range(0, 560, 7):
        expected = next((str(i) for i, (a, b) in alive.items() if a <= address < b), None)
        code = found.find(address)
        assert (code.function if code else None) == expected


@given(st.binary())
def test_any_text(data: bytes) -> None:
    PerfMap().feed(data)
    parse_name(data.decode("utf-8", "replace"))


def test_only_a_file_of_the_target_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "perf.map"
    monkeypatch.setattr(perf_map, "path_of", lambda _host, _pid: str(path))
    host, pid = LocalHost(), os.getpid()
    with pytest.raises(ProblemError, match="started so"):
        read_perf_map(host, pid)
    path.write_bytes(RECORDED)
    assert len(read_perf_map(host, pid)) == 6
    if os.getuid() == 0:
        os.chown(path, 12345, 0)
        with pytest.raises(ProblemError, match="12345"):
            read_perf_map(host, pid)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(ProblemError):
        read_perf_map(host, pid)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ProblemError, match="no file"):
        read_perf_map(host, pid)


def test_of_a_large_file_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "perf.map"
    path.write_bytes(RECORDED)
    monkeypatch.setattr(perf_map, "path_of", lambda _host, _pid: str(path))
    monkeypatch.setattr(perf_map, "LARGEST", 90)
    found = read_perf_map(LocalHost(), os.getpid())
    assert found.cut and not found.not_understood and found.find(0x2A127DB736DE)


@pytest.mark.parametrize("kind", ["memfd", "shared"])
def test_code_in_shared_memory_is_looked_up_too(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """.NET and Erlang compile into a memory file that is mapped twice, PHP into memory that it shares with children."""
    descriptor = os.memfd_create("doublemapper") if kind == "memfd" else -1
    if descriptor >= 0:
        os.ftruncate(descriptor, 8192)
    try:
        code = mmap.mmap(descriptor, 8192, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    except PermissionError:
        pytest.skip("no memory may be shared and executed here")
    names = NativeNames(LocalHost(), os.getpid())
    begins = "/memfd:doublemapper" if kind == "memfd" else "/dev/zero"
    with code:
        (low,) = [found.low for found in names.mappings() if found.path.startswith(begins) and found.executable]
        monkeypatch.setattr(perf_map, "path_of", lambda _host, _pid: str(tmp_path / "map"))
        (tmp_path / "map").write_text(f"{low:x} 40 void [Shop] Cart::Total()\n")
        (frame,) = names.frames(low + 8, returns=False)
        assert frame.function == "void [Shop] Cart::Total()"
        (beside,) = names.frames(low + 4096, returns=False)
        assert beside.function.startswith("[") and not beside.function.endswith("(deleted)]")
    names.close()
    if descriptor >= 0:
        os.close(descriptor)
