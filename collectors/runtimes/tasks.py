"""The tasks of asyncio in a CPython process: where each waits, through which coroutines, and who awaits it.

Read from its memory while it runs on, as in python.py: every value may be torn, stale or a lie. So sizes and numbers
are bounded, types are asked for before their objects are believed, and a task that makes no sense is counted.

The way: modules of the interpreter → ``asyncio.tasks`` → its set of weak references to tasks → task → coroutine → what
that awaits. Where the C accelerator keeps a task's coroutine is in no header; it is found in the first task whose words
say it by their types: what it waits for, its coroutine and its name follow each other.
"""

import contextlib
import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.python import UNNAMED, PythonNames
from perfdoctor.collectors.runtimes.python_interpreter import Interpreter
from perfdoctor.collectors.runtimes.python_layout import debug_offsets
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame

VERSIONS = range(11, 14)
MOST_TASKS = 4096
MOST_SECONDS = 2.0
_MOST_ENTRIES = 1 << 16
"""of a dictionary"""
_MOST_SLOTS = 1 << 18
"""of a set"""
_DEPTH = 64
"""coroutines that await each other, and tasks that do"""
_MOST_BASES, _MOST_WORDS, _MOST_CHILDREN, _MOST_INTERPRETERS = 32, 64, 4096, 16
_SPLIT, _GENERAL = 2, 0
"""kinds of tables of keys (pycore_dict.h)"""
_MANAGED, _INLINE = 1 << 4, 1 << 2
"""Py_TPFLAGS_MANAGED_DICT, Py_TPFLAGS_INLINE_VALUES"""
BROKEN = (OSError, ValueError, struct.error, OverflowError)
"""what reading memory may raise that is gone, or is not what it should be"""
_TRIES = 3
_COROUTINES = ("coroutine", "generator", "async_generator")
_WRAPPERS = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow")
"""what awaits a coroutine for another one: its first field is the coroutine"""
_TASK = "_asyncio.Task"


@dataclass(frozen=True, slots=True)
class _Offsets:
    """In bytes; see scripts/make_layouts.py."""

    modules: int
    module_dict: int
    dict_keys: int
    dict_values: int
    keys_log2_index_bytes: int
    keys_kind: int
    keys_entries: int
    keys_indices: int
    values_first: int
    set_mask: int
    set_table: int
    weakref_object: int
    type_flags: int
    type_basicsize: int
    type_dictoffset: int
    type_base: int
    type_keys: int
    list_size: int
    list_items: int
    generator_state: int
    generator_frame: int
    frame_stacktop: int
    frame_locals: int
    state_created: int
    state_awaits: int
    """of a coroutine that awaits another one; before 3.13, where it is not told from one that yields, of both: then"""
    resume: int
    """is the instruction that goes on behind an await,"""
    resume_replaced: int
    """or what the interpreter put in its place"""


@cache
def _offsets(minor: int) -> _Offsets:
    return _Offsets(**json.loads((Path(__file__).parent / "layouts" / f"tasks-3.{minor}.json").read_text()))


@dataclass(slots=True)
class Task:
    """``stack``: its coroutines, the innermost first. ``waits``: what for, empty for one that does not wait."""

    address: int
    name: str
    state: str
    stack: tuple[Frame, ...]
    waits: str
    waiter: int = 0
    """address of what it waits for"""
    parent: int = 0
    """address of the task that awaits it"""


@dataclass(slots=True)
class Tasks:
    """``torn`` could not be read: they changed meanwhile, or are of another implementation than asyncio's own;
    ``omitted`` were too many."""

    found: dict[int, Task] = field(default_factory=dict)
    torn: int = 0
    omitted: int = 0

    def chain(self, task: Task) -> tuple[Frame, ...]:
        """The coroutines of a task, and of the tasks that await it."""
        frames, seen = list(task.stack), {task.address}
        at = self.found.get(task.parent)
        while at is not None and at.address not in seen and len(frames) < _DEPTH:
            seen.add(at.address)
            frames += at.stack
            at = self.found.get(at.parent)
        return tuple(frames[:_DEPTH])


class _TornError(ValueError):
    """What lies there is not what it should be."""


