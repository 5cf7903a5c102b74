"""Which files, how often, how well?"""

import posixpath
from collections.abc import Iterable

from anyio import to_thread

from perfdoctor.collectors import syscalls
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.files import FilesPart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.proc import open_files
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.files import file_facts
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileAct, FileRow, FileUse
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, strace.NAME, open_files.NAME)
_CALLS = {
    FileAct.OPEN: "open openat openat2 creat",
    FileAct.LOOK: "stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat",
    FileAct.READ: "read readv pread64 preadv preadv2 sendfile copy_file_range splice",
    FileAct.WRITE: "write writev pwrite64 pwritev pwritev2 fallocate",
    FileAct.SYNC: "fsync fdatasync sync_file_range",
    FileAct.LIST: "getdents getdents64",
    FileAct.CHANGE: "rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat symlink symlinkat "
    "truncate ftruncate chmod fchmod fchmodat chown fchown lchown fchownat utimensat utime utimes mknod mknodat",
    FileAct.OTHER: "lseek fadvise64 flock statfs fstatfs chdir fchdir readahead execve execveat",
}
_ACTS = {name: act for act, names in _CALLS.items() for name in names.split()}
_NO_FILES = ("fd:", "futex:")
_MOST_FACTS = 256
Orders = dict[tuple[int, str | None, Stack, bool], tuple[int, int]]
"""(sequential, random) by (pid, path, stack, whether it writes)"""


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    """Every use of a file for ``seconds``: the evidence has ``file_use``, and in ``files`` the size of the 256 dearest.

    By the engine with the source line, exact; strace counts the same without lines and stops the target twice at every
    call; ``proc`` only looks how far the positions of open files move. ProblemError when none can answer.
    """
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        part = FilesPart()
        wanted = Wanted(part=part)
        found = await by_engine_window(host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress)
        return await to_thread.run_sync(lambda: _with_use(host, target, found, part.orders))

    async def by_strace() -> Evidence:
        found = await syscalls.trace_syscalls(host, target, seconds=seconds, backend=strace.NAME, progress=progress)
        return await to_thread.run_sync(lambda: _with_use(host, target, found, None))

    async def by_proc() -> Evidence:
        found = await open_files.watch(host, target, seconds=seconds, progress=progress)
        evidence = Evidence(
            target=target,
            window=found.window,
            collections={"file_use": found.collection},
            file_use=found.profile,
        )
        return await to_thread.run_sync(lambda: _with_facts(host, target, evidence))

    rungs = (
        Rung(bpf.NAME, bpf.unavailable, by_engine),
        Rung(strace.NAME, strace.unavailable, by_strace),
        Rung(open_files.NAME, open_files.unavailable, by_proc),
    )
    return await climb(host, target, backend, rungs)


def _with_use(host: Host, target: Target, found: Evidence, orders: Orders | None) -> Evidence:
    """``orders`` None: the backend cannot tell what is in order."""
    use = use_of(found.syscalls or SyscallProfile(), orders or {}, target.cwd)
    how = found.collections["syscalls"]
    if orders is None:
        how = how.model_copy(update={"lacks": (*how.lacks, "sequential and random access")})
    collections = {**found.collections, "file_use": how}
    evidence = found.model_copy(update={"collections": collections, "file_use": use})
    return _with_facts(host, target, evidence)


def _with_facts(host: Host, target: Target, evidence: Evidence) -> Evidence:
    assert evidence.file_use is not None
    paths = list(dict.fromkeys(row.path for row in evidence.file_use.rows))[:_MOST_FACTS]
    facts = file_facts(host, target, paths, since=evidence.window.started)
    return evidence.model_copy(update={"files": facts})


def use_of(profile: SyscallProfile, orders: Orders, cwd: str | None) -> FileUse:
    """What the system calls did to files; what they did to sockets, pipes and locks is left out."""
    merged: dict[tuple[int, str, FileAct, Stack], list[FileRow]] = {}
    unnamed = 0
    for row in profile.rows:
        act = _ACTS.get(row.syscall)
        if act is None:
            continue
        if row.object is None or row.object.startswith(_NO_FILES):
            # "fd:7" alone: closed before anybody could ask; "fd:7 (socket:[123])" is no file
            unnamed += row.calls if row.object is None or "(" not in row.object else 0
            continue
        path = _absolute(row.object, cwd)
        order = (0, 0)
        if act in (FileAct.READ, FileAct.WRITE):
            order = orders.pop((row.pid, row.object, row.stack, act is FileAct.WRITE), (0, 0))
        merged.setdefault((row.pid, path, act, row.stack), []).append(
            FileRow(
                pid=row.pid,
                path=path,
                act=act,
                stack=row.stack,
                calls=row.calls,
                errors=row.errors,
                empty=row.empty if act is FileAct.READ else 0,
                bytes=row.bytes,
                seconds=row.seconds,
                max_seconds=row.max_seconds,
                sequential=order[0],
                random=order[1],
                histogram=row.histogram,
            )
        )
    rows = [_sum(rows) for rows in merged.values()]
    rows.sort(key=lambda row: (-row.seconds, -row.calls, row.path, row.act))
    return FileUse(rows=tuple(rows), unnamed=unnamed)


def _absolute(path: str, cwd: str | None) -> str:
    """Relative paths are taken to be below the working directory, as most are; openat(2) may mean another folder."""
    return path if path.startswith("/") or not cwd else posixpath.normpath(posixpath.join(cwd, path))


def _sum(rows: list[FileRow]) -> FileRow:
    if len(rows) == 1:
        return rows[0]
    longest = max(len(row.histogram) for row in rows)
    return rows[0].model_copy(
        update={
            **{name: sum(_figures(rows, name)) for name in ("calls", "errors", "empty", "bytes", "seconds")},
            **{name: sum(_figures(rows, name)) for name in ("sequential", "random")},
            "max_seconds": max(row.max_seconds for row in rows),
            "histogram": tuple(
                sum(row.histogram[i] if i < len(row.histogram) else 0 for row in rows) for i in range(longest)
            ),
        }
    )


def _figures(rows: Iterable[FileRow], name: str) -> Iterable[float]:
    return (getattr(row, name) for row in rows)
