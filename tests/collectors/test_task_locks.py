"""What a task waits for is told by its coroutines: a lender of a library, a lock, a semaphore, or work to do."""

import pytest

from perfdoctor.collectors.looking import with_sampled
from perfdoctor.collectors.task_locks import asked
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.lending import lends
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, Waiting
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.target import Target

SITE = "/srv/venv/lib/python3.12/site-packages"
STANDARD = "/usr/lib/python3.12/asyncio"


def stack(*at: str) -> Stack:
    """Each as ``file:function``; the first files are libraries'."""
    return tuple(
        Frame(kind=FrameKind.PYTHON, file=file.replace("~", SITE).replace("@", STANDARD), function=function, line=9)
        for file, _, function in (one.partition(":") for one in at)
    )


USER = "/srv/shop/orders.py:Orders.total"
LOCK = ("@/locks.py:Lock.acquire", "@/locks.py:_ContextManagerMixin.__aenter__")
QUEUE, CONDITION = "@/queues.py:Queue.get", "@/locks.py:Condition.wait"


@pytest.mark.parametrize(
    ("frames", "name", "own"),
    [
        (("~/aiohttp/connector.py:BaseConnector._wait_for_available_connection",
          "~/aiohttp/connector.py:BaseConnector.connect", "~/aiohttp/client.py:ClientSession._request"), "aiohttp", 0),
        (("~/aiohttp/connector.py:BaseConnector.connect", "~/aiohttp/client.py:ClientSession._request"), "aiohttp", 0),
        (("@/locks.py:Event.wait", "~/anyio/_backends/_asyncio.py:Event.wait",
          "~/httpcore/_synchronization.py:AsyncEvent.wait",
          "~/httpcore/_async/connection_pool.py:AsyncPoolRequest.wait_for_connection",
          "~/httpcore/_async/connection_pool.py:AsyncConnectionPool.handle_async_request"), "httpx", 4),
        ((QUEUE, "~/asyncpg/pool.py:Pool._acquire.<locals>._acquire_impl", "~/asyncpg/pool.py:Pool._acquire",
          "~/asyncpg/pool.py:PoolAcquireContext.__aenter__"), "asyncpg", 2),
        (("@/tasks.py:wait_for", "~/asyncpg/pool.py:Pool._acquire"), "asyncpg", 1),
        ((CONDITION, "@/tasks.py:wait_for", "~/psycopg_pool/_acompat.py:ACondition.wait_timeout",
          "~/psycopg_pool/pool_async.py:WaitingClient.wait",
          "~/psycopg_pool/pool_async.py:AsyncConnectionPool._getconn_unchecked"), "psycopg_pool", 4),
        ((CONDITION, "@/locks.py:Condition.wait_for",
          "~/redis/asyncio/connection.py:BlockingConnectionPool.get_connection"), "redis", 2),
        ((*LOCK, "~/redis/asyncio/connection.py:BlockingConnectionPool.get_connection"), "redis", 2),
        ((CONDITION, "~/aiomysql/pool.py:Pool._acquire"), "aiomysql", None),
        ((QUEUE, "@/tasks.py:wait_for", "~/sqlalchemy/util/concurrency.py:greenlet_spawn"), "SQLAlchemy", None),
        ((QUEUE, "~/sqlalchemy/util/compat.py:wait_for", "~/sqlalchemy/util/concurrency.py:greenlet_spawn"),
         "SQLAlchemy", None),
        (("@/locks.py:Event.wait", "~/anyio/_backends/_asyncio.py:Event.wait",
          "~/anyio/_backends/_asyncio.py:CapacityLimiter.acquire_on_behalf_of",
          "~/anyio/_backends/_asyncio.py:CapacityLimiter.__aenter__",
          "~/anyio/_backends/_asyncio.py:AsyncIOBackend.run_sync_in_worker_thread", "~/anyio/to_thread.py:run_sync"),
         "threads of anyio", 2),
        ((QUEUE, "/srv/shop/pool.py:ConnectionPool.acquire"), "pool.py, ConnectionPool.acquire", None),
        (("@/locks.py:Semaphore.acquire", "/srv/shop/pool.py:DbPool.lend"), "pool.py, DbPool.lend", None),
    ],
)  # fmt: skip
def test_lenders(frames: tuple[str, ...], name: str, own: int | None) -> None:
    found = asked(stack(*frames, USER))
    assert found and found.kind is LockKind.POOL
    assert (found.name.endswith(name), found.own) == (True, own)


