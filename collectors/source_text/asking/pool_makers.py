"""Where does a process make its pool of workers, and where does it say how many connections one lends, by the text of
its files?

A pool that is too small or too large is mended where it is made, and no stack leads there: it was made when the program
began. Where its own files make one pool only, or threads in one loop only, that line is it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.own_files import files_of, may_be_own, stacks_of
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.locks import WORKERS
from perfdoctor.schemas.threads import PoolLine

if TYPE_CHECKING:
    from tree_sitter import Node

_LEAST_THREADS = 3
"""fewer are no pool, or one that nobody asks about"""
_MOST_FILES = 64
_WITHOUT = frozenset({"node", "go"})
"""runtimes whose programs do not make threads themselves"""
_POOLS = grammar.words(
    "ThreadPoolExecutor ProcessPoolExecutor Pool ThreadPool newFixedThreadPool newCachedThreadPool newWorkStealingPool"
    " newSingleThreadExecutor newScheduledThreadPool newSingleThreadScheduledExecutor ForkJoinPool Executor"
)
_SETTERS = grammar.words("SetMaxOpenConns setMaximumPoolSize setMaxPoolSize setMaxTotal setMaxActive")
_LENDERS = grammar.words(
    "create_pool createPool knex ConnectionPool AsyncConnectionPool BlockingConnectionPool SimpleConnectionPool"
    " ThreadedConnectionPool PooledDB create_engine create_async_engine TCPConnector Limits HikariDataSource"
)
_LENDERS_OF_JAVASCRIPT = _LENDERS | {"Pool"}
"""(which is one of processes in Python)"""
_SETTINGS = grammar.words(
    "pool_size maximumPoolSize maxPoolSize max_pool_size connectionLimit max_connections MaxConnsPerHost maxSockets"
    " limit_per_host"
)
_LIMIT_NAMES = _SETTINGS | grammar.words("max_size maxsize maxconn max limit")
"""of a pool that is made with its limit"""
_LIMITS = _SETTERS | _SETTINGS | _LENDERS_OF_JAVASCRIPT
# pool_size=2   "pool_size": 2   MaxConnsPerHost: 2
_SETTING = re.compile(rf"\b(?:{'|'.join(sorted(_SETTINGS))})[\"']?\s*[:=,]\s*[\"']?\d")
_THREADS = grammar.words("Thread Process pthread_create thread jthread spawn")
_EMPLACES = grammar.words("emplace_back emplace")
_OF_THREADS = re.compile(r"<\s*(?:std::)?j?thread\s*>")
_Files = Mapping[int, list[str]]


class Maker(NamedTuple):
    line: int
    function: str


def with_pools(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, which knows that line of each process where there is but one."""
    files = files_of(stacks_of(evidence))
    pools = list(_lenders(sources, evidence, files))
    if evidence.target.runtime not in _WITHOUT:
        pools += _workers(sources, evidence, files)
    elif evidence.target.runtime == "go":
        pools += _receivers(sources, evidence)
    return evidence.model_copy(update={"pools": tuple(pools)}) if pools else evidence


def _lenders(sources: SourcesOfAll, evidence: Evidence, files: _Files) -> Iterator[PoolLine]:
    """The line that sets how many connections are lent: by a call that is there for that, by its name in a list of
    settings, or else where the pool is made. Several at once tell nothing."""
    if evidence.network is None or not any(peer.direction == "outgoing" for peer in evidence.network.peers):
        return
    for pid, own_files in files.items():
        own = sources.of(pid)
        some = [file for file in sorted(own_files)[:_MOST_FILES] if own.says(file, _LIMITS)]
        known = [(file, source) for file in some if (source := own.of(file))]
        said = _all(known, _said_in)
        made = _all(known, _setters_in) or said or _all(known, _lenders_in)
        if len(made) == 1:
            ((file, maker),) = made
            yield PoolLine(pid=pid, file=file, line=maker.line, function=maker.function, lends=True)


def _workers(sources: SourcesOfAll, evidence: Evidence, files: _Files) -> Iterator[PoolLine]:
    threads = Counter[int]()
    for time in evidence.threads or ():
        threads[time.pid] += time.count
    for pid, own_files in files.items():
        # (a child of a pool of processes has one thread, and many brothers)
        if threads[pid] < _LEAST_THREADS and len(threads) < _LEAST_THREADS:
            continue
        own = sources.of(pid)
        some = [file for file in sorted(own_files)[:_MOST_FILES] if own.says(file, _POOLS | _THREADS)]
        known = [(file, source) for file in some if (source := own.of(file))]
        made = _all(known, pools_in) or _all(known, threads_in)
        if len(made) == 1:
            ((file, maker),) = made
            yield PoolLine(pid=pid, file=file, line=maker.line, function=maker.function)


