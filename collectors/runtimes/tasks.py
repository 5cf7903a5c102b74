"""The tasks of asyncio in a CPython process: where each waits, through which coroutines, and who awaits it.

Read from its memory while it runs on, as in python.py: every value may be torn, stale or a lie. So sizes and numbers
are bounded, types are asked for before their objects are believed, and a task that makes no sense is counted.

The way: modules of the interpreter → ``asyncio.tasks`` → its set of weak references to tasks → task → coroutine → what
that awaits. Where the C accelerator keeps a task's coroutine is in no header; it is found in the first task whose words
say it by their types: what it waits for, its coroutine and its name follow each other.
"""

import contextlib
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import nsmallest

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.python import UNNAMED, PythonNames
from perfdoctor.collectors.runtimes.python_interpreter import Interpreter
from perfdoctor.collectors.runtimes.python_layout import debug_offsets
from perfdoctor.collectors.runtimes.python_objects import BROKEN, Objects, TornError, kept_offsets
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame

VERSIONS = range(11, 14)
MOST_TASKS = 4096
MOST_SECONDS = 2.0
_DEPTH = 64
"""coroutines that await each other, and tasks that do"""
_MOST_WORDS, _MOST_CHILDREN, _MOST_INTERPRETERS = 64, 4096, 16
_DEEPEST = 1 << 16
"""values on the stack of a frame"""
_TRIES = 3
_COROUTINES = ("coroutine", "generator", "async_generator")
_WRAPPERS = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow")
"""what awaits a coroutine for another one: its first field is the coroutine"""
_TASK = "_asyncio.Task"
_LEAST, _MOST_GLANCED = 8, 512
"""tasks of a glance: so many are read however long it takes, and at most"""
_MOST_KNOWN = 1 << 14
_FRAME = 112
"""bytes of a frame, of which its code and its instruction are some"""
_INTEGERS = range(0, 1 << 40)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the frame of a coroutine lies, and its code and instruction as they lie there."""

    frame: int
    words: bytes


@dataclass(slots=True)
class Task:
    """``stack``: its coroutines, the innermost first. ``waits``: what for, empty for one that does not wait.
    ``places`` are those of its coroutines."""

    address: int
    name: str
    state: str
    stack: tuple[Frame, ...]
    waits: str
    waiter: int = 0
    """address of what it waits for"""
    parent: int = 0
    """address of the task that awaits it"""
    places: tuple[Place, ...] = ()


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


@dataclass(slots=True)
class Glance:
    """``looked_at`` of ``total`` tasks, ``torn`` of them in vain; ``found`` are those of them that are not done."""

    found: list[Task] = field(default_factory=list)
    total: int = 0
    looked_at: int = 0
    torn: int = 0


def _spread(one: tuple[int, bool]) -> int:
    """A number that says nothing of what an address is of."""
    return one[0] * 0x9E3779B97F4A7C15 & (1 << 64) - 1


class TaskReader:
    """Of one process, for one reading, or for the glances of one window."""

    def __init__(self, memory: Memory, names: PythonNames, interpreter: Interpreter) -> None:
        self._memory, self._names, self._layout = memory, names, interpreter.layout
        self._runtime = interpreter.runtime
        self._at = kept_offsets(interpreter.layout.minor)
        if interpreter.layout.minor >= 13:  # (it says so itself: another release of it may have it elsewhere)
            said = debug_offsets(memory, interpreter.runtime, interpreter.layout.minor)
            self._at = replace(self._at, modules=said["interpreter_state.imports_modules"])
        self._objects = Objects(memory, self._layout, self._at)
        self._coroutine_at: dict[int, int] = {}
        """by type: the word of a task that is its coroutine"""
        self._sets_at: dict[int, tuple[int, int]] = {}
        """by interpreter, of one that has them: modules are many, and these do not move"""
        self._met: dict[bytes, tuple[Frame, bool]] = {}
        """by what lies in a frame: its name, and whether it awaits another there"""
        self._known: dict[int, tuple[bytes, Task]] = {}
        """by address, what a glance saw"""

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

    def glance(self, seconds: float) -> Glance:
        """As many tasks as can be read in so much CPU time, once it is known where all are: of one that stands as it
        stood at the last glance, little is read again. One of BROKEN where nothing can be read."""
        seen = Glance()
        every = [
            (at, weak)
            for interpreter in self._interpreters()
            for weak, places in zip((True, False), self._sets(interpreter), strict=True)
            for at in places
        ]
        seen.total = len(every)
        if len(self._known) > _MOST_KNOWN or len(self._met) > _MOST_KNOWN:
            self._known.clear()
            self._met.clear()
        # (time may end before all are read: those that are read shall stand for the others, and be the same next time)
        chosen = nsmallest(_MOST_GLANCED, every, key=_spread)
        until = time.thread_time() + seconds
        for at, weak in chosen:
            if seen.looked_at >= _LEAST and time.thread_time() > until:
                break
            seen.looked_at += 1
            try:
                address = self._referred(at) if weak else at
                task = self._glanced(address) if address else None
            except BROKEN:
                seen.torn += 1
                continue
            if task is not None:
                seen.found.append(task)
        return seen

    def _glanced(self, address: int) -> Task | None:
        raw, known = self._known.get(address, (b"", None))
        if known is not None and self._memory.read(address, len(raw)) == raw and self._stands(known):
            return known
        raw, task = self._whole(address)
        if task is None:
            self._known.pop(address, None)
        else:
            self._known[address] = raw, task
        return task

    def _stands(self, task: Task) -> bool:
        return all(self._words(self._memory.read(place.frame, _FRAME)) == place.words for place in task.places)

    def own(self, place: Place) -> int:
        """The first argument of the function at a place of a task that waits, mostly its ``self``. One of BROKEN where
        it is gone."""
        at = self._objects.pointer(place.frame + self._at.frame_locals)
        if self._objects.type_of(at) == "cell":
            at = self._objects.pointer(at + 16)
        if self._words(self._memory.read(place.frame, _FRAME)) != place.words:
            raise TornError("it went on meanwhile")
        return at

    def number(self, at: int, attribute: bytes) -> int | None:
        """A number that an object has as an attribute; None where it has none. One of BROKEN where it is gone."""
        value = self._objects.attribute(at, attribute)
        kind = self._objects.type_of(value) if value else ""
        if kind == "float":
            (number,) = struct.unpack("<d", self._memory.read(value + 16, 8))
            return int(number) if number in _INTEGERS else None
        if kind != "int":
            return None
        tag, digit = struct.unpack("<QI", self._memory.read(value + 16, 12))
        return int(digit) if tag == (1 << 3 if self._layout.minor >= 12 else 1) else None

    # -- where they are ---------------------------------------------------------------------------------------------

    def _interpreters(self) -> Iterator[int]:
        interpreter = self._objects.pointer(self._runtime + self._layout.runtime_interpreters)
        for _ in range(_MOST_INTERPRETERS):
            if not interpreter:
                return
            yield interpreter
            interpreter = self._objects.pointer(interpreter + self._layout.interpreter_next)

    def _referred(self, reference: int) -> int:
        """The task of a weak reference; 0 where it is gone."""
        task = self._objects.pointer(reference + self._at.weakref_object)
        return task if task and self._objects.type_of(task) != "NoneType" else 0

    def _addresses(self, tasks: Tasks) -> Iterator[int]:
        for interpreter in self._interpreters():
            for attempt in range(_TRIES):
                try:
                    references, at_once = self._sets(interpreter)
                except BROKEN:  # (a set that grows moves: look again)
                    tasks.torn += attempt == _TRIES - 1
                    continue
                for reference in references:
                    try:
                        if task := self._referred(reference):
                            yield task
                    except BROKEN:
                        tasks.torn += 1
                yield from at_once
                break

    def has_any(self) -> bool:
        """Whether asyncio is there, so that there may be tasks."""
        with contextlib.suppress(*BROKEN):
            return any(self._find_sets(interpreter)[0] for interpreter in self._interpreters())
        return False

    def _sets(self, interpreter: int) -> tuple[list[int], list[int]]:
        """Weak references to tasks, and tasks that began at once, without the loop (since 3.12)."""
        found = self._sets_at.get(interpreter) or self._find_sets(interpreter)
        if found[0]:
            self._sets_at[interpreter] = found
        weak, eager = found
        return self._objects.members(weak) if weak else [], self._objects.members(eager) if eager else []

    def _find_sets(self, interpreter: int) -> tuple[int, int]:
        """Where these sets are; 0 for one that is not there."""
        modules = self._objects.pointer(interpreter + self._at.modules)
        module = self._objects.item(modules, b"asyncio.tasks") if modules else 0
        if not module:
            return 0, 0
        inside = self._objects.pointer(module + self._at.module_dict)
        weak = self._objects.item(inside, b"_scheduled_tasks") or self._objects.item(inside, b"_all_tasks")
        eager = self._objects.item(inside, b"_eager_tasks")
        data = self._objects.attribute(weak, b"data") if weak and self._objects.type_of(weak) == "WeakSet" else 0
        return data, eager

    # -- one of them ------------------------------------------------------------------------------------------------

    def _task(self, address: int) -> Task | None:
        """None: it is done."""
        return self._whole(address)[1]

    def _whole(self, address: int) -> tuple[bytes, Task | None]:
        """The words of a task, and what they say."""
        kind = self._objects.pointer(address + 8)
        base = self._objects.base(kind, _TASK)
        if base is None:
            raise TornError("not a task")
        size = self._objects.signed(base + self._at.type_basicsize)
        if not 64 <= size <= 8 * _MOST_WORDS:
            raise TornError("not a task")
        raw = self._memory.read(address, size // 8 * 8)
        task = self._told(address, base, struct.unpack(f"<{size // 8}Q", raw))
        if self._memory.read(address, len(raw)) != raw:
            raise TornError("it went on meanwhile")
        return raw, task

    def _told(self, address: int, base: int, words: tuple[int, ...]) -> Task | None:
        """What the words of a task say."""
        place = self._coroutine_at.get(base)
        if place is None:
            place = self._learn(words)
            if place is None:
                raise TornError("not a task")
            self._coroutine_at[base] = place
        if place + 1 >= len(words):
            raise TornError("not a task")
        coroutine, waiter = words[place], words[place - 1]
        if not coroutine:
            return None
        name = self._name(words[place + 1])
        if self._objects.type_of(coroutine) not in _COROUTINES:
            return Task(address, name, "waiting", (), self._waits(waiter), waiter)
        state = self._state(coroutine)
        if state > 0:
            return None
        stack, places = self._frames(coroutine)
        if state == 0:
            return Task(address, name, "running", stack, "", places=places)
        if state == self._at.state_created:
            return Task(address, name, "not begun", stack, "", places=places)
        return Task(address, name, "waiting", stack, self._waits(waiter), waiter, places=places)

    def _learn(self, words: tuple[int, ...]) -> int | None:
        """Which word is the coroutine: a name follows."""
        for place in range(3, len(words) - 1):
            with contextlib.suppress(*BROKEN):
                is_coroutine = self._objects.type_of(words[place]) == "coroutine"
                if is_coroutine and self._objects.type_of(words[place + 1]) in ("str", "int"):
                    return place
        return None

    def _name(self, at: int) -> str:
        if self._objects.type_of(at) == "str":
            return self._names.text(at)
        # (since 3.12 a name that nobody gave is a number until somebody asks)
        tag, digit = struct.unpack("<QI", self._memory.read(at + 16, 12))
        if tag not in (1 << 3, 1):
            return ""
        return f"Task-{digit}"

    def _waits(self, waiter: int) -> str:
        if not waiter or self._objects.type_of(waiter) == "NoneType":
            return "its turn"
        return clean(self._objects.type_of(waiter).rpartition(".")[2], 64)

    def _state(self, coroutine: int) -> int:
        return int(struct.unpack("<b", self._memory.read(coroutine + self._at.generator_state, 1))[0])

    def _words(self, frame: bytes) -> bytes:
        """The code and the instruction of a frame."""
        code, instruction = self._layout.frame_code, self._layout.frame_instruction
        return frame[code : code + 8] + frame[instruction : instruction + 8]

    def _frames(self, coroutine: int) -> tuple[tuple[Frame, ...], tuple[Place, ...]]:
        """Innermost first, with the place of each."""
        frames: list[Frame] = []
        places: list[Place] = []
        seen = set[int]()
        at: int | None = coroutine
        while at and at not in seen and len(frames) < _DEPTH:
            seen.add(at)
            raw = self._begin(at)
            kind = self._objects.called(struct.unpack_from("<Q", raw, 8)[0])
            if kind in _WRAPPERS:
                at = self._objects.pointer(at + 16)
                continue
            if kind not in _COROUTINES:
                break
            (state,) = struct.unpack_from("<b", raw, self._at.generator_state)
            if state > 0:
                break
            frame = raw[self._at.generator_frame :]
            words = self._words(frame)
            if words not in self._met:
                self._met[words] = self._meet(words)
            named, may_await = self._met[words]
            frames.append(named)
            places.append(Place(at + self._at.generator_frame, words))
            if state != self._at.state_awaits or not may_await:
                break
            (top,) = struct.unpack_from("<i", frame, self._at.frame_stacktop)
            if not 0 < top < _DEEPEST:
                raise TornError("not a frame's stack")
            at = self._objects.pointer(places[-1].frame + self._at.frame_locals + 8 * (top - 1))
        return tuple(reversed(frames)), tuple(reversed(places))

    def _begin(self, at: int) -> bytes:
        """The beginning of an object: of a coroutine, all up to its local variables."""
        if at < 4096 or at & 7:
            raise TornError("not an object")
        whole = self._at.generator_frame + _FRAME
        try:
            return self._memory.read(at, whole)
        except OSError:  # (a small one, at the end of what is mapped)
            return self._memory.read(at, 16) + bytes(whole - 16)

    def _meet(self, words: bytes) -> tuple[Frame, bool]:
        """The name of a frame, and whether a coroutine that is suspended there awaits what lies on top of its stack
        (_PyGen_yf)."""
        code, instruction = struct.unpack("<2Q", words)
        named = self._names.frame(code & ~self._layout.tag_mask, instruction) or UNNAMED
        if self._layout.minor >= 13:  # (its state says so)
            return named, True
        opcode, argument = self._memory.read(instruction + 2, 2)
        return named, opcode in (self._at.resume, self._at.resume_replaced) and argument >= 2

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
        children = self._objects.attribute(gathering, b"_children")
        if not children or self._objects.type_of(children) != "list":
            raise TornError("no list of children")
        size = self._objects.signed(children + self._at.list_size)
        if not 0 < size <= _MOST_CHILDREN:
            raise TornError("not a list")
        return [
            word
            for (word,) in struct.iter_unpack(
                "<Q", self._memory.read(self._objects.pointer(children + self._at.list_items), 8 * size)
            )
        ]
