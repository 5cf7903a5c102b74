"""What one window says about each line of the user's code: the view that all patterns judge by."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.around_calls import AroundCalls
from perfdoctor.diagnosis.client_lines import client_lines, frame_of, is_beside
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.diagnosis.loops import only_starts_loop
from perfdoctor.diagnosis.objects import path_of
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.pools import lender_of
from perfdoctor.diagnosis.talk import (
    STORES,
    Load,
    Sides,
    Talk,
    asks_through,
    awaited_by,
    load_of,
    merged,
    served_at,
    talks,
)
from perfdoctor.diagnosis.texts import Texts
from perfdoctor.diagnosis.user_code import basename, is_user_code, user_frame
from perfdoctor.diagnosis.waiting import Futexes, signals, state_of, waits_in_loops
from perfdoctor.schemas.cpu import CpuRow, LineShape
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Fact
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.ledger import Ledger, State
from perfdoctor.schemas.network import Peer
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.waits import WaitKind, WaitRow

_INTERPRETER_STACKS = 4
"""A lock is taken at a handful of lines; the interpreter's own is waited for in the midst of any."""
_SWITCH_INTERVAL = 0.005
"""sys.getswitchinterval(): a thread that waits for the interpreter gives up and asks again after it."""

_TOOLS = {
    "syscalls": "trace-syscalls",
    "cpu": "trace-cpu",
    "memory": "proc-watch",
    "memory_map": "proc-memory",
    "network": "trace-network",
    "locks": "trace-locks",
    "limits": "proc-watch",
    "threads": "proc-threads",
    "loops": "diagnose",
}


_UNKNOWN = Place(None, "", None)


