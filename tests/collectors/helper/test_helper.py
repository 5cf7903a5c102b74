"""The privileged helper refuses whatever is not on its list, and whoever's process it is not."""

import os
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import command
from perfdoctor.collectors.helper import policy, protocol, session
from perfdoctor.collectors.helper.admission import Peer, admit
from perfdoctor.collectors.helper.policy import Policy, PolicyError
from perfdoctor.collectors.helper.probed_file import function_starts
from perfdoctor.collectors.helper.refusal import RefusedError
from perfdoctor.collectors.helper.slots import Slots
from tests.collectors.helper.fuzz import STRANGER, Fuzz, Programs, long_number, nested

BPF = Path(command.__file__).parent
ME = Peer(os.getpid(), os.getuid(), os.getgid())


def started(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])


def opening(name: str = "watch", **other: object) -> protocol.Message:
    header = {
        "ask": "open",
        "object": name,
        "programs": sorted(command.OBJECTS[name].loadable),
        "settings": [1, 1, 24, 0, 0],
        "constants": {},
        "pids": [[os.getpid(), started(os.getpid())]],
    }
    return protocol.Message(header | other)


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> session.Session:
    """A session of ours over an object that only looks at what reaches it."""
    monkeypatch.setattr(session, "Object", Programs)
    monkeypatch.setattr(Policy, "may_measure_all", lambda _self, _uid: False)
    return session.Session(ME, Policy(), Slots())


def asked(one: session.Session, data: bytes = b"", **header: object) -> dict[str, object]:
    return one.answer(protocol.Message(header, data))[0]


def test_the_closed_list_is_that_of_the_programs() -> None:
    for name, reach in command.OBJECTS.items():
        text = sources(BPF / f"{name}.bpf.c")
        programs = set(re.findall(r'SEC\("(?:tp_btf|iter|perf_event|u(?:ret)?probe)[^"]*"\) int (\w+)', text))
        assert programs == reach.loadable, name
        maps = set(re.findall(r'\} (\w+) SEC\("\.maps"\)', text))
        assert reach.readable | reach.writable <= maps, name
        never = {"wanted", "kernel_stacks", "pendings", "threads", "marks", "records"}
        assert not never & (reach.readable | reach.writable), name
        for program, returns in reach.probes.items():
            assert f'SEC("u{"ret" * returns}probe") int {program}(' in text
        assert all(f'SEC("{section}")' in text for section in reach.constants)


def sources(path: Path) -> str:
    text = path.read_text()
    for other in re.findall(r'#include "([^"]+)"', text):
        text += sources(BPF / other)
    return text


def test_a_window_of_ones_own(mine: session.Session) -> None:
    assert mine.answer(opening())[0]["left_out"] == []
    assert asked(mine, ask="attach", programs=list(command.OBJECTS["watch"].attachable), hz=99) == {}
    assert asked(mine, ask="iterate", program="begin") == {}
    assert asked(mine, bytes(12), ask="put", map="processes") == {}
    assert asked(mine, bytes(4), ask="get", map="counters")["found"]
    mine.close()


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (bytes(12), {"ask": "put", "map": "wanted"}),
        (bytes(12), {"ask": "put", "map": "calls"}),
        (b"", {"ask": "read", "map": "kernel_stacks"}),
        (b"", {"ask": "read", "map": "threads"}),
        (b"", {"ask": "peek", "section": ".rodata"}),
        (bytes(8), {"ask": "poke", "at": 20}),
        (b"", {"ask": "iterate", "program": "begin"}),
        (b"", {"ask": "attach", "programs": ["call_begins"], "hz": 0}),
        (b"", {"ask": "attach", "programs": ["sample", *command.FOLLOWS], "hz": 0}),
        (b"", {"ask": "attach", "programs": list(command.FOLLOWS), "hz": 100_000}),
        (bytes(16), {"ask": "probe", "program": "begin", "path": "/bin/true", "pid": 1, "started": 1}),
        (b"", {"ask": "hello", "more": 1}),
        (b"x", {"ask": "hello"}),
        (b"", {"ask": "exec"}),
        (b"", {"ask": None}),
        (b"", {}),
    ],
)
def test_what_is_not_on_the_list_is_refused(mine: session.Session, data: bytes, header: dict[str, object]) -> None:
    mine.answer(opening())
    with pytest.raises(RefusedError):
        mine.answer(protocol.Message(header, data))
    mine.close()


