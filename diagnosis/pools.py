"""Which stacks are those of a pool's workers?"""

from perfdoctor.diagnosis.user_code import basename
from perfdoctor.schemas.frame import FrameKind, Stack

_JAVA = ("java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.ForkJoinWorkerThread.run",
         "java.util.concurrent.ForkJoinPool.runWorker")  # fmt: skip


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
