"""The part of the system's libbpf that the engine needs, through ctypes.

libbpf does the hard work (CO-RE relocation, BTF, map creation, attachment); it is present wherever iproute2 or
bpftool is. Only functions that exist since libbpf 0.8 are used. Every failure is an OSError with the kernel's errno;
what libbpf and the verifier said is in ``last_words``.
"""

import contextlib
import ctypes
import ctypes.util
import mmap
import os
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from perfdoctor.collectors.backends.bpf import uprobe_multi

RECORD_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_PRINT_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_BATCH = 1024
KERNEL_FRAMES = 32
STOP = object()
"""what a listener says that wants no more records now"""
_DETACHERS = 32
"""threads that take uprobes away"""


class LibraryMissingError(OSError):
    """No libbpf.so on this machine."""


class Library:
    """libbpf.so, with the types of its functions declared. One per process: ``library()``."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._c = self._open()
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for name, result, arguments in (
            ("bpf_object__open_mem", pointer, [pointer, ctypes.c_size_t, pointer]),
            ("bpf_object__load", number, [pointer]),
            ("bpf_object__close", None, [pointer]),
            ("bpf_object__find_map_by_name", pointer, [pointer, text]),
            ("bpf_object__find_program_by_name", pointer, [pointer, text]),
            ("bpf_object__next_program", pointer, [pointer, pointer]),
            ("bpf_object__next_map", pointer, [pointer, pointer]),
            ("bpf_program__name", text, [pointer]),
            ("bpf_program__fd", number, [pointer]),
            ("bpf_program__set_autoload", number, [pointer, ctypes.c_bool]),
            ("bpf_program__set_expected_attach_type", number, [pointer, number]),
            ("bpf_program__attach", pointer, [pointer]),
            ("bpf_program__attach_perf_event", pointer, [pointer, number]),
            ("bpf_program__attach_iter", pointer, [pointer, pointer]),
            ("bpf_program__attach_uprobe_opts", pointer, [pointer, number, text, ctypes.c_size_t, pointer]),
            ("bpf_link__destroy", number, [pointer]),
            ("bpf_link__fd", number, [pointer]),
            ("bpf_iter_create", number, [number]),
            ("bpf_map__name", text, [pointer]),
            ("bpf_map__fd", number, [pointer]),
            ("bpf_map__type", number, [pointer]),
            ("bpf_map__key_size", ctypes.c_uint32, [pointer]),
            ("bpf_map__value_size", ctypes.c_uint32, [pointer]),
            ("bpf_map__max_entries", ctypes.c_uint32, [pointer]),
            ("bpf_map__initial_value", pointer, [pointer, ctypes.POINTER(ctypes.c_size_t)]),
            ("bpf_map_lookup_elem", number, [number, pointer, pointer]),
            ("bpf_map_update_elem", number, [number, pointer, pointer, ctypes.c_uint64]),
            ("bpf_map_lookup_batch", number, [number, *[pointer] * 5, pointer]),
            ("ring_buffer__new", pointer, [number, RECORD_CALLBACK, pointer, pointer]),
            ("ring_buffer__consume", number, [pointer]),
            ("ring_buffer__free", None, [pointer]),
            ("ring_buffer__epoll_fd", number, [pointer]),
        ):
            function = getattr(self._c, name)
            function.restype, function.argtypes = result, arguments
        # libbpf writes the verifier's log to standard error unless it is told where to put it. The message is a
        # printf format and a va_list; vsnprintf joins them.
        vsnprintf = ctypes.CDLL(None).vsnprintf
        vsnprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, pointer]

        def say(level: int, message: bytes, arguments: int) -> int:
            if level <= 0 and len(self.words) < 64:
                buffer = ctypes.create_string_buffer(8192)
                vsnprintf(buffer, len(buffer), message, arguments)
                self.words.append(buffer.value.decode("utf-8", "replace").strip())
            return 0

        self._say = _PRINT_CALLBACK(say)
        self._c.libbpf_set_print(self._say)

    @staticmethod
    def _open() -> ctypes.CDLL:
        for name in ("libbpf.so.1", ctypes.util.find_library("bpf"), "libbpf.so.0"):
            if name:
                with contextlib.suppress(OSError):
                    return ctypes.CDLL(name, use_errno=True)
        raise LibraryMissingError("libbpf.so was not found")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._c, name)

    def last_words(self) -> str:
        """What libbpf said since the last call, its last lines."""
        said, self.words = self.words, []
        return " | ".join(line.replace("\n", " ")[-400:] for line in said[-4:])


_library: Library | None = None


def library() -> Library:
    """The one Library of this process; LibraryMissingError where there is no libbpf."""
    global _library  # noqa: PLW0603 - opened once, on first use
    if _library is None:
        _library = Library()
    return _library


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = -result if result < -1 else ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


class Map:
    """One BPF map. Keys and values are bytes, in the layout of the C program."""

    def __init__(self, lib: Library, handle: int, name: str, key_size: int, value_size: int) -> None:
        self._lib, self.name = lib, name
        self.fd = _checked(lib.bpf_map__fd(handle), f"map {name}")
        self.key_size, self.value_size = key_size, value_size
        self._entries = int(lib.bpf_map__max_entries(handle))
        self._memory: mmap.mmap | None = None

    def put(self, key: bytes, value: bytes) -> None:
        _checked(self._lib.bpf_map_update_elem(self.fd, key, value, 0), f"write map {self.name}")

    def get(self, key: bytes, size: int | None = None) -> bytes | None:
        """The value of a key (``size``: of all CPUs together, for a per-CPU map), None where there is none."""
        value = ctypes.create_string_buffer(size or self.value_size)
        return value.raw if self._lib.bpf_map_lookup_elem(self.fd, key, value) == 0 else None

    @property
    def extent(self) -> int:
        """bytes of an array"""
        return self._entries * self.value_size

    def write(self, at: int, data: bytes | memoryview) -> None:
        """Into the memory of an array that can be mapped, from byte ``at`` on."""
        if self._memory is None:
            self._memory = mmap.mmap(self.fd, self.extent)
        self._memory[at : at + len(data)] = data

    def close(self) -> None:
        """Give back what ``write`` mapped. Idempotent; the map lives as long as its object."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) pairs, read in batches (kernel 5.6 and newer)."""
        keys = ctypes.create_string_buffer(self.key_size * _BATCH)
        values = ctypes.create_string_buffer(self.value_size * _BATCH)
        token, count = ctypes.create_string_buffer(max(8, self.key_size)), ctypes.c_uint32()
        start = None
        while True:
            count.value = _BATCH
            result = self._lib.bpf_map_lookup_batch(self.fd, start, token, keys, values, ctypes.byref(count), None)
            error = ctypes.get_errno() if result else 0
            if error not in (0, 2):  # ENOENT: that was the last batch
                raise OSError(error, f"read map {self.name}: {os.strerror(error)}")
            k, v = keys.raw, values.raw
            for i in range(count.value):
                yield (
                    k[i * self.key_size : (i + 1) * self.key_size],
                    v[i * self.value_size : (i + 1) * self.value_size],
                )
            if error:
                return
            start = token


