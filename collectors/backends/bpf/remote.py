"""The engine's programs in the hands of the privileged helper: each call is a request to it.

What is written to tables waits until the next request that is not a write: a window begins with thousands of them.
"""

import ctypes
import os
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from perfdoctor.collectors.backends.bpf import command, decode
from perfdoctor.collectors.backends.proc import stat
from perfdoctor.collectors.host.base import Channel, Helper, Host

_ROOM = 48 << 10
"""bytes of data in one request; see helper/protocol.py"""
_CONSTANTS = 64
_TICKS = os.sysconf("SC_CLK_TCK")


def start_ticks(seconds: float) -> int:
    """When a process started, as the kernel counts it."""
    return round(seconds * _TICKS)


class RemoteTable:
    """See ``programs.Table``."""

    def __init__(self, made: "RemoteObject", name: str, key_size: int, value_size: int) -> None:
        self._made, self.name, self.key_size, self.value_size = made, name, key_size, value_size

    def put(self, key: bytes, value: bytes) -> None:
        self._made.put(self.name, key + value)

    def get(self, key: bytes, size: int | None = None) -> bytes | None:
        header, data = self._made.ask({"ask": "get", "map": self.name}, key)
        return data if header.get("found") else None

    def write(self, at: int, data: bytes | memoryview) -> None:
        for begin in range(0, len(data), _ROOM):
            part = bytes(data[begin : begin + _ROOM])
            self._made.ask({"ask": "write", "map": self.name, "at": at + begin}, part)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        _, data = self._made.ask({"ask": "read", "map": self.name})
        size = self.key_size + self.value_size
        for at in range(0, len(data), size):
            yield data[at : at + self.key_size], data[at + self.key_size : at + size]

    def close(self) -> None:
        """Nothing of it is here."""


class RemoteObject:
    """See ``programs.Programs``. May be used from several threads."""

    def __init__(self, host: Host, helper: Helper, name: str) -> None:
        self._host, self._name = host, name
        self._channel: Channel | None = helper.connect()
        self._started: dict[int, int] = {}
        self._programs: set[str] = set()
        self._sections: dict[str, ctypes.Array[ctypes.c_char]] = {}
        self._waiting: list[tuple[str, bytearray]] = []
        self._lock = threading.RLock()
        self._hear: Callable[[bytes], object] = lambda _: None
        self._ring = -1
        self.left_out: list[int] = []
        """processes of the target that the helper does not measure: they are not its user's alone"""

    def ask(self, header: dict[str, Any], data: bytes = b"") -> tuple[dict[str, Any], bytes]:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for name, rows in waiting:
                self._through({"ask": "put", "map": name}, bytes(rows))
            return self._through(header, data)

    def _through(self, header: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        if self._channel is None:
            raise OSError(9, "the window is closed")
        told, answer, descriptors = self._channel.ask(header, data)
        for fd in descriptors:
            if header["ask"] == "open" and self._ring < 0:
                self._ring = fd
            else:
                os.close(fd)
        return told, answer

    def put(self, name: str, row: bytes) -> None:
        with self._lock:
            if not self._waiting or self._waiting[-1][0] != name or len(self._waiting[-1][1]) + len(row) > _ROOM:
                self._waiting.append((name, bytearray()))
            self._waiting[-1][1].extend(row)

    # -- before loading --------------------------------------------------------------------------------------------

    def keep_only(self, names: set[str]) -> None:
        self._programs = set(names)

    def initial_section(self, name: str) -> ctypes.Array[ctypes.c_char]:
        return self._sections.setdefault(name, ctypes.create_string_buffer(_CONSTANTS))

    def probe_at_once(self, names: Iterable[str]) -> None:
        """The helper does, where the kernel can."""

    def load(self, processes: Sequence[tuple[int, int]]) -> None:
        sizes = command.OBJECTS[self._name].constants
        settings = decode.SETTINGS.unpack_from(self.initial_section(".rodata"))
        _, children, stacks, kept, mixed, launched, *_ = settings
        self._started = dict(processes)
        header, _ = self.ask(
            {
                "ask": "open",
                "object": self._name,
                "programs": sorted(self._programs),
                "settings": [children, stacks, kept, mixed, launched],
                "constants": {
                    section: memory.raw[: sizes[section]].hex()
                    for section, memory in self._sections.items()
                    if section in sizes
                },
                "pids": [[pid, started] for pid, started in processes],
            }
        )
        self.left_out = [pid for pid in header.get("left_out", []) if isinstance(pid, int)]

    # -- loaded ----------------------------------------------------------------------------------------------------

    def map(self, name: str, key_size: int, value_size: int) -> RemoteTable:
        return RemoteTable(self, name, key_size, value_size)

    def peek(self, section: str, size: int) -> bytes:
        return self.ask({"ask": "peek", "section": section})[1][:size]

    def poke(self, section: str, at: int, data: bytes) -> None:
        assert section == ".data", section
        self.ask({"ask": "poke", "at": at}, data)

    def attach_all(self, names: Sequence[str], *, hz: int = 0) -> None:
        self.ask({"ask": "attach", "programs": list(names), "hz": hz})

    def attach_uprobes(
        self, name: str, path: str, places: Sequence[tuple[int, int]], *, pid: int, returns: bool = False
    ) -> None:
        data = b"".join(struct.pack("<QQ", offset, cookie) for offset, cookie in places)
        started = self._started.get(pid) or start_ticks(stat.read(self._host, pid).started)
        header = {"ask": "probe", "program": name, "path": path, "pid": pid, "started": started}
        for begin in range(0, len(data), _ROOM):
            self.ask(header, data[begin : begin + _ROOM])

    def run_iterator(self, name: str) -> None:
        self.ask({"ask": "iterate", "program": name})

    def kernel_stack(self, key: int) -> list[int | str]:
        told, _ = self.ask({"ask": "kernel", "stack": key})
        return [name for name in told.get("names", []) if isinstance(name, str)]

    def listen(self, hear: Callable[[bytes], object]) -> None:
        self._hear = hear

    @property
    def ring_fd(self) -> int:
        return self._ring

    def consume(self) -> int:
        count, full = 0, True
        while full:
            told, data = self.ask({"ask": "take"})
            full, at = bool(told.get("full")), 0
            while at + 4 <= len(data):
                size = int.from_bytes(data[at : at + 4], "little")
                self._hear(data[at + 4 : at + 4 + size])
                at += 4 + size
                count += 1
        return count

    def missed(self, name: str) -> int:
        told, _ = self.ask({"ask": "missed", "program": name})
        return int(told.get("missed", 0))

    def detach(self) -> None:
        self.ask({"ask": "detach"})

    def close(self) -> None:
        """The helper ends all of it when the connection does. Idempotent."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None
            if self._ring >= 0:
                os.close(self._ring)
                self._ring = -1
