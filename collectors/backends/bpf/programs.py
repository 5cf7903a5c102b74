"""What the engine and its parts do with a loaded object and its tables, whoever holds them.

``libbpf.Object`` holds them in this process, ``remote.RemoteObject`` asks the privileged helper, which does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ctypes import Array, c_char

    from perfdoctor.collectors.host.base import Host


class Table(Protocol):
    """One BPF map. Keys and values are bytes, in the layout of the C program."""

    def put(self, key: bytes, value: bytes) -> None: ...

    def get(self, key: bytes, size: int | None = None) -> bytes | None:
        """The value of a key (``size``: of all CPUs together, for a per-CPU map), None where there is none."""
        ...

    def write(self, at: int, data: bytes | memoryview) -> None:
        """Into the memory of an array that can be mapped, from byte ``at`` on."""
        ...

    def items(self) -> Iterator[tuple[bytes, bytes]]: ...

    def close(self) -> None: ...


class Programs(Protocol):
    """See ``libbpf.Object``."""

    def keep_only(self, names: set[str]) -> None: ...

    def initial_section(self, name: str) -> Array[c_char]: ...

    def peek(self, section: str, size: int) -> bytes: ...

    def poke(self, section: str, at: int, data: bytes) -> None: ...

    def load(self, processes: Sequence[tuple[int, int]]) -> None:
        """``processes``: those of the target, each with its start in clock ticks since boot."""
        ...

    def map(self, name: str, key_size: int, value_size: int) -> Table: ...

    def attach_all(self, names: Sequence[str], *, hz: int = 0) -> None: ...

    def probe_at_once(self, names: Iterable[str]) -> None: ...

    def attach_uprobes(
        self, name: str, path: str, places: Sequence[tuple[int, int]], *, pid: int, returns: bool = False
    ) -> None: ...

    def run_iterator(self, name: str) -> None: ...

    def kernel_stack(self, key: int) -> list[int | str]:
        """The kernel's frames of a stack, innermost first: addresses, or names where addresses are not ours to know."""
        ...

    def listen(self, hear: Callable[[bytes], object]) -> None: ...

    @property
    def ring_fd(self) -> int: ...

    def consume(self) -> int: ...

    def missed(self, name: str) -> int: ...

    def detach(self) -> None: ...

    def close(self) -> None: ...


def open_programs(host: Host, file: Path) -> Programs:
    """Open an object of ours: here, or through the helper where the host has one. OSError."""
    if host.helper is not None:
        from perfdoctor.collectors.backends.bpf.remote import RemoteObject

        return RemoteObject(host, host.helper, file.name.partition(".")[0])
    from perfdoctor.collectors.backends.bpf.libbpf import Object

    return Object(file)