class Object:
    """A compiled BPF program file: opened, given its constants, loaded, attached, and taken away again."""

    def __init__(self, path: Path) -> None:
        self._lib = library()
        self._image = path.read_bytes()
        self._links: list[int] = []
        self._probe_links: list[int] = []
        self._at_once: set[str] = set()
        self._sections: dict[str, mmap.mmap] = {}
        self._ring = 0
        self._lib.words.clear()
        self._handle = self._lib.bpf_object__open_mem(self._image, len(self._image), None)
        if not self._handle:
            raise OSError(ctypes.get_errno(), f"open {path.name}: {self._lib.last_words()}")

    def programs(self) -> Iterator[str]:
        program = None
        while program := self._lib.bpf_object__next_program(self._handle, program):
            yield self._lib.bpf_program__name(program).decode()

    def keep_only(self, names: set[str]) -> None:
        """Load only these programs: each one more costs the verifier milliseconds."""
        for name in list(self.programs()):
            self._lib.bpf_program__set_autoload(self.program(name), name in names)

    def initial_section(self, name: str) -> ctypes.Array[ctypes.c_char]:
        """What ``.rodata`` or ``.data`` will hold: to be changed before loading."""
        size = ctypes.c_size_t()
        address = self._lib.bpf_map__initial_value(self._section(name), ctypes.byref(size))
        return (ctypes.c_char * size.value).from_address(address)

    def peek(self, section: str, size: int) -> bytes:
        """The first ``size`` bytes of ``.data`` or another section that the loaded programs read and write."""
        return self._live(section)[:size]

    def poke(self, section: str, at: int, data: bytes) -> None:
        """Write into such a section."""
        self._live(section)[at : at + len(data)] = data

    def _live(self, section: str) -> mmap.mmap:
        memory = self._sections.get(section)
        if memory is None:
            handle = self._section(section)
            fd = _checked(self._lib.bpf_map__fd(handle), section)
            memory = self._sections[section] = mmap.mmap(fd, self._lib.bpf_map__value_size(handle))
        return memory

    def _section(self, name: str) -> int:
        handle: int = 0
        while handle := self._lib.bpf_object__next_map(self._handle, handle or None):
            if self._lib.bpf_map__name(handle).decode().endswith(name):
                return int(handle)
        raise OSError(2, f"the program has no section {name}")

    def load(self, processes: Sequence[tuple[int, int]] = ()) -> None:
        """``processes``: whom the programs are to follow, each with its start in clock ticks."""
        if self._lib.bpf_object__load(self._handle) < 0:
            raise OSError(ctypes.get_errno(), f"load: {self._lib.last_words()}")
        for pid, _ in processes:
            self.map("wanted", 4, 4).put(pid.to_bytes(4, "little"), bytes(4))

    def map(self, name: str, key_size: int, value_size: int) -> Map:
        handle = self._lib.bpf_object__find_map_by_name(self._handle, name.encode())
        return Map(self._lib, handle, name, key_size, value_size)

    def shape(self, name: str) -> tuple[int, int, int]:
        """Of a map: bytes of a key, bytes of a value, and its type (enum bpf_map_type). OSError when there is none."""
        handle = self._lib.bpf_object__find_map_by_name(self._handle, name.encode())
        if not handle:
            raise OSError(2, f"the program has no map {name}")
        lib = self._lib
        return lib.bpf_map__key_size(handle), lib.bpf_map__value_size(handle), lib.bpf_map__type(handle)

    def has_section(self, name: str) -> bool:
        with contextlib.suppress(OSError):
            return bool(self._section(name))
        return False

    def attach_all(self, names: Sequence[str], *, hz: int = 0) -> None:
        """Attach programs for tracepoints, one after the other, and (``hz`` above 0) ``sample`` to the clock of every
        CPU."""
        for name in names:
            self.attach(name)
        if hz:
            self.attach_clock("sample", hz)

    def attach(self, name: str) -> None:
        self._keep(self._lib.bpf_program__attach(self.program(name)), name)

    def attach_clock(self, name: str, hz: int) -> None:
        """Run a program ``hz`` times a second on every CPU that is online."""
        for cpu in online_cpus():
            fd = open_cpu_clock(cpu, hz)
            try:  # libbpf owns the descriptor only when this succeeds
                self._keep(self._lib.bpf_program__attach_perf_event(self.program(name), fd), name)
            except OSError:
                os.close(fd)
                raise

    def attach_uprobe(
        self, name: str, path: str, offset: int, *, pid: int = -1, returns: bool = False, cookie: int = 0
    ) -> None:
        """Attach to the instruction at ``offset`` of the file ``path``, or to the function's returns. Only ``pid`` (and
        its threads) traps then; -1: every process that has mapped the file. The program reads ``cookie`` by
        bpf_get_attach_cookie."""
        options = struct.pack("<QQQB7xQ", 40, 0, cookie, returns, 0)  # struct bpf_uprobe_opts of libbpf 0.8
        handle = self.program(name)
        link = self._lib.bpf_program__attach_uprobe_opts(handle, pid, os.fsencode(path), offset, options)
        self._keep(link, f"{name} at {path}+{offset:#x}")

    def probe_at_once(self, names: Iterable[str]) -> None:
        """Before loading: these programs are only given to ``attach_uprobes``."""
        if uprobe_multi.supported():
            self._at_once |= set(names)
            for name in names:
                self._lib.bpf_program__set_expected_attach_type(self.program(name), uprobe_multi.ATTACH_TYPE)

    def attach_uprobes(
        self, name: str, path: str, places: Sequence[tuple[int, int]], *, pid: int, returns: bool = False
    ) -> None:
        """``attach_uprobe`` at each of the ``places`` (offset, cookie) of a file, at once where the kernel can."""
        if name not in self._at_once:
            for offset, cookie in places:
                self.attach_uprobe(name, path, offset, pid=pid, returns=returns, cookie=cookie)
            return
        program = self._lib.bpf_program__fd(self.program(name))
        try:
            self._probe_links.append(uprobe_multi.attach(program, path, places, pid=pid, returns=returns))
        except OSError as error:
            raise OSError(error.errno, f"attach {name} at {path}: {error.strerror}") from error

    def run_iterator(self, name: str) -> None:
        """Run an iterator program once over all tasks."""
        link = self._lib.bpf_program__attach_iter(self.program(name), None)
        if not link:
            raise OSError(ctypes.get_errno(), f"attach {name}: {self._lib.last_words()}")
        try:
            fd = _checked(self._lib.bpf_iter_create(self._lib.bpf_link__fd(link)), f"iterate {name}")
            try:
                while os.read(fd, 4096):
                    pass
            finally:
                os.close(fd)
        finally:
            self._lib.bpf_link__destroy(link)

    def kernel_stack(self, key: int) -> list[int | str]:
        """The addresses of a kernel stack, innermost first."""
        raw = self.map("kernel_stacks", 4, 8 * KERNEL_FRAMES).get(key.to_bytes(4, "little")) or b""
        addresses = [int.from_bytes(raw[i : i + 8], "little") for i in range(0, len(raw), 8)]
        return [address for address in addresses if address]

    def listen(self, hear: Callable[[bytes], object]) -> None:
        """Give every record of the ring buffer to ``hear``, whenever ``consume`` is called, until it says STOP."""
        ring = self.map("records", 0, 0)

        def deliver(_context: int, data: int, size: int) -> int:
            return -1 if hear(ctypes.string_at(data, size)) is STOP else 0

        self._deliver = RECORD_CALLBACK(deliver)
        self._ring = self._lib.ring_buffer__new(ring.fd, self._deliver, None, None)
        if not self._ring:
            raise OSError(ctypes.get_errno(), f"ring buffer: {self._lib.last_words()}")

    @property
    def ring_fd(self) -> int:
        """Becomes readable when a record waits that should be taken soon."""
        return int(self._lib.ring_buffer__epoll_fd(self._ring))

    def consume(self) -> int:
        """Deliver what is waiting; how many records that was, -1 when it was told to stop."""
        result = int(self._lib.ring_buffer__consume(self._ring))
        return result if result == -1 else _checked(result, "read the ring buffer")

    def missed(self, name: str) -> int:
        """How often the kernel did not run a program because that CPU was running it already (Linux 5.12 and newer)."""
        fd = self._lib.bpf_program__fd(self.program(name))
        if fd < 0:
            return 0
        # recursion_misses:	0
        told = Path(f"/proc/self/fdinfo/{fd}").read_text().partition("recursion_misses:")[2].split()
        return int(told[0]) if told else 0

    def detach(self) -> None:
        # (A probe's end waits for all CPUs to have passed by: several processes' wait together.)
        links, self._probe_links = self._probe_links, []
        if links:
            with ThreadPoolExecutor(min(len(links), _DETACHERS)) as threads:
                list(threads.map(os.close, links))
        while self._links:
            self._lib.bpf_link__destroy(self._links.pop())

    def close(self) -> None:
        """Detach and free everything. Idempotent."""
        self.detach()
        for memory in self._sections.values():
            memory.close()
        self._sections.clear()
        if self._ring:
            self._lib.ring_buffer__free(self._ring)
            self._ring = 0
        if self._handle:
            self._lib.bpf_object__close(self._handle)
            self._handle = 0

    def program(self, name: str) -> int:
        """libbpf's handle of a program."""
        handle: int = self._lib.bpf_object__find_program_by_name(self._handle, name.encode())
        return handle

    def _keep(self, link: int, name: str) -> None:
        if not link:
            raise OSError(ctypes.get_errno(), f"attach {name}: {self._lib.last_words()}")
        self._links.append(link)