@pytest.mark.parametrize(
    "other",
    [
        {"object": "empty"},
        {"object": "../bpf/watch"},
        {"programs": ["call_begins", "begin", "finish"]},
        {"programs": [*command.FOLLOWS, "begin", "finish", "function_begins"]},
        {"settings": [1, 1, 24, 0]},
        {"settings": [1, 1, 100_000, 0, 0]},
        {"constants": {".rodata": "00"}},
        {"constants": {".rodata.locks": "00"}},
        {"pids": []},
        {"pids": [[1, 1]]},
        {"pids": [[True, 1]]},
        {"pids": [[-1, 1]]},
    ],
)
def test_what_may_not_be_opened(mine: session.Session, other: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        mine.answer(opening(**other))  # type: ignore[arg-type]
    assert not mine._admitted


def test_another_start_is_another_process() -> None:
    admit(ME, Policy(), os.getpid(), started(os.getpid())).close()
    with pytest.raises(RefusedError, match="taken its number"):
        admit(ME, Policy(), os.getpid(), started(os.getpid()) - 1)


def test_a_number_that_is_used_again_is_not_the_process_that_was_held() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    held = admit(ME, Policy(), child.pid, started(child.pid))
    child.communicate(b"\n")
    with pytest.raises(RefusedError, match="no process"):
        held.must_live()
    held.close()


def test_a_strangers_process_is_refused_whatever_it_is() -> None:
    stranger = Peer(os.getpid(), STRANGER, STRANGER)
    for pid in (1, os.getpid()):
        with pytest.raises(RefusedError, match="not yours to measure"):
            admit(stranger, Policy(), pid, started(pid))


def test_the_policy_says_who() -> None:
    told = policy.parse({"allow": [1000], "others": {"1001": [1000], "1002": ["*"]}, "seconds": 60})
    assert told.may_connect(1000) and not told.may_connect(1001) and told.may_connect(0)
    assert told.may_measure(1001, 1000) and not told.may_measure(1001, 0) and not told.may_measure(1000, 1001)
    assert told.may_measure_all(1002) and not told.may_measure_all(1001)
    assert policy.parse({"allow": ["*"]}).may_connect(4242)
    assert not policy.parse({}).may_connect(1000)
    assert not policy.parse({"allow": ["*"]}).may_run_programs(1000), "off unless it is said"
    assert policy.parse({"programs": [1000]}).may_run_programs(1000)


@pytest.mark.parametrize(
    "told", [{"alow": []}, {"allow": "anna"}, {"allow": [True]}, {"allow": ["no such user"]}, {"total": 0},
             {"each": "9"}, {"others": []}, {"seconds": 1e3}, {"programs": True}],
)  # fmt: skip
def test_a_policy_that_is_wrong_is_none(told: dict[str, object]) -> None:
    with pytest.raises(PolicyError):
        policy.parse(told)


def test_a_policy_that_others_may_write_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "helper.toml"
    file.write_text("allow = []\n")
    file.chmod(0o644)
    assert policy.read(str(file)).allow == frozenset()
    assert policy.read(str(file)).programs_folder == str(tmp_path / "programs")
    file.chmod(0o666)
    with pytest.raises(PolicyError, match="nobody else may write"):
        policy.read(str(file))


@pytest.mark.parametrize(
    "packet", [b"", b"\n", b"{}", b"[]\n", b"{\n", b"{" + b" " * 9000 + b"}\n", nested(3900), long_number(5000),
               b'{"ask":"\xff"}\n', b'{"ask":NaN\n']
)  # fmt: skip
def test_what_is_no_message(packet: bytes) -> None:
    with pytest.raises(protocol.MalformedError):
        protocol.unpack(packet)


def test_long_answers_come_in_parts_and_descriptors_that_nobody_asked_for_are_closed() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        data, parts, more = os.urandom(150_000), [], True
        protocol.send(theirs, {"n": 1}, data)
        while more:
            message = protocol.receive(ours)
            assert message is not None
            parts.append(message.data)
            more = bool(message.header.get("more"))
        assert b"".join(parts) == data and message.header == {"n": 1}
        before = len(os.listdir("/proc/self/fd"))
        for packet in (b"no message", b"x" * (protocol.PACKET + 1)):
            socket.send_fds(theirs, [packet], [0, 1])
            with pytest.raises(protocol.MalformedError):
                protocol.receive(ours)
        assert len(os.listdir("/proc/self/fd")) == before


def test_only_the_beginnings_of_functions_are_told(tmp_path: Path) -> None:
    words = Path("/proc/self/maps").read_text().split()
    library = next(word for word in words if "/libc.so" in word or "/libc-" in word or "musl" in word)
    with open(library, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = function_starts(file.fileno(), size)
        assert len(found) > 1000 and all(0 < offset < size for offset in found)
        assert sum(offset + 1 in found for offset in found) < len(found) / 100
        torn = bytearray(file.read())
    for cut in (10, 64, 4000, len(torn) // 2):
        (tmp_path / "torn").write_bytes(torn[:cut])
        with open(tmp_path / "torn", "rb") as broken:
            assert function_starts(broken.fileno(), cut) == set()
    struct.pack_into("<Q", torn, 40, 1 << 63)
    (tmp_path / "torn").write_bytes(torn)
    with open(tmp_path / "torn", "rb") as broken:
        assert function_starts(broken.fileno(), len(torn)) == set()


def test_some_thousand_requests_of_a_stranger() -> None:
    before = len(os.listdir("/proc/self/fd"))
    fuzz = Fuzz(seed=7)
    fuzz.run(1500)
    assert fuzz.refused > 400 and fuzz.malformed > 100
    assert len(os.listdir("/proc/self/fd")) == before


def test_some_thousand_requests_of_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Policy, "may_measure_all", lambda _self, _uid: False)
    before = len(os.listdir("/proc/self/fd"))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    fuzz = Fuzz(seed=8, uid=os.getuid(), own=[(child.pid, started(child.pid))])
    monkeypatch.setattr(Policy, "may_measure", lambda _self, _uid, _owner: True)
    try:
        with pytest.MonkeyPatch.context() as only:
            judge = session.admit

            def of_ours(peer: Peer, known: Policy, pid: int, start: int) -> object:
                if pid != child.pid:  # (as root everything would be ours)
                    raise RefusedError("not yours", "not yours")
                return judge(peer, known, pid, start)

            only.setattr(session, "admit", of_ours)
            fuzz.run(2000)
    finally:
        child.communicate(b"\n")
    assert fuzz.answered > 100 and fuzz.refused > 150
    assert len(os.listdir("/proc/self/fd")) == before
