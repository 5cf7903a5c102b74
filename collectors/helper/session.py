"""One connection: one window of one object of ours, over processes that the peer may measure.

Every request is checked against the closed list in ``backends/bpf/command.py`` before anything is done.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perfdoctor.collectors.backends.bpf import command
from perfdoctor.collectors.backends.bpf.libbpf import STOP, Map, Object, possible_cpus
from perfdoctor.collectors.helper import protocol
from perfdoctor.collectors.helper.admission import Admitted, Peer, admit
from perfdoctor.collectors.helper.custom import Custom
from perfdoctor.collectors.helper.fields import constant, names, number, numbers, only, text
from perfdoctor.collectors.helper.kernel_names import KernelNames
from perfdoctor.collectors.helper.policy import Policy
from perfdoctor.collectors.helper.probed_file import open_probed
from perfdoctor.collectors.helper.refusal import RefusedError, malformed
from perfdoctor.collectors.helper.slots import Slots

_OBJECTS = Path(command.__file__).parent
_SETTINGS = struct.Struct("<8I")
_PER_CPU = frozenset({5, 6})
"""BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY"""
_MOST_PIDS = 1024
_MOST_PROCESSES = 2048
_MOST_PLACES = 4096
_MOST_PROBES = 16384
_MOST_HZ = 999
_NATIVE_FRAMES = 160
_TAKE = 1 << 20
"""bytes of records in one answer"""
_KERNEL_FRAMES = 32

Answer = tuple[dict[str, Any], bytes, tuple[int, ...]]
_DONE: Answer = ({}, b"", ())


class Session:
    """``answer`` one request after the other; ``close`` frees all. RefusedError for what may not be; OSError when the
    system could not."""

    def __init__(self, peer: Peer, policy: Policy, slots: Slots) -> None:
        self._peer, self._policy = peer, policy
        self._custom = Custom(peer, policy, slots)
        self._object: Object | None = None
        self._reach = command.Reach()
        self._maps: dict[str, tuple[Map, bool]] = {}
        self._admitted: dict[int, Admitted] = {}
        self._attached: set[str] = set()
        self._loaded: set[str] = set()
        self._probes = 0
        self._records = bytearray()
        self._kernel = KernelNames()
        self._asked: dict[str, Callable[[dict[str, Any], bytes], Answer]] = {
            "hello": self._hello,
            "open": self._open,
            "put": self._put,
            "write": self._write,
            "get": self._get,
            "read": self._read,
            "peek": self._peek,
            "poke": self._poke,
            "attach": self._attach,
            "probe": self._probe,
            "iterate": self._iterate,
            "take": self._take,
            "missed": self._missed,
            "detach": self._detach,
            "kernel": self._kernel_stack,
            "memory": self._memory,
            "programs": self._custom.programs,
            "run": self._run,
            "output": self._custom.output,
            "interrupt": self._custom.interrupt,
        }

    def answer(self, message: protocol.Message) -> Answer:
        asked = message.header.get("ask")
        do = self._asked.get(asked) if isinstance(asked, str) else None
        if do is None:
            raise malformed("There is no such request.")
        return do(message.header, message.data)

    def close(self) -> None:
        self._custom.close()
        if self._object is not None:
            for table, _ in self._maps.values():
                table.close()
            self._object.close()
            self._object = None
        for process in self._admitted.values():
            process.close()
        self._admitted.clear()

    # -- the object ------------------------------------------------------------------------------------------------

    def _hello(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data)
        return {"version": protocol.VERSION, "seconds": self._policy.seconds}, b"", ()

    def _open(self, told: dict[str, Any], data: bytes) -> Answer:
        """Check the processes, load the object with the constants that were asked for, and with our own."""
        only(told, data, "object", "programs", "settings", "constants", "pids")
        if self._object is not None or self._admitted:
            raise malformed("This connection has its window.")
        name = text(told, "object")
        reach = command.OBJECTS.get(name)
        if reach is None:
            raise malformed("There is no such object.")
        programs = names(told, "programs", reach.loadable)
        if not programs.issuperset({*command.FOLLOWS, command.BEGIN, command.FINISH}):
            raise malformed("What follows processes cannot be left out.")
        settings = numbers(told, "settings", 5)
        children, stacks, kept, mixed, launched = settings
        if not (max(children, stacks, mixed, launched) <= 1 <= kept <= _NATIVE_FRAMES):
            raise malformed("The settings are out of range.")
        constants = told.get("constants")
        if not isinstance(constants, dict) or constants.keys() - reach.constants.keys():
            raise malformed("There are no such constants.")
        set_to = {section: constant(constants[section], reach.constants[section]) for section in constants}
        left_out = self._admit_all(told.get("pids"))
        made = self._object = Object(_OBJECTS / f"{name}.bpf.o")
        self._reach, self._loaded = reach, programs
        made.probe_at_once(programs & reach.probes.keys())
        made.keep_only(programs)
        everybody = self._policy.may_measure_all(self._peer.uid)
        owner = next(iter(self._admitted.values())).owner
        own_namespace = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
        _SETTINGS.pack_into(
            made.initial_section(".rodata"),
            0,
            own_namespace,
            children,
            stacks,
            kept,
            mixed,
            launched,
            int(not everybody),
            owner,
        )
        for section, value in set_to.items():
            struct.pack_into(f"{len(value)}s", made.initial_section(section), 0, value)
        made.load([(pid, 0) for pid in self._admitted])
        made.listen(self._hear)
        return {"cpus": possible_cpus(), "left_out": left_out}, b"", (made.ring_fd,)

    def _admit_all(self, told: object) -> list[int]:
        """The first is the target: it must be theirs. Others (its children) may have become somebody else's: those are
        left out. All that are followed have one owner."""
        if not isinstance(told, list) or not 1 <= len(told) <= _MOST_PIDS:
            raise malformed("pids must be a list of [pid, start].")
        left_out = []
        for one in told:
            if not isinstance(one, list) or len(one) != 2 or not all(type(n) is int and 0 < n < 1 << 62 for n in one):
                raise malformed("pids must be a list of [pid, start].")
            try:
                self._admit(*one)
            except RefusedError:
                if not self._admitted:
                    raise
                left_out.append(one[0])
        return left_out

    def _admit(self, pid: int, started: int) -> Admitted:
        known = self._admitted.get(pid)
        if known is not None:
            known.must_live()
        if len(self._admitted) >= _MOST_PROCESSES:
            raise RefusedError("No more processes can be measured.", f"There are {_MOST_PROCESSES} already.")
        now = admit(self._peer, self._policy, pid, started)
        if self._admitted and not self._policy.may_measure_all(self._peer.uid):
            first = next(iter(self._admitted.values()))
            if now.owner != first.owner:
                now.close()
                raise RefusedError(f"Process {pid} is left out.", "It belongs to another user than the target.")
        if known is not None:
            known.close()
        self._admitted[pid] = now
        return now

    def _made(self) -> Object:
        if self._object is None:
            raise malformed("Nothing has been opened.")
        return self._object

    # -- tables ----------------------------------------------------------------------------------------------------

    def _map(self, told: dict[str, Any], allowed: frozenset[str]) -> tuple[Map, bool]:
        made, name = self._made(), text(told, "map")
        if name not in allowed:
            raise malformed("There is no such table.")
        if name not in self._maps:
            key, value, kind = made.shape(name)
            per_cpu = kind in _PER_CPU
            if per_cpu:
                value = (value + 7 & ~7) * possible_cpus()
            self._maps[name] = made.map(name, key, value), per_cpu
        return self._maps[name]

    def _put(self, told: dict[str, Any], data: bytes) -> Answer:
        """``data``: keys and values, one after the other."""
        only(told, None, "map")
        table, per_cpu = self._map(told, self._reach.writable)
        size = table.key_size + table.value_size
        if per_cpu or not data or len(data) % size:
            raise malformed("That is not what the table holds.")
        for at in range(0, len(data), size):
            table.put(data[at : at + table.key_size], data[at + table.key_size : at + size])
        return _DONE

    def _write(self, told: dict[str, Any], data: bytes) -> Answer:
        """Into the one array that is large: rows that tell how to find callers."""
        only(told, None, "map", "at")
        table, _ = self._map(told, frozenset({"unwind_rows"}))
        at = number(told, "at", table.extent)
        if not data or at + len(data) > table.extent:
            raise malformed("That is beyond the table's end.")
        table.write(at, data)
        return _DONE

    def _get(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, None, "map")
        table, _ = self._map(told, self._reach.readable)
        if len(data) != table.key_size:
            raise malformed("That is no key of the table.")
        value = table.get(data)
        return {"found": value is not None}, value or b"", ()

    def _read(self, told: dict[str, Any], data: bytes) -> Answer:
        """All keys and values."""
        only(told, data, "map")
        table, per_cpu = self._map(told, self._reach.readable)
        if per_cpu:
            raise malformed("The table is read by its keys.")
        return {}, b"".join(part for row in table.items() for part in row), ()

    def _peek(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data, "section")
        made, section = self._made(), text(told, "section")
        if section not in command.SECTIONS or not made.has_section(section):
            raise malformed("There is no such section.")
        return {}, made.peek(section, command.SECTIONS[section]), ()

    def _poke(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, None, "at")
        made, at = self._made(), number(told, "at", command.SECTIONS[".data"])
        if not data or at + len(data) > command.SECTIONS[".data"]:
            raise malformed("That is beyond the section's end.")
        made.poke(".data", at, data)
        return _DONE

    def _kernel_stack(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data, "stack")
        table = self._made().map("kernel_stacks", 4, 8 * _KERNEL_FRAMES)
        raw = table.get(number(told, "stack", 1 << 31).to_bytes(4, "little")) or b""
        addresses = [int.from_bytes(raw[i : i + 8], "little") for i in range(0, len(raw), 8)]
        return {"names": [self._kernel.name(address) for address in addresses if address]}, b"", ()

    # -- events ----------------------------------------------------------------------------------------------------

    def _attach(self, told: dict[str, Any], data: bytes) -> Answer:
        """Programs, in our order and once; and the clock, where ``hz`` is above 0."""
        only(told, data, "programs", "hz")
        made = self._made()
        if self._attached:
            raise malformed("Programs are attached already.")
        programs = names(told, "programs", frozenset(self._reach.attachable) & self._loaded)
        hz = number(told, "hz", _MOST_HZ + 1)
        if not programs.issuperset(command.FOLLOWS) or (hz and command.SAMPLE not in self._loaded):
            raise malformed("What follows processes cannot be left out.")
        for name in self._reach.attachable:
            if name in programs:
                made.attach(name)
        self._attached = programs
        if hz:
            made.attach_clock(command.SAMPLE, hz)
        return _DONE

    def _iterate(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data, "program")
        made, name = self._made(), text(told, "program")
        if name not in self._reach.iterable & self._loaded:
            raise malformed("There is no such program.")
        if name == command.BEGIN and not self._attached:
            raise malformed("Nothing is attached that would follow the processes.")
        made.run_iterator(name)
        return _DONE

    def _probe(self, told: dict[str, Any], data: bytes) -> Answer:
        """``data``: places, each an offset in the file and a cookie."""
        only(told, None, "program", "path", "pid", "started")
        made, program = self._made(), text(told, "program")
        if program not in self._reach.probes.keys() & self._loaded:
            raise malformed("There is no such program.")
        if not data or len(data) % 16 or len(data) > 16 * _MOST_PLACES:
            raise malformed("Places are pairs of numbers.")
        places = list(struct.iter_unpack("<QQ", data))
        self._probes += len(places)
        if self._probes > _MOST_PROBES:
            raise RefusedError("No more places can be probed.", f"{_MOST_PROBES} are the most in one window.")
        process = self._admit(number(told, "pid", 1 << 31), number(told, "started", 1 << 62))
        path = text(told, "path")
        file = open_probed(process, path, [offset for offset, _ in places])
        try:
            process.must_live()
            made.attach_uprobes(
                program, f"/proc/self/fd/{file}", places, pid=process.pid, returns=self._reach.probes[program]
            )
        finally:
            os.close(file)
        return _DONE

    def _hear(self, record: bytes) -> object:
        self._records += len(record).to_bytes(4, "little") + record
        return STOP if len(self._records) >= _TAKE else None

    def _take(self, told: dict[str, Any], data: bytes) -> Answer:
        """The records that wait, each behind its length."""
        only(told, data)
        made = self._made()
        full = made.consume() < 0
        records, self._records = bytes(self._records), bytearray()
        return {"full": full}, records, ()

    def _missed(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data, "program")
        made, name = self._made(), text(told, "program")
        if name not in self._reach.loadable:
            raise malformed("There is no such program.")
        return {"missed": made.missed(name)}, b"", ()

    def _detach(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data)
        self._made().detach()
        return _DONE

    # -- processes -------------------------------------------------------------------------------------------------

    def _memory(self, told: dict[str, Any], data: bytes) -> Answer:
        """A descriptor of /proc/PID/mem, for reading. Judged once more when it is open: until then the process may
        have executed a program that is not the peer's to look into. It keeps to the memory of one program."""
        only(told, data, "pid", "started")
        pid, started = number(told, "pid", 1 << 31), number(told, "started", 1 << 62)
        admit(self._peer, self._policy, pid, started).close()
        try:
            fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise ProcessLookupError(3, "it has ended") from error
        try:
            admit(self._peer, self._policy, pid, started).close()
        except RefusedError:
            os.close(fd)
            raise
        return {}, b"", (fd,)

    # -- a program of the administrator's --------------------------------------------------------------------------

    def _run(self, told: dict[str, Any], data: bytes) -> Answer:
        """Its window takes the whole connection."""
        only(told, data, "program", "children", "pids")
        name, children = text(told, "program"), number(told, "children", 2)
        if self._object is not None or self._admitted:
            raise malformed("This connection has its window.")
        program = self._custom.read(name)
        left_out = self._admit_all(told.get("pids"))
        ran = self._custom.start(program, list(self._admitted.values()), children=bool(children))
        return (
            {"mark": ran.mark, "probes": ran.probes, "kinds": sorted(program.kinds), "left_out": left_out},
            ran.text.encode(),
            (),
        )