@pytest.mark.parametrize(
    ("frames", "kind", "name"),
    [
        (LOCK, LockKind.MUTEX, "asyncio.Lock of Orders"),
        (("@/locks.py:Semaphore.acquire",), LockKind.SEMAPHORE, "asyncio.Semaphore of Orders"),
        (("~/anyio/_backends/_asyncio.py:Lock.acquire",), LockKind.MUTEX, "anyio.Lock of Orders"),
        ((*LOCK, "~/sqlalchemy/util/concurrency.py:greenlet_spawn"), LockKind.MUTEX, "asyncio.Lock of greenlet_spawn"),
        ((*LOCK, "/srv/shop/pool.py:ConnectionPool.acquire"), LockKind.MUTEX, "asyncio.Lock of ConnectionPool"),
    ],
)
def test_locks(frames: tuple[str, ...], kind: LockKind, name: str) -> None:
    found = asked(stack(*frames, USER))
    assert found and (found.kind, found.name, found.own) == (kind, name, 0)


@pytest.mark.parametrize(
    "frames",
    [
        (QUEUE, USER),
        (QUEUE, "/srv/shop/work.py:WorkerPool.get_order", USER),
        (QUEUE, "/srv/shop/work.py:WorkerPool.acquire"),
        ("@/locks.py:Event.wait", USER),
        (CONDITION, USER),
        ("@/locks.py:Lock.acquire", CONDITION, USER),
        ("@/tasks.py:sleep", USER),
        (USER,),
        LOCK,
        (),
        # connecting, computing in a thread, sending: not for want of a connection
        ("@/selector_events.py:BaseSelectorEventLoop.sock_connect",
         "~/aiohttp/connector.py:TCPConnector._create_connection", "~/aiohttp/connector.py:BaseConnector.connect"),
        ("~/anyio/_backends/_asyncio.py:AsyncIOBackend.run_sync_in_worker_thread", "~/anyio/to_thread.py:run_sync"),
        ("~/asyncpg/connection.py:Connection.fetch", USER),
        ("@/streams.py:StreamReader.readline", "/srv/shop/pool.py:ConnectionPool.acquire"),
    ],
)  # fmt: skip
def test_waits_for_work_are_none_for_a_lock(frames: tuple[str, ...]) -> None:
    assert asked(stack(*frames)) is None


@pytest.mark.parametrize(
    ("function", "lent"),
    [
        ("Pool.acquire", True),
        ("DbPool.get", True),
        ("ConnectionPool.<locals>.get_conn", True),
        ("borrow_client", True),
        ("get_session", True),
        ("WorkerPool.get", False),
        ("Pool.get_job", False),
        ("Pool.get_order", False),
        ("checkout", False),
        ("get", False),
    ],
)
def test_lenders_of_a_programs_own_are_known_by_their_names(function: str, lent: bool) -> None:
    assert lends(function) is lent


def test_what_the_engine_saw_stays_beside_what_looks_found() -> None:
    of_engine = Lock(pid=7, kind=LockKind.MUTEX, address=0x10, waits=3, seconds=1.0)
    of_tasks = Lock(pid=7, kind=LockKind.POOL, name="connections of aiohttp", waits=2, seconds=5.0, who=Waiting.TASKS)
    evidence = Evidence(
        target=Target(pid=7, start_time=1.0, name="shop"),
        window=Window(started=1.0, seconds=1.0),
        collections={"locks": Collection(backend="bpf", exact=True, lacks=("one",))},
        locks=LockProfile(locks=(of_engine,), waits=3, seconds=1.0),
    )
    looks = Collection(backend="tasks", exact=False, reason="9 looks at its tasks", lacks=("two",))
    both, how = with_sampled(
        evidence, LockProfile(locks=(of_tasks,), waits=2, seconds=5.0), looks, of="locks of asyncio"
    )
    assert (both.locks, both.waits, both.seconds) == ((of_tasks, of_engine), 5, 6.0)
    assert (how.backend, how.exact, how.lacks) == ("bpf", False, ("one", "two"))
    assert "9 looks at its tasks" in how.warnings[0]
