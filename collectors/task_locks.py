"""Which lock, semaphore or pool does a task of asyncio wait for, by the coroutines that it stands in?

A pool is told by the function of its library in which one waits until something is given back; one of the program's own
by that function's name. Queues, events, conditions, sleeps and other tasks are waits for work, or for time: no lock.
"""

import re
from typing import NamedTuple

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.lending import lends
from perfdoctor.schemas.locks import LockKind

# What a library waits with, on behalf of whoever called it.
_WAITS_FOR_OTHERS = re.compile(
    r"/asyncio/(?:locks|queues|tasks|timeouts)\.py$|/anyio/_(?:core|backends)/_(?:synchronization|asyncio|tasks)\.py$"
    r"|/async_timeout/|/httpcore2?/_synchronization\.py$|/psycopg_pool/_acompat\.py$|/pymongo/lock\.py$"
    r"|/redis/asyncio/utils\.py$|/sqlalchemy/util/compat\.py$"
)
_STANDARD_LIBRARY = re.compile(r"/lib(?:64)?/python3\.\d+/(?!(?:site|dist)-packages/)|^<frozen ")
_FOR_WORK = ("Condition.", "Queue.", "LifoQueue.", "PriorityQueue.", "Event.", "Barrier.")
_LOCK, _SEMAPHORES = "Lock.acquire", ("Semaphore.acquire", "CapacityLimiter.acquire_on_behalf_of")


class _Lender(NamedTuple):
    """A library's pool: one waits for it in ``function`` (a pattern) of ``file`` (another). The ``self`` of
    ``pool`` (a pattern, of a function of the same file) has how much it lends in one of ``sizes``; the least counts.
    ``bare``: it waits in that function itself, and not with a queue or the like."""

    file: str
    function: str
    name: str
    pool: str = "$."
    sizes: tuple[bytes, ...] = ()
    bare: bool = False


_LENDERS = (
    _Lender(
        r"/aiohttp/connector\.py$",
        r"\.(?:_wait_for_available_connection|connect)$",
        "connections of aiohttp",
        r"\.(?:_wait_for_available_connection|connect)$",
        (b"_limit", b"_limit_per_host"),
        bare=True,
    ),
    _Lender(
        r"/httpcore2?/_async/connection_pool\.py$",
        r"\.wait_for_connection$",
        "connections of httpx",
        r"\.handle_async_request$",
        (b"_max_connections",),
    ),
    _Lender(
        r"/asyncpg/pool\.py$",
        r"^Pool\._acquire(?:\.<locals>\._acquire_impl)?$",
        "connections of asyncpg",
        r"^Pool\._acquire$",
        (b"_maxsize",),
    ),
    _Lender(
        r"/psycopg_pool/[^/]*async[^/]*\.py$",
        r"^(?:WaitingClient|AsyncClient)\.wait$",
        "connections of psycopg_pool",
        r"ConnectionPool\._?getconn\w*$",
        (b"_max_size",),
    ),
    _Lender(
        r"/redis/asyncio/connection\.py$",
        r"^BlockingConnectionPool\.get_connection$",
        "connections of redis",
        r"^BlockingConnectionPool\.get_connection$",
        (b"max_connections",),
    ),
    _Lender(r"/aiomysql/pool\.py$", r"^Pool\._acquire$", "connections of aiomysql"),
    _Lender(r"/aiopg/pool\.py$", r"^Pool\._acquire$", "connections of aiopg"),
    _Lender(r"/aioodbc/pool\.py$", r"^Pool\._acquire$", "connections of aioodbc"),
    _Lender(r"/aio_pika/pool\.py$", r"^Pool\.(?:_get|acquire)$", "channels of aio_pika"),
    _Lender(r"/pymongo/asynchronous/pool\.py$", r"^Pool\._get_conn$", "connections of pymongo"),
    # (the pool itself runs in a greenlet, which is on no stack of coroutines)
    _Lender(r"/sqlalchemy/util/[^/]*concurrency[^/]*\.py$", r"^greenlet_spawn$", "connections of SQLAlchemy"),
)
_THREADS = _Lender(
    r"/anyio/_backends/_asyncio\.py$",
    r"run_sync_in_worker_thread$",
    "threads of anyio",
    r"^CapacityLimiter\.acquire_on_behalf_of$",
    (b"_total_tokens",),
)
_LOCKS = {
    _LOCK: (),
    "Semaphore.acquire": (b"_bound_value",),
    "CapacityLimiter.acquire_on_behalf_of": (b"_total_tokens",),
}


