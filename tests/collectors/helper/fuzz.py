"""Makes requests of the helper: right ones, right ones with something changed, and bytes. Says what must never happen.

``bench/fuzz_helper.py`` runs it a million times, the tests a few thousand.
"""

import json
import os
import random
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from perfdoctor.collectors.backends.bpf import command
from perfdoctor.collectors.helper import custom, protocol, session
from perfdoctor.collectors.helper.admission import Peer
from perfdoctor.collectors.helper.policy import Policy
from perfdoctor.collectors.helper.refusal import RefusedError
from perfdoctor.collectors.helper.slots import Slots

STRANGER = 61_234
"""a user who has no process: everything that this one asks for is somebody else's"""
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 127, 1 << 31, (1 << 31) - 1, 1 << 62, 1 << 64, 10**30, 1.5, float("inf"), "",
    "..", "/", "/etc/shadow", "/proc/1/mem", "a" * 5000, "wanted", ".rodata", "\0", "\ud800", [], [[]], {}, {"a": []},
    "kernel_stacks", "pendings", "begin", [1, 1], [[1, 1]], [[os.getpid(), 1]],
)  # fmt: skip


class Table:
    """A BPF map that is none. What is written must fit."""

    key_size, value_size, extent = 4, 8, 4096

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, key: bytes, value: bytes) -> None:
        assert len(key) == 4 and len(value) == 8

    def write(self, at: int, data: bytes) -> None:
        assert at >= 0 and at + len(data) <= self.extent

    def get(self, key: bytes) -> bytes | None:
        assert len(key) == 4
        return bytes(8)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        yield bytes(4), bytes(8)

    def close(self) -> None:
        """Nothing is held."""


class Programs:
    """An object that is none: it holds what reaches it against the closed list."""

    ring_fd = 0

    def __init__(self, path: Path) -> None:
        self.name = path.name.removesuffix(".bpf.o")
        assert path.parent == Path(command.__file__).parent and self.name in command.OBJECTS
        self.reach = command.OBJECTS[self.name]
        self.sections: dict[str, Any] = {}
        self.followed: list[int] = []
        self.attached: list[str] = []

    def probe_at_once(self, names: Iterable[str]) -> None:
        assert set(names) <= self.reach.probes.keys()

    def keep_only(self, names: set[str]) -> None:
        assert names <= self.reach.loadable and set(command.FOLLOWS) <= names

    def initial_section(self, name: str) -> bytearray:
        assert name == ".rodata" or name in self.reach.constants
        return self.sections.setdefault(name, bytearray(64))  # type: ignore[no-any-return]

    def load(self, processes: Sequence[tuple[int, int]]) -> None:
        self.followed = [pid for pid, _ in processes]
        settings = struct.unpack_from("<8I", self.sections[".rodata"])
        assert settings[0] == os.stat("/proc/self/ns/pid").st_ino
        assert settings[6] == 1, "who is no administrator is confined"

    def listen(self, _hear: Callable[[bytes], object]) -> None:
        """Nothing is heard."""

    def shape(self, name: str) -> tuple[int, int, int]:
        assert name in self.reach.readable | self.reach.writable
        return 4, 8, 1

    def map(self, name: str, _key: int, _value: int) -> Table:
        assert name in self.reach.readable | self.reach.writable | {"kernel_stacks"}
        return Table(name)

    def has_section(self, name: str) -> bool:
        return name in command.SECTIONS

    def peek(self, name: str, size: int) -> bytes:
        assert command.SECTIONS[name] == size
        return bytes(size)

    def poke(self, name: str, at: int, data: bytes) -> None:
        assert name == ".data" and at + len(data) <= command.SECTIONS[name]

    def attach(self, name: str) -> None:
        assert name in self.reach.attachable
        self.attached.append(name)

    def attach_clock(self, name: str, hz: int) -> None:
        assert name == "sample" and 0 < hz < 1000

    def attach_uprobes(self, name: str, path: str, places: list[tuple[int, int]], *, pid: int, returns: bool) -> None:
        assert self.reach.probes[name] == returns and path.startswith("/proc/self/fd/") and pid in self.followed

    def run_iterator(self, name: str) -> None:
        assert name in self.reach.iterable
        assert name != "begin" or set(command.FOLLOWS) <= set(self.attached)

    def consume(self) -> int:
        return 0

    def missed(self, name: str) -> int:
        assert name in self.reach.loadable
        return 0

    def detach(self) -> None:
        """Nothing is attached."""

    def close(self) -> None:
        """Nothing is held."""


