"""A caller's program, read whole and written anew so that it sees nothing but its target.

Nothing is handed on that was not understood: the text that runs is made from the words that were read. Each probe that
fires in processes gets the target's filter before its own; BEGIN, END and interval, which fire in whatever process
happens to run, may only use what the others put into maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from perfdoctor.collectors.backends.bpftrace.language import probes
from perfdoctor.collectors.backends.bpftrace.language.expressions import RESERVED, Expressions, Shape
from perfdoctor.collectors.backends.bpftrace.language.probes import Held, Probe, Resolve, held_always
from perfdoctor.collectors.backends.bpftrace.language.rules import Scope
from perfdoctor.collectors.backends.bpftrace.language.tokens import Kind, Words, refuse

MOST_PROBES = 64
MOST_MAPS = 32
MOST_UNROLLED = 32
MOST_PIDS = 256
TREE = f"@{RESERVED}_tree"
SAID = f"@{RESERVED}_said"
_DEEPEST = 16
_ASSIGN = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")


@dataclass(frozen=True, slots=True)
class Clause:
    """Some probes, the caller's predicate, and what happens then."""

    probes: tuple[Probe, ...]
    predicate: str | None
    body: str

    @property
    def scope(self) -> Scope:
        return self.probes[0].scope


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks, understood and checked."""

    clauses: tuple[Clause, ...]
    maps: frozenset[str]

    @property
    def kinds(self) -> frozenset[str]:
        """uprobe, tracepoint …"""
        return frozenset(probe.name for clause in self.clauses for probe in clause.probes)

    @property
    def in_processes(self) -> bool:
        return any(clause.scope is Scope.TARGET for clause in self.clauses)


def read(
    program: str,
    *,
    resolve: Resolve,
    held: Held = held_always,
    anywhere: bool = False,
    go: bool = False,
    lent: bool = False,
) -> Asked:
    """ProgramRefusedError for a program that cannot be read, or that may do what is not allowed. ``lent``: it is to run
    with the privileged helper's rights, for somebody who has none."""
    words = Words(program)
    clauses: list[Clause] = []
    maps: set[str] = set()
    begun: set[str] = set()
    count = 0
    while not words.ended:
        clause = _clause(words, maps, resolve=resolve, held=held, anywhere=anywhere, go=go, lent=lent)
        count += len(clause.probes)
        for probe in clause.probes:
            if probe.name in ("BEGIN", "END") and (probe.name in begun or len(clause.probes) > 1):
                raise refuse(f"There is more than one {probe.name}.", "One runs, by itself", "Put all into one.")
            begun.add(probe.name)
        clauses.append(clause)
    for there, most, what in ((count, MOST_PROBES, "probes"), (len(maps), MOST_MAPS, "maps")):
        if there > most:
            why = "Each of them is put into the kernel"
            raise refuse(f"The program has {there} {what}; {most} are allowed.", why, "Ask one question at a time.")
    if not clauses:
        raise refuse("The program is empty.", "It has no probe", "Say what to trace, for example " + EXAMPLE)
    return Asked(tuple(clauses), frozenset(maps))


EXAMPLE = "tracepoint:raw_syscalls:sys_enter { @calls[args->id] = count(); }"


@dataclass(frozen=True, slots=True)
class Confined:
    """What is run. ``probes``: how many bpftrace must find; it leaves out silently a function that is not there."""

    text: str
    probes: int


def confined(asked: Asked, pids: Sequence[int], *, follow: bool, mark: str, whose: str = "") -> Confined:
    """The program that is run: for ``pids`` (the first is the target) and, with ``follow``, what they fork. It prints
    ``mark`` ten times a second, from when all is attached. ``whose``: a condition of ours that must hold besides."""
    begin, rest = "", []
    many = follow or len(pids) > 1
    probes = 1  # the mark
    for clause in asked.clauses:
        if clause.probes[0].name == "BEGIN":
            begin = clause.body if clause.predicate is None else f"if ( {clause.predicate} ) {{ {clause.body} }}"
            continue
        wanted = [f"( {clause.predicate} )"] if clause.predicate is not None else []
        if clause.scope is Scope.TARGET:
            ours = f"( {TREE} [ pid ] )" if many else f"( pid == {int(pids[0])} )"
            wanted = [ours, *([f"( {whose} )"] if whose else []), *wanted]
        predicate = f" / {' && '.join(wanted)} /" if wanted else ""
        probes += len(clause.probes)
        names = " ,\n".join(probe.text for probe in clause.probes)
        rest.append(f"{names}{predicate}\n{{\n{clause.body}\n}}")
    if many and asked.in_processes:
        begin = "\n".join([*(f"{TREE} [ {int(pid)} ] = 1 ;" for pid in pids[:MOST_PIDS]), begin])
    if follow and asked.in_processes:
        probes += 2
        # After the caller's own, which may look at the same events: a process leaves when they have seen it end.
        theirs = f"{TREE} [ pid ] && ( {whose} )" if whose else f"{TREE} [ pid ]"
        rest.append(f"tracepoint:sched:sched_process_fork / {theirs} / {{ {TREE} [ args->child_pid ] = 1 ; }}")
        rest.append(f"tracepoint:sched:sched_process_exit / {TREE} [ pid ] / {{ delete ( {TREE} [ tid ] ) ; }}")
    first = [f"BEGIN\n{{\n{begin}\n}}"] if begin.strip() else []
    text = "\n".join([*first, *rest, f'interval:ms:100 {{ printf ( "{mark}" ) ; }}', ""])
    return Confined(text, probes + len(first))


