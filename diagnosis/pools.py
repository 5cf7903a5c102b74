"""Pools: which stacks are those of workers, and which wait until a pool has something to lend them."""

from collections.abc import Set

from perfdoctor.diagnosis.user_code import basename, is_user_code
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.lending import lends

_JAVA = ("java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.ForkJoinWorkerThread.run",
         "java.util.concurrent.ForkJoinPool.runWorker")  # fmt: skip
# Where libraries keep connections and the like, and lend them: parts of paths, and classes of Java.
_LENDERS = ("/sqlalchemy/pool/", "/psycopg_pool/", "/psycopg2/pool.py", "/urllib3/connectionpool.py",
            "/redis/connection.py", "/pymongo/pool.py", "/mysql/connector/pooling.py", "/dbutils/",
            "/httpcore/_sync/connection_pool.py")  # fmt: skip
_JAVA_LENDERS = ("com.zaxxer.hikari.pool.", "org.apache.commons.pool2.", "org.apache.commons.pool.",
                 "org.apache.tomcat.jdbc.pool.", "com.mchange.v2.resourcepool.",
                 "org.apache.http.pool.", "org.apache.http.impl.conn.PoolingHttpClient")  # fmt: skip


def lender_of(stack: Stack, lent: Set[tuple[str | None, int | None]] = frozenset()) -> str | None:
    """The library whose pool has nothing left to lend, of a thread that waits for a connection of it: its file or
    class. ``lent``: lines that wait for what a pool of the program's own lends."""
    waits = bool(stack) and basename(stack[0].file) in ("threading.py", "queue.py")
    for frame in stack:
        if frame.kind is FrameKind.JAVA:
            if frame.function.startswith(_JAVA_LENDERS):
                return frame.function.rsplit(".", 1)[0]
        elif frame.kind is FrameKind.PYTHON and waits:
            lender = next((part for part in _LENDERS if part in (frame.file or "")), None)
            if lender:
                return lender.strip("/")
        if is_user_code(frame):
            # (a pool of the program's own: Pool.lend, ConnectionPool.acquire)
            named = waits and frame.kind is FrameKind.PYTHON and lends(frame.function)
            own = named or (frame.file, frame.line) in lent
            return f"{basename(frame.file)}, {frame.function}" if own else None
    return None


def worker_of(stack: Stack) -> str | None:
    """The kind of pool whose worker stands at the outer end of the stack: ``futures``, ``multiprocessing``, ``java``;
    None for other threads."""
    for frame in reversed(stack):
        if frame.kind is FrameKind.JAVA:
            if frame.function.startswith(_JAVA):
                return "java"
        elif frame.kind is FrameKind.PYTHON:
            file, function = basename(frame.file), frame.function
            if (file, function) == ("thread.py", "_worker"):
                return "futures"
            if (file, function) in (("pool.py", "worker"), ("process.py", "_process_worker")):
                return "multiprocessing"
    return None