class Asked(NamedTuple):
    """What is waited for. The first argument of the function at ``own`` (an index in the stack) is the lock or the
    pool itself, where one of ``sizes`` says how much it lends; None: none is."""

    kind: LockKind
    name: str
    own: int | None = None
    sizes: tuple[bytes, ...] = ()


def asked(stack: Stack) -> Asked | None:
    """What a task that waits with this stack wants to have; None: it waits for something else."""
    with_what: list[str] = []
    for at, frame in enumerate(stack):
        if not _WAITS_FOR_OTHERS.search(frame.file or ""):
            return _lent(stack, at, with_what) or _locked(stack, at, with_what)
        if with_what and _is(frame, _THREADS):
            return _of(_THREADS, stack) if any(name in _SEMAPHORES for name in with_what) else None
        with_what.append(frame.function)
    return None


def _lent(stack: Stack, at: int, with_what: list[str]) -> Asked | None:
    for lender in _LENDERS:
        if _is(stack[at], lender):
            if lender.name == "connections of SQLAlchemy" and not _is_of_a_queue(with_what):
                return None
            return _of(lender, stack) if lender.bare is not bool(with_what) else None
    waits = any(name.endswith((".get", "Condition.wait", *_SEMAPHORES)) for name in with_what)
    frame = stack[at]
    if waits and lends(frame.function) and not _STANDARD_LIBRARY.search(frame.file or ""):
        return Asked(LockKind.POOL, clean(f"{_basename(frame)}, {frame.function}", 120))
    return None


def _is_of_a_queue(with_what: list[str]) -> bool:
    return any(name.endswith("Queue.get") for name in with_what) or with_what == ["wait_for"]


def _is(frame: Frame, lender: _Lender) -> bool:
    return bool(re.search(lender.function, frame.function) and re.search(lender.file, frame.file or ""))


def _of(lender: _Lender, stack: Stack) -> Asked:
    pools = (
        i for i, f in enumerate(stack) if re.search(lender.pool, f.function) and re.search(lender.file, f.file or "")
    )
    return Asked(LockKind.POOL, lender.name, next(pools, None), lender.sizes)


def _locked(stack: Stack, at: int, with_what: list[str]) -> Asked | None:
    own = next((i for i, name in enumerate(with_what) if name in _LOCKS), None)
    # (a limiter waits with an event; who is told by a condition takes its lock again, for a moment)
    if own is None or any(name.startswith(_FOR_WORK) for name in with_what[own:]):
        return None
    if own and with_what[own] == _LOCK and any(name.startswith(_FOR_WORK) for name in with_what[:own]):
        return None
    name = with_what[own]
    kind = LockKind.MUTEX if name == _LOCK else LockKind.SEMAPHORE
    library = "anyio" if "/anyio/" in (stack[own].file or "") else "asyncio"
    called = clean(f"{library}.{name.partition('.')[0]} of {_owner(stack[at].function)}", 120)
    return Asked(kind, called, own, _LOCKS[name])


def _owner(function: str) -> str:
    """Whose lock it is in all likelihood: a method's object has it, ``Cart`` of ``Cart.add``; else the function uses
    one that it was given, or one of its module."""
    inner = function.rpartition("<locals>.")[2]
    return inner.rpartition(".")[0] or inner


def _basename(frame: Frame) -> str:
    return (frame.file or "").rpartition("/")[2]