class Account:
    """Built once per window. Rows without a user's frame have the place None."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.seconds = max(evidence.window.seconds, 1e-9)
        # By identity, since there are many rows and hashing a stack takes long; held, so that no identity is reused.
        self._places: dict[int, Place | None] = {}
        self._stacks: list[Stack] = []
        self._below: dict[int, Stack] = {}

    @cached_property
    def ledger(self) -> Ledger:
        return ledger(self.evidence)

    def share(self, seconds: float) -> float:
        """The part of busy time that ``seconds`` are, 0 to 1."""
        busy = self.ledger.busy_seconds
        return min(1.0, max(0.0, seconds / busy)) if busy > 0 else 0.0

    def place(self, stack: Stack) -> Place | None:
        """The innermost line of the user's code."""
        known = self._places.get(id(stack), _UNKNOWN)
        if known is _UNKNOWN:
            frame = user_frame(stack, self.evidence.user_roots)
            known = Place(frame.file, frame.function, frame.line) if frame else None
            self._places[id(stack)] = known
            self._stacks.append(stack)
        return known

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.evidence)

    def loop_around(self, talk: Talk, *, again: bool = False) -> Place | None:
        """The innermost line of the user's code, of those that lead to what is asked, that stands in a loop; with
        ``again`` also in one that only tries again. None where none does, or that is not known."""
        # (a runtime that sends later, from its own loop, has the line that asked on other stacks)
        for stack in (talk.stack, self._client_line(talk)):
            if place := self.texts.repeated(stack, again=again):
                return place
        return None

    def shape_at(self, place: Place | None) -> LineShape | None:
        """What the text of a line says that it does, where it is a hot one of compiled code."""
        return self._shapes.get((place.file, place.line)) if place else None

    def shape_of(self, stack: Stack) -> LineShape | None:
        """The same of the innermost line, whoever's it is."""
        return self._shapes.get((stack[0].file, stack[0].line)) if stack else None

    def asking_place(self, stack: Stack) -> Place | None:
        """The innermost line of the user's code; where that is in what a loop asks, of each element or again and again,
        the loop's."""
        place = self.place(stack)
        if place is None or self.shape_at(place) is not LineShape.PART:
            return place
        own = (f for f in stack if is_user_code(f, self.evidence.user_roots))
        callers = (Place(frame.file, frame.function, frame.line) for frame in own)
        outer = next((caller for caller in callers if self.shape_at(caller) is not LineShape.PART), None)
        return outer if self.shape_at(outer) in (LineShape.NESTED, LineShape.SPIN) else place

    def outer_loop(self, place: Place) -> tuple[str, int] | None:
        """File and line of the loop in whose rounds the one at ``place`` looks through all of something."""
        for line in self.evidence.cpu.shapes if self.evidence.cpu else ():
            if (line.file, line.line) == (place.file, place.line) and line.outer_file and line.outer_line:
                return line.outer_file, line.outer_line
        return None

    @cached_property
    def _shapes(self) -> dict[tuple[str | None, int | None], LineShape]:
        told = self.evidence.cpu.shapes if self.evidence.cpu else ()
        return {(line.file, line.line): line.shape for line in told}

    def below(self, row: CpuRow) -> Stack:
        """What ran below the user's line, innermost first: the library's frames, and the native ones below those. The
        whole stack where no line is the user's."""
        known = self._below.get(id(row))
        if known is None:
            own = user_frame(row.stack, self.evidence.user_roots)
            upto = next((i for i, frame in enumerate(row.stack) if frame is own), len(row.stack))
            known = self._below[id(row)] = (*row.native, *row.stack[:upto])
        return known

    @property
    def calls(self) -> tuple[SyscallRow, ...]:
        return self.evidence.syscalls.rows if self.evidence.syscalls else ()

    @cached_property
    def samples(self) -> tuple[CpuRow, ...]:
        """Those of the target's own work: without the time in which it was traced."""
        return tuple(row for row in self.evidence.cpu.rows if not row.is_tracing) if self.evidence.cpu else ()

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Whom it talked to; empty where that was not measured."""
        return self.evidence.network.peers if self.evidence.network else ()

    @cached_property
    def calls_at(self) -> dict[Place | None, list[SyscallRow]]:
        return self.by_place(self.calls)

    @cached_property
    def samples_at(self) -> dict[Place | None, list[CpuRow]]:
        at: dict[Place | None, list[CpuRow]] = defaultdict(list)
        for row in self.samples:
            at[self.place(row.stack)].append(row)
        return at

    @cached_property
    def hottest(self) -> Place | None:
        """The line that holds most CPU time."""
        spent = {at: sum(row.seconds for row in rows) for at, rows in self.samples_at.items() if at is not None}
        return max(spent, key=lambda at: spent[at], default=None)

    @cached_property
    def wanted_cores(self) -> float:
        """How many cores the threads would have used if each had one, on average: on a core, or waiting for it."""
        return sum(time.running + time.runnable for time in self.evidence.threads or ()) / self.seconds

    def by_function(self, rows: Iterable[CpuRow]) -> list[tuple[Place, list[CpuRow]]]:
        """Rows by function of the user's code, each with its line that holds most: one cause mostly shows in several
        lines of a function."""
        groups: dict[tuple[str | None, str], dict[Place, list[CpuRow]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            if (place := self.place(row.stack)) is not None:
                groups[place.file, place.function][place].append(row)
        return [
            (
                max(lines, key=lambda place: sum(row.seconds for row in lines[place])),
                [r for at in lines.values() for r in at],
            )
            for lines in groups.values()
        ]

    def by_place(self, rows: Iterable[SyscallRow]) -> dict[Place | None, list[SyscallRow]]:
        """Where a language tells its lines itself, by samples, a call that sleeps may have none: upon a file it goes to
        the line that makes most of the same calls there. (A lock, or a loop's own descriptor, is everybody's.)"""
        at: dict[Place | None, list[SyscallRow]] = defaultdict(list)
        lost = list[SyscallRow]()
        same: dict[tuple[int, str, str | None], dict[Place, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows:
            place = self.place(row.stack)
            if place is None and row.pid in self._told and path_of(row.object):
                lost.append(row)
                continue
            at[place].append(row)
            if place is not None:
                same[row.pid, row.syscall, row.object][place] += row.calls
        for row in lost:
            places = same.get((row.pid, row.syscall, row.object), {})
            at[max(places, key=lambda place: places[place], default=None)].append(row)
        return at

    def beside(self, rows: Iterable[SyscallRow], at_most: float | None = None) -> float:
        """Seconds of CPU in user mode that go with these calls; ``at_most`` so many for each."""
        return self._around.beside(tuple(rows), at_most)

    @cached_property
    def _around(self) -> AroundCalls:
        return AroundCalls(self)

    def lender(self, stack: Stack) -> str | None:
        """The pool that has nothing left to lend, of a thread that waits for it."""
        return lender_of(stack, self._sides.lent)

    def state(self, row: SyscallRow) -> State:
        """What a thread that sleeps in this call waits for."""
        return state_of(row, self.evidence.user_roots, self._signalled, self._sides)

    @cached_property
    def _sides(self) -> Sides:
        return Sides(self.evidence.network, self.evidence.lent)

    @cached_property
    def talks(self) -> list[Talk]:
        """What each line asked of each peer."""
        found = talks(self.evidence.network, self.place, self.evidence.user_roots)
        found = [talk for talk in found if not self.asks_the_target(talk)]
        self._add_what_came_later(found)
        for talk in found:
            talk.tell_hand_shakes()
            nowhere = talk.place is None or only_starts_loop(talk.stack, self.evidence.user_roots)
            if (nowhere or is_beside(self, talk)) and (stack := self._said_at(talk) or self._client_line(talk)):
                talk.place, talk.stack, talk.guessed = self.place(stack), stack, True
        found = merged(found)
        for talk in found:
            talk.tell_questions_behind_hand_shakes()
        return found

    def _add_what_came_later(self, found: list[Talk]) -> None:
        by_function: dict[tuple[int, str | None, str], list[Talk]] = defaultdict(list)
        for talk in found:
            if talk.place and talk.answered:
                by_function[talk.pid, talk.place.file, talk.place.function].append(talk)
        stood: dict[tuple[int, str | None, str], float] = defaultdict(float)
        for row in self.calls:
            receives = row.syscall in calls.RECEIVES or row.syscall in calls.READS
            if receives and row.blocked_seconds > 0 and (place := self.place(row.stack)):
                key = row.pid, place.file, place.function
                if key in by_function and self.state(row) is State.NETWORK:
                    stood[key] += row.blocked_seconds
        for key, seconds in stood.items():
            waits = sum(talk.wait_seconds for talk in by_function[key])
            for talk in by_function[key]:
                part = talk.wait_seconds / waits if waits > 0 else 1 / len(by_function[key])
                talk.rest_seconds = max(0.0, seconds - waits) * part

    def is_measured(self, peer: Peer) -> bool:
        """Whether a peer is a process of this window itself: what it does is told of it."""
        return bool(served_at(self.evidence.network, peer))

    def asks_the_target(self, talk: Talk) -> bool:
        """Whether a process that the target started asks the target: it makes its load, or is a part of its work."""
        target = self.evidence.target.pid
        return talk.pid != target and target in served_at(self.evidence.network, talk.peer)

    def _said_at(self, talk: Talk) -> Stack:
        line = self.texts.said_by(talk.pid, talk.shape)
        return (frame_of(line),) if line else ()

    def _client_line(self, talk: Talk) -> Stack:
        """The line that asks, where the calls themselves do not tell it."""
        protocol = talk.peer.protocol
        return self._client_lines.get((talk.pid, protocol in STORES)) or (
            self._client_lines.get((talk.pid, True), ()) if not protocol else ()
        )

    @cached_property
    def _client_lines(self) -> dict[tuple[int, bool], Stack]:
        return client_lines(self)

    def load(self, pid: int) -> Load:
        return load_of(self.evidence.network, pid, self.talks)

    @cached_property
    def network_seconds(self) -> dict[int, float]:
        """By process, how long its threads stood still for their peers' answers."""
        states = [(row, self.state(row)) for row in self.calls if row.blocked_seconds > 0]
        in_loops = waits_in_loops(states, awaited_by(self.evidence.network))
        seconds: dict[int, float] = defaultdict(float)
        for row, state in states:
            seconds[row.pid] += row.blocked_seconds if state is State.NETWORK else in_loops.get(id(row), 0.0)
        return seconds

    def waited(self, talk: Talk, seconds: float) -> float:
        """Of ``seconds`` that this line's requests were under way, those in which a thread stood still for them: they
        may overlap each other, and other work."""
        own = (t for t in self.talks if t.pid == talk.pid)
        under_way = sum(t.wait_seconds + t.rest_seconds + t.connect_seconds for t in own)
        if self.evidence.syscalls is None or under_way <= 0:
            return seconds
        return seconds * min(1.0, self.network_seconds[talk.pid] / under_way)

    def client_cpu(self, talk: Talk) -> float:
        """What the code costs that the line calls to ask: from the same line into the same function."""
        if talk.guessed:
            return self.cpu_cost(row for row in self.samples_at.get(talk.place, ()) if row.pid == talk.pid) + (
                self._client_cpu(talk.pid) * (talk.requests + talk.failed) / max(1, self._turns(talk.pid))
            )
        rows = (row.stack for row in talk.peer.rows if row.pid == talk.pid and self.place(row.stack) == talk.place)
        ways = {self._around.way(stack) for stack in rows if stack} - {None}
        return self.cpu_cost(row for row in self.samples if row.pid == talk.pid and self._around.way(row.stack) in ways)

    def _client_cpu(self, pid: int) -> float:
        """CPU time in clients of the network that no line of the program called there: from the loop of Node.js, in
        goroutines of their own."""
        return self.cpu_cost(
            row
            for row in self.samples_at.get(None, ())
            if row.pid == pid and any(asks_through(frame) for frame in row.stack)
        )

    def _turns(self, pid: int) -> int:
        asked = sum(talk.requests + talk.failed for talk in self.talks if talk.pid == pid)
        return asked + self.load(pid).served

    @cached_property
    def _signalled(self) -> Futexes:
        return signals(self.calls)

    @cached_property
    def interpreter_locks(self) -> Futexes:
        """The futexes, by process, that are the interpreter's own (the GIL) as far as can be told.

        Python threads wait for it in the midst of any line, outside of ``threading``, and give up and ask again
        after the switch interval: many stacks, or many waits that time out and none that lasts.
        """
        at: dict[tuple[int, str | None], list[SyscallRow]] = defaultdict(list)
        for row in self.calls:
            if row.syscall in calls.FUTEXES and row.blocked_seconds > 0:
                at[row.pid, row.object].append(row)
        return frozenset(key for key, rows in at.items() if _is_interpreter_lock(rows))

    def held_up(self, row: SyscallRow) -> bool:
        """Whether the call waits for the interpreter, which is to say for another thread's Python code."""
        return (row.pid, row.object) in self.interpreter_locks

    @cached_property
    def queued_at(self) -> dict[Place | None, float]:
        """Seconds that threads stood at each line ready to run: waiting for a core, or for the interpreter.

        Time that the line would not lose if it needed less CPU, so it counts as the cost of its CPU time.
        """
        at: dict[Place | None, float] = defaultdict(float)
        for wait in self.evidence.waits or ():
            if wait.kind is WaitKind.RUNNABLE and not self._is_beside(wait):
                at[self.place(wait.stack)] += wait.seconds
        for row in self.calls:
            if self.held_up(row):
                at[self.place(row.stack)] += row.blocked_seconds
        return at

    def cpu_cost(self, rows: Iterable[CpuRow]) -> float:
        """Seconds of CPU time and, in proportion, of the queueing for it at the same lines."""
        cost = 0.0
        rows = tuple(rows)
        by_place: dict[Place | None, float] = defaultdict(float)
        for row in rows:
            by_place[self.place(row.stack)] += row.seconds
        for place, spent in by_place.items():
            here = sum(row.seconds for row in self.samples_at[place])
            cost += spent + self.queued_at.get(place, 0.0) * (spent / here if here > 0 else 0.0)
        return cost + sum(row.seconds * self._queued_beside.get(row.pid, 0.0) for row in rows)

    @cached_property
    def _queued_beside(self) -> dict[int, float]:
        """Seconds of queueing for each second of CPU time, by process, where lines are told by the language itself: a
        thread that waits for a core shows no line of it then, so its waits belong to all of them alike."""
        waits: dict[int, float] = defaultdict(float)
        for wait in self.evidence.waits or ():
            if wait.kind is WaitKind.RUNNABLE and self._is_beside(wait):
                waits[wait.pid] += wait.seconds
        spent: dict[int, float] = defaultdict(float)
        for row in self.samples:
            spent[row.pid] += row.seconds
        return {pid: waits[pid] / spent[pid] for pid in waits if spent[pid] > 0}

    def _is_beside(self, wait: WaitRow) -> bool:
        return wait.pid in self._told and self.place(wait.stack) is None

    @cached_property
    def _told(self) -> frozenset[int]:
        """Processes whose language tells its lines itself."""
        return frozenset(row.pid for row in self.samples if _is_told(row.stack))

    def fact(self, part: str, what: str, value: float, unit: str) -> Fact:
        """A measured number with the tool and backend that measured it."""
        collection = self.evidence.collections.get(part)
        tool = _TOOLS.get(part, "diagnose")
        return Fact(
            what=what, value=round(value, 6), unit=unit, tool=f"{tool} ({collection.backend})" if collection else tool
        )

    def top_stack(self, rows: Iterable[SyscallRow] | Iterable[CpuRow]) -> Stack:
        """The stack that holds most of the seconds."""
        best = max(rows, key=lambda row: row.seconds, default=None)
        return best.stack if best else ()


def _is_told(stack: Stack) -> bool:
    return any(frame.kind in (FrameKind.JAVASCRIPT, FrameKind.JAVA) for frame in stack[-1:])


def _is_interpreter_lock(rows: list[SyscallRow]) -> bool:
    python = [row for row in rows if row.stack and row.stack[0].kind is FrameKind.PYTHON]
    if any(row.object and "(interpreter)" in row.object for row in rows):
        return True
    if not python or any(basename(row.stack[0].file) == "threading.py" for row in python):
        return False
    waits = sum(row.calls + row.unfinished for row in python)
    blocked = sum(row.blocked_seconds for row in python)
    gives_up = sum(row.errors for row in python) >= 0.2 * waits and blocked / max(waits, 1) < 2 * _SWITCH_INTERVAL
    lines = {(row.stack[0].file, row.stack[0].line) for row in python}
    return gives_up or len(lines) >= _INTERPRETER_STACKS