PROGRAM = "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }"


class Bpftrace:
    """One that runs nothing: it looks at what it would have run."""

    errors, code = "", 0

    def __init__(self, text: str, _environment: dict[str, str]) -> None:
        assert text.count("raw_syscalls:sys_enter /") == 1 and "{\n@ [ args -> id ] = count (  ) ;\n}" in text
        assert text.count("real_cred -> euid . val == ") == text.count("@perfdoctor_tree [ pid ] &&") + 1

    def take(self) -> tuple[bytes, bool]:
        return b"{}\n", False

    def interrupt(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing runs."""


class Fuzz:
    """Sessions of ``uid``, whose own processes are ``own`` (pid, start): no request may reach any other."""

    def __init__(self, seed: int, uid: int = STRANGER, own: Sequence[tuple[int, int]] = ()) -> None:
        self.random = random.Random(seed)
        self.uid, self.own = uid, tuple(own)
        self.answered = self.refused = self.malformed = 0

    def run(self, inputs: int) -> None:
        """AssertionError, or whatever a request broke."""
        with (
            patch.object(session, "Object", Programs),
            patch.object(custom, "Bpftrace", Bpftrace),
            TemporaryDirectory() as folder,
        ):
            Path(folder, "calls.bt").write_text(PROGRAM)
            policy, slots = Policy(allow=None, programs=None, programs_folder=folder), Slots()
            done = 0
            while done < inputs:
                one = session.Session(Peer(1, self.uid, self.uid), policy, slots)
                try:
                    for packet in self.packets(min(40, inputs - done)):
                        done += 1
                        self._feed(one, packet)
                    assert set(one._admitted) <= {pid for pid, _ in self.own}
                finally:
                    one.close()
            slots.close()

    def _feed(self, one: session.Session, packet: bytes) -> None:
        try:
            message = protocol.unpack(packet)
        except protocol.MalformedError:
            self.malformed += 1
            return
        try:
            _, _, descriptors = one.answer(message)
        except RefusedError:
            self.refused += 1
            return
        except OSError:
            self.refused += 1
            return
        self.answered += 1
        if message.header["ask"] == "memory":
            assert [message.header["pid"], message.header["started"]] in [list(own) for own in self.own]
            for fd in descriptors:
                os.close(fd)

    def packets(self, count: int) -> Iterator[bytes]:
        """Of one connection: it often begins well, so that what comes later is reached."""
        for i in range(count):
            kind = self.random.random()
            if kind < 0.15:
                yield self.random.randbytes(self.random.randrange(0, 200))
                continue
            header, data = self._right(first=i == 0)
            if kind < 0.75 and not (i == 0 and kind < 0.55):
                header, data = self._changed(header), self._bytes(data)
            try:
                packet = protocol.pack(header, data)
            except (ValueError, UnicodeError, TypeError):
                continue
            yield self._torn(packet) if kind > 0.93 else packet

    def _process(self) -> list[int]:
        if self.own and self.random.random() < 0.7:
            return list(self.random.choice(self.own))
        return [self.random.choice([1, 2, os.getpid(), os.getppid(), self.random.randrange(1, 1 << 22)]), 100]

    def _right(self, *, first: bool) -> tuple[dict[str, Any], bytes]:
        pick = self.random.choice
        name = pick(list(command.OBJECTS))
        reach = command.OBJECTS[name]
        pid, started = self._process()
        loadable = sorted(reach.loadable)
        requests: list[tuple[dict[str, Any], bytes]] = [
            ({"ask": "hello"}, b""),
            ({"ask": "programs"}, b""),
            ({"ask": "output"}, b""),
            ({"ask": "interrupt"}, b""),
            ({"ask": "put", "map": pick(sorted(reach.writable))}, bytes(12 * self.random.randrange(1, 4))),
            ({"ask": "write", "map": "unwind_rows", "at": self.random.randrange(4096)}, bytes(8)),
            ({"ask": "get", "map": pick(sorted(reach.readable))}, bytes(4)),
            ({"ask": "read", "map": pick(sorted(reach.readable))}, b""),
            ({"ask": "peek", "section": pick(list(command.SECTIONS))}, b""),
            ({"ask": "poke", "at": self.random.randrange(24)}, bytes(4)),
            ({"ask": "attach", "programs": list(reach.attachable), "hz": pick([0, 99])}, b""),
            ({"ask": "iterate", "program": pick(sorted(reach.iterable))}, b""),
            ({"ask": "take"}, b""),
            ({"ask": "missed", "program": pick(loadable)}, b""),
            ({"ask": "detach"}, b""),
            ({"ask": "kernel", "stack": self.random.randrange(5000)}, b""),
            ({"ask": "memory", "pid": pid, "started": started}, b""),
            (
                {
                    "ask": "probe",
                    "program": pick([*reach.probes, "function_begins"]),
                    "path": pick(["/usr/bin/true", f"/proc/{pid}/exe", "/etc/shadow"]),
                    "pid": pid,
                    "started": started,
                },
                struct.pack("<QQ", self.random.randrange(1 << 20), 1),
            ),
        ]
        opening = {
            "ask": "open",
            "object": name,
            "programs": loadable,
            "settings": [1, 1, 24, 0, 0],
            "constants": {section: "00" * size for section, size in reach.constants.items()},
            "pids": [self._process() for _ in range(self.random.randrange(1, 4))],
        }
        running = {
            "ask": "run",
            "program": pick(["calls", "calls", "none", "../calls", "calls.bt", PROGRAM, "/etc/shadow"]),
            "children": pick([0, 1]),
            "pids": opening["pids"],
        }
        windows: list[tuple[dict[str, Any], bytes]] = [(opening, b""), (running, b"")]
        return pick(windows) if first else pick([*requests, *windows])

    def _changed(self, header: dict[str, Any]) -> dict[str, Any]:
        changed = dict(header)
        for _ in range(self.random.randrange(1, 3)):
            field = self.random.choice([*changed, "more"])
            how = self.random.random()
            if how < 0.5:
                changed[field] = self.random.choice(_ODD)
            elif how < 0.7:
                changed.pop(field, None)
            elif isinstance(changed.get(field), list) and changed[field]:
                items = list(changed[field])
                items[self.random.randrange(len(items))] = self.random.choice(_ODD)
                changed[field] = items
            else:
                changed[str(self.random.choice(_ODD))] = self.random.choice(_ODD)
        return changed

    def _bytes(self, data: bytes) -> bytes:
        how = self.random.random()
        return data if how < 0.5 else data[: len(data) // 2] if how < 0.75 else data + self.random.randbytes(7)

    def _torn(self, packet: bytes) -> bytes:
        torn = bytearray(packet)
        for _ in range(self.random.randrange(1, 4)):
            if torn:
                torn[self.random.randrange(len(torn))] = self.random.randrange(256)
        return bytes(torn[: self.random.randrange(1, len(torn) + 1)])


def nested(depth: int) -> bytes:
    return b'{"ask":' + b"[" * depth + b"]" * depth + b"}\n"


def long_number(digits: int) -> bytes:
    return json.dumps({"ask": "hello"}).encode()[:-1] + b',"n":' + b"9" * digits + b"}\n"