def _cpu_list(name: str) -> list[int]:
    text = Path(f"/sys/devices/system/cpu/{name}").read_text()
    # 0-3,8
    ranges = re.findall(r"(\d+)(?:-(\d+))?", text)
    return [cpu for low, high in ranges for cpu in range(int(low), int(high or low) + 1)]


def online_cpus() -> list[int]:
    return _cpu_list("online")


def possible_cpus() -> int:
    """How many values a per-CPU map has for one key."""
    return len(_cpu_list("possible"))


_PERF_SYSCALL = {"x86_64": 298, "aarch64": 241}
_ATTR_SIZE = 128


def open_cpu_clock(cpu: int, hz: int) -> int:
    """A perf event that ticks ``hz`` times a second on one CPU, from the kernel's own clock (perf_event_open(2):
    type software, config cpu-clock, frequency mode). It needs no hardware counter. Returns its descriptor."""
    attr = bytearray(_ATTR_SIZE)
    frequency_mode = 1 << 10
    struct.pack_into("<IIQQQQQ", attr, 0, 1, _ATTR_SIZE, 0, hz, 0, 0, frequency_mode)
    return open_perf_event(bytes(attr), cpu)


def open_perf_event(attr: bytes, cpu: int) -> int:
    """The descriptor of a perf event of all processes on one CPU. ``attr`` is a struct perf_event_attr."""
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    buffer = ctypes.create_string_buffer(attr, len(attr))
    flag_cloexec = 8
    fd: int = syscall(_PERF_SYSCALL[os.uname().machine], buffer, -1, cpu, -1, ctypes.c_ulong(flag_cloexec))
    return _checked(fd, "perf_event_open")