class TaskReader:
    """Of one process, for one reading."""

    def __init__(self, memory: Memory, names: PythonNames, interpreter: Interpreter) -> None:
        self._memory, self._names, self._layout = memory, names, interpreter.layout
        self._runtime = interpreter.runtime
        self._at = _offsets(interpreter.layout.minor)
        if interpreter.layout.minor >= 13:  # (it says so itself: another release of it may have it elsewhere)
            said = debug_offsets(memory, interpreter.runtime, interpreter.layout.minor)
            self._at = replace(self._at, modules=said["interpreter_state.imports_modules"])
        self._types: dict[int, str] = {}
        self._coroutine_at: dict[int, int] = {}
        """by type: the word of a task that is its coroutine"""

    def read(self) -> Tasks:
        """One of BROKEN where nothing can be read."""
        tasks, until = Tasks(), time.monotonic() + MOST_SECONDS
        addresses = dict.fromkeys(self._addresses(tasks))
        for number, address in enumerate(addresses):
            if number >= MOST_TASKS or time.monotonic() > until:
                tasks.omitted += len(addresses) - number
                break
            try:
                task = self._task(address)
            except BROKEN:
                tasks.torn += 1
                continue
            if task is not None:
                tasks.found[address] = task
        self._tell_parents(tasks)
        return tasks

    # -- where they are ---------------------------------------------------------------------------------------------

    def _addresses(self, tasks: Tasks) -> Iterator[int]:
        interpreter = self._pointer(self._runtime + self._layout.runtime_interpreters)
        for _ in range(_MOST_INTERPRETERS):
            if not interpreter:
                return
            for attempt in range(_TRIES):
                try:
                    references, at_once = self._sets(interpreter)
                except BROKEN:  # (a set that grows moves: look again)
                    tasks.torn += attempt == _TRIES - 1
                    continue
                for reference in references:
                    try:
                        task = self._pointer(reference + self._at.weakref_object)
                        if task and self._type(task) != "NoneType":
                            yield task
                    except BROKEN:
                        tasks.torn += 1
                yield from at_once
                break
            interpreter = self._pointer(interpreter + self._layout.interpreter_next)

    def _sets(self, interpreter: int) -> tuple[list[int], list[int]]:
        """Weak references to tasks, and tasks that began at once, without the loop (since 3.12)."""
        modules = self._pointer(interpreter + self._at.modules)
        module = self._item(modules, b"asyncio.tasks") if modules else 0
        if not module:
            return [], []
        inside = self._pointer(module + self._at.module_dict)
        weak = self._item(inside, b"_scheduled_tasks") or self._item(inside, b"_all_tasks")
        eager = self._item(inside, b"_eager_tasks")
        data = self._attribute(weak, b"data") if weak and self._type(weak) == "WeakSet" else 0
        return self._members(data) if data else [], self._members(eager) if eager else []

    def _members(self, at: int) -> list[int]:
        if self._type(at) != "set":
            raise _TornError("not a set")
        slots = self._signed(at + self._at.set_mask) + 1
        if not 0 < slots <= _MOST_SLOTS:
            raise _TornError("not a set")
        raw = self._memory.read(self._pointer(at + self._at.set_table), 16 * slots)
        # (the mark of a place that was left has the hash -1)
        return [key for key, value in struct.iter_unpack("<Qq", raw) if key and value != -1]

    # -- one of them ------------------------------------------------------------------------------------------------

    def _task(self, address: int) -> Task | None:
        """None: it is done."""
        kind = self._pointer(address + 8)
        base = self._base(kind, _TASK)
        if base is None:
            raise _TornError("not a task")
        size = self._signed(base + self._at.type_basicsize)
        if not 64 <= size <= 8 * _MOST_WORDS:
            raise _TornError("not a task")
        raw = self._memory.read(address, size // 8 * 8)
        task = self._told(address, base, struct.unpack(f"<{size // 8}Q", raw))
        if self._memory.read(address, len(raw)) != raw:
            raise _TornError("it went on meanwhile")
        return task

    def _told(self, address: int, base: int, words: tuple[int, ...]) -> Task | None:
        """What the words of a task say."""
        place = self._coroutine_at.get(base)
        if place is None:
            place = self._learn(words)
            if place is None:
                raise _TornError("not a task")
            self._coroutine_at[base] = place
        if place + 1 >= len(words):
            raise _TornError("not a task")
        coroutine, waiter = words[place], words[place - 1]
        if not coroutine:
            return None
        name = self._name(words[place + 1])
        if self._type(coroutine) not in _COROUTINES:
            return Task(address, name, "waiting", (), self._waits(waiter), waiter)
        state = self._state(coroutine)
        if state > 0:
            return None
        if state == 0:
            return Task(address, name, "running", self._frames(coroutine), "")
        if state == self._at.state_created:
            return Task(address, name, "not begun", self._frames(coroutine), "")
        return Task(address, name, "waiting", self._frames(coroutine), self._waits(waiter), waiter)

    def _learn(self, words: tuple[int, ...]) -> int | None:
        """Which word is the coroutine: a name follows."""
        for place in range(3, len(words) - 1):
            with contextlib.suppress(*BROKEN):
                if self._type(words[place]) == "coroutine" and self._type(words[place + 1]) in ("str", "int"):
                    return place
        return None

    def _name(self, at: int) -> str:
        if self._type(at) == "str":
            return self._names.text(at)
        # (since 3.12 a name that nobody gave is a number until somebody asks)
        tag, digit = struct.unpack("<QI", self._memory.read(at + 16, 12))
        if tag not in (1 << 3, 1):
            return ""
        return f"Task-{digit}"

    def _waits(self, waiter: int) -> str:
        if not waiter or self._type(waiter) == "NoneType":
            return "its turn"
        return clean(self._type(waiter).rpartition(".")[2], 64)

    def _state(self, coroutine: int) -> int:
        return int(struct.unpack("<b", self._memory.read(coroutine + self._at.generator_state, 1))[0])

    def _frames(self, coroutine: int) -> tuple[Frame, ...]:
        """Innermost first."""
        frames: list[Frame] = []
        seen = set[int]()
        at: int | None = coroutine
        while at and at not in seen and len(frames) < _DEPTH:
            seen.add(at)
            kind = self._type(at)
            if kind in _WRAPPERS:
                at = self._pointer(at + 16)
                continue
            if kind not in _COROUTINES:
                break
            state = self._state(at)
            if state > 0:
                break
            frame = at + self._at.generator_frame
            raw = self._memory.read(frame, 112)
            (code,) = struct.unpack_from("<Q", raw, self._layout.frame_code)
            (instruction,) = struct.unpack_from("<Q", raw, self._layout.frame_instruction)
            frames.append(self._names.frame(code & ~self._layout.tag_mask, instruction) or UNNAMED)
            at = self._awaited(frame, instruction, state)
        return tuple(reversed(frames))

    def _awaited(self, frame: int, instruction: int, state: int) -> int | None:
        """What a suspended frame awaits: the top of its stack (_PyGen_yf)."""
        if state >= 0 or state == self._at.state_created:
            return None
        if self._layout.minor >= 13:
            if state != self._at.state_awaits:
                return None
        else:
            opcode, argument = self._memory.read(instruction + 2, 2)
            if opcode not in (self._at.resume, self._at.resume_replaced) or argument < 2:
                return None
        (top,) = struct.unpack("<i", self._memory.read(frame + self._at.frame_stacktop, 4))
        if not 0 < top < _MOST_ENTRIES:
            raise _TornError("not a frame's stack")
        return self._pointer(frame + self._at.frame_locals + 8 * (top - 1))

    # -- who awaits whom ----------------------------------------------------------------------------------------------

    def _tell_parents(self, tasks: Tasks) -> None:
        for task in tasks.found.values():
            if not task.waiter:
                continue
            if task.waiter in tasks.found:
                self._adopt(tasks, task.waiter, task)
                task.waits = "a task"
            elif task.waits == "_GatheringFuture":
                with contextlib.suppress(*BROKEN):
                    children = self._children(task.waiter)
                    task.waits = f"{len(children)} tasks (gather)"
                    for child in children:
                        self._adopt(tasks, child, task)

    def _adopt(self, tasks: Tasks, child: int, parent: Task) -> None:
        if child in tasks.found and child != parent.address:
            tasks.found[child].parent = parent.address

    def _children(self, gathering: int) -> list[int]:
        children = self._attribute(gathering, b"_children")
        if not children or self._type(children) != "list":
            raise _TornError("no list of children")
        size = self._signed(children + self._at.list_size)
        if not 0 < size <= _MOST_CHILDREN:
            raise _TornError("not a list")
        return [
            word
            for (word,) in struct.iter_unpack(
                "<Q", self._memory.read(self._pointer(children + self._at.list_items), 8 * size)
            )
        ]

    # -- objects ------------------------------------------------------------------------------------------------------

    def _type(self, at: int) -> str:
        """What the type of an object is called; ValueError where there is no object."""
        if at < 4096 or at & 7:
            raise _TornError("not an object")
        return self._type_name(self._pointer(at + 8))

    def _type_name(self, kind: int) -> str:
        known = self._types.get(kind)
        if known is None:
            name = self._pointer(kind + self._layout.type_name)
            # (to the end of its page at most: what lies behind may not be there)
            raw = self._memory.read(name, min(64, 4096 - name % 4096))
            known = self._types[kind] = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
        return known

    def _base(self, kind: int, wanted: str) -> int | None:
        for _ in range(_MOST_BASES):
            if not kind:
                return None
            if self._type_name(kind) == wanted:
                return kind
            kind = self._pointer(kind + self._at.type_base)
        return None

    def _item(self, dictionary: int, key: bytes) -> int:
        """What a dictionary has under a key; 0 where it has none."""
        if self._type(dictionary) != "dict":
            raise _TornError("not a dictionary")
        keys = self._pointer(dictionary + self._at.dict_keys)
        place, value = self._find(keys, key)
        if place is None or value:
            return value
        values = self._pointer(dictionary + self._at.dict_values)
        return self._pointer(values + self._at.values_first + 8 * place) if values else 0

    def _find(self, keys: int, key: bytes) -> tuple[int | None, int]:
        """(which entry has a key, and its value) of a table of keys; (None, 0) where there is none."""
        head = self._memory.read(keys, self._at.keys_indices)
        count = struct.unpack_from("<q", head, self._at.keys_entries)[0]
        indices = head[self._at.keys_log2_index_bytes]
        if not 0 <= count <= _MOST_ENTRIES or indices > 24:
            raise _TornError("not a table of keys")
        size = 24 if head[self._at.keys_kind] == _GENERAL else 16
        raw = self._memory.read(keys + self._at.keys_indices + (1 << indices), size * count)
        for place in range(count):
            name, value = struct.unpack_from("<2Q", raw, place * size + size - 16)
            if name and self._is(name, key):
                return place, value
        return None, 0

    def _is(self, at: int, key: bytes) -> bool:
        """Whether a string of ASCII is ``key``."""
        layout = self._layout
        try:
            if self._signed(at + layout.unicode_length) != len(key):
                return False
            return self._memory.read(at + layout.ascii_data, len(key)) == key
        except BROKEN:
            return False

    def _attribute(self, at: int, name: bytes) -> int:
        """An attribute of an instance; 0 where it has none."""
        kind = self._pointer(at + 8)
        (flags,) = struct.unpack("<Q", self._memory.read(kind + self._at.type_flags, 8))
        offset = self._signed(kind + self._at.type_dictoffset)
        if not flags & _MANAGED:
            dictionary = self._pointer(at + offset) if 0 < offset < 4096 else 0
            return self._item(dictionary, name) if dictionary else 0
        values, dictionary = self._managed(at, kind, flags)
        if dictionary:
            return self._item(dictionary, name)
        place, _ = self._find(self._pointer(kind + self._at.type_keys), name)
        return self._pointer(values + self._at.values_first + 8 * place) if values and place is not None else 0

    def _managed(self, at: int, kind: int, flags: int) -> tuple[int, int]:
        """(values, dictionary) of an instance, before which (pycore_object.h) lies which of both it has."""
        if self._layout.minor == 11:
            return self._pointer(at - 32), self._pointer(at - 24)
        word = self._pointer(at - 24)
        if self._layout.minor == 12:
            return (word + 1, 0) if word & 1 else (0, word)
        if word or not flags & _INLINE:
            return 0, word
        return at + self._signed(kind + self._at.type_basicsize), 0

    def _pointer(self, at: int) -> int:
        return int(struct.unpack("<Q", self._memory.read(at, 8))[0])

    def _signed(self, at: int) -> int:
        return int(struct.unpack("<q", self._memory.read(at, 8))[0])