def _clause(
    words: Words, maps: set[str], *, resolve: Resolve, held: Held, anywhere: bool, go: bool, lent: bool
) -> Clause:
    found: list[Probe] = []
    while True:
        token = words.probe()
        found.append(probes.check(token, resolve=resolve, anywhere=anywhere, go=go, lent=lent))
        if not words.taken(","):
            break
    if len({probe.scope for probe in found}) > 1:
        raise refuse(
            "Probes of the target and probes of no process share a block.",
            "BEGIN, END and interval run in whatever process happens to be on the CPU",
            "Give them blocks of their own.",
            token.line,
        )
    names = [probe.text for probe in found]

    def held_by_all(field: str) -> bool:
        return all(held_always(name, field) or held(name, field) for name in names)

    expressions = Expressions(words, found[0].scope, maps, held=held_by_all, lent=lent)
    predicate = None
    if words.taken("/"):
        predicate = expressions.expression().text
        words.expect("/")
    words.expect("{")
    return Clause(tuple(found), predicate, _Statements(words, expressions).block())


class _Statements:
    def __init__(self, words: Words, expressions: Expressions) -> None:
        self._words, self._expressions = words, expressions
        self._depth = 0
        self._unrolling = False

    def block(self) -> str:
        """To the ``}`` that ends it."""
        self._depth += 1
        if self._depth > _DEEPEST:
            why = "Each level multiplies what is compiled"
            raise refuse(f"Blocks are nested more than {_DEEPEST} deep.", why, "Flatten it.", self._words.next.line)
        said = []
        while not self._words.taken("}"):
            if not self._words.taken(";"):
                said.append(self._statement())
        self._depth -= 1
        return "\n".join(said)

    def _statement(self) -> str:
        words = self._words
        if words.taken("if"):
            return self._if()
        if words.taken("while"):
            return f"while ( {self._condition()} ) {self._inner()}"
        if token := words.taken("unroll"):
            return self._unroll(token.line)
        if token := words.taken("return", "break", "continue"):
            self._end()
            return f"{token.text} ;"
        token = words.next
        read = self._expressions.expression()
        if sign := words.taken(*_ASSIGN):
            if read.shape not in (Shape.MAP, Shape.VARIABLE) or read.stepped:
                raise refuse(
                    "Only maps and variables may be assigned.",
                    f"{token.shown} begins something else: nothing may be written into the target",
                    "Assign to a map (@name) or a variable ($name).",
                    token.line,
                )
            text = f"{read.text} {sign.text} {self._expressions.expression().text}"
        elif read.stepped or read.shape is Shape.CALL:
            # What is printed is counted in the kernel: bpftrace does not say of all that it loses.
            text = f"{SAID} = count ( ) ;\n{read.text}" if token.text == "printf" else read.text
        else:
            raise refuse(
                f"{token.shown} begins no statement.",
                "A statement is a call, an assignment, if, while or unroll",
                "Assign it to a map or a variable, or print it.",
                token.line,
            )
        self._end()
        return f"{text} ;"

    def _end(self) -> None:
        if self._words.next.text != "}" or self._words.next.kind is not Kind.SIGN:
            self._words.expect(";")

    def _condition(self) -> str:
        self._words.expect("(")
        text = self._expressions.expression().text
        self._words.expect(")")
        return text

    def _inner(self) -> str:
        self._words.expect("{")
        return f"{{\n{self.block()}\n}}"

    def _if(self) -> str:
        text = f"if ( {self._condition()} ) {self._inner()}"
        if self._words.taken("else"):
            text += f" else {self._if() if self._words.taken('if') else self._inner()}"
        return text

    def _unroll(self, line: int) -> str:
        self._words.expect("(")
        number = self._words.take()
        self._words.expect(")")
        times = int(number.text) if number.kind is Kind.NUMBER and number.text.isdecimal() else 0
        if self._unrolling or not 1 <= times <= MOST_UNROLLED:
            raise refuse(
                "The program unrolls too much.",
                f"unroll copies its block: at most {MOST_UNROLLED} times, written as a number, and not within another",
                "Use while, or a smaller number.",
                line,
            )
        self._unrolling = True
        inner = self._inner()
        self._unrolling = False
        return f"unroll ( {times} ) {inner}"