def _receivers(sources: SourcesOfAll, evidence: Evidence) -> Iterator[PoolLine]:
    """Of Go the line that starts, in a loop, the goroutines that receive what others wait to hand on."""
    for lock in evidence.locks.locks if evidence.locks else ():
        for wait in lock.waiters if lock.name.startswith(WORKERS) else ():
            own = ((f.file, f.line) for f in wait.waiter if f.file and f.line and may_be_own(f.file))
            file, line = next(own, ("", 0))
            source = sources.of(lock.pid).of(file)
            made = list(receivers_in(source, line)) if source is not None else []
            if len(made) == 1:
                yield PoolLine(pid=lock.pid, file=file, line=made[0].line, function=made[0].function)
                return


def receivers_in(source: Source, line: int) -> Iterator[Maker]:
    """The lines that start goroutines in a loop which receive from the channel that a line sends on."""
    sends = next((each for each in source.near(line) if each.type == "send_statement"), None)
    to = sends.child_by_field_name("channel") if sends is not None else None
    channel = syntax.last_name(to) if to is not None else ""
    for each in syntax.within(source.root, functions=True) if channel else ():
        if each.type != "go_statement" or not each.named_children or not any(syntax.loops_around(each)):
            continue
        call = each.named_children[0]
        started = call.child_by_field_name("function")
        literal = started if started is not None and started.type in grammar.FUNCTIONS else None
        worker = literal or inlined.called(source, call)
        if worker is not None and any(syntax.last_name(of) == channel for of in _received_from(worker)):
            yield Maker(each.start_point[0] + 1, syntax.name_around(each))


def _received_from(function: "Node") -> "Iterator[Node]":
    """``for job := range d.jobs``, ``job := <-d.jobs``"""
    for loop in syntax.loops_in(function):
        yield from loop.over
    for each in syntax.within(function):
        if each.type == "unary_expression" and any(child.type == "<-" for child in each.children):
            yield from each.named_children[-1:]


def _all(known: list[tuple[str, Source]], makers_in: Callable[[Source], Iterator[Maker]]) -> list[tuple[str, Maker]]:
    return [(file, maker) for file, source in known for maker in makers_in(source)]


def pools_in(source: Source) -> Iterator[Maker]:
    """The lines of a file that make a pool."""
    return _makers(source, _POOLS)


def _said_in(source: Source) -> Iterator[Maker]:
    for line in (number for number, text in enumerate(source.lines, 1) if _SETTING.search(text)):
        node = source.at(line)
        yield Maker(line, syntax.name_around(node) if node is not None else "")


def _setters_in(source: Source) -> Iterator[Maker]:
    return _makers(source, _SETTERS)


def _lenders_in(source: Source) -> Iterator[Maker]:
    return _makers(source, _LENDERS_OF_JAVASCRIPT if source.is_javascript else _LENDERS, _limit_in)


def _limit_in(call: "Node") -> "Node":
    """What says how many, among the arguments of a call that makes a pool: ``max_size=2``, ``{ max: 2 }``; the call
    itself where nothing does."""
    named = (each for each in syntax.within(call) if each.type in ("keyword_argument", "pair"))
    limits = (each for each in named if syntax.text_of(syntax.first_field(each, "name", "key")) in _LIMIT_NAMES)
    return next(limits, call)


def threads_in(source: Source) -> Iterator[Maker]:
    """The lines of a file that make threads in a loop, those among them that do so in a vector of C++."""
    vectors = {name for name, types in source.declared.items() if any(map(_OF_THREADS.search, types))}
    in_vectors = (
        Maker(call.start_point[0] + 1, syntax.name_around(call))
        for name in sorted(_EMPLACES)
        for call in source.calls.get(name, ())
        if (owner := syntax.owner_of_call(call)) is not None and syntax.last_name(owner) in vectors
    )
    made = {maker.line: maker for maker in (*_makers(source, _THREADS), *in_vectors)}
    return (made[line] for line in sorted(made) if source.inmost_loop(line))


def _makers(
    source: Source, names: frozenset[str], told: "Callable[[Node], Node]" = lambda call: call
) -> Iterator[Maker]:
    """The lines of calls of one of ``names``, or of what of the call is ``told``."""
    mentions = (each for name in sorted(names) for each in source.mentions(name, source.root))
    calls = {
        call.id: call for each in mentions if (call := _call_of(each)) is not None and syntax.called_name(call) in names
    }
    for call in sorted(calls.values(), key=lambda call: call.start_byte):
        yield Maker(told(call).start_point[0] + 1, syntax.name_around(call))


def _call_of(name: "Node") -> "Node | None":
    """The call that a name is the function of, or the class."""
    near = islice(syntax.around(name), 4)
    return next((each for each in near if each.type in grammar.CALLS), None)
