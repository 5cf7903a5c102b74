"""Asks perf: where CPU time goes, by sampling, and what is asked of the kernel, by counting."""

import contextlib
from collections import Counter, defaultdict
from tempfile import TemporaryDirectory

from anyio import to_thread

from perfdoctor.collectors.backends.perf import command
from perfdoctor.collectors.backends.perf.parse import Place, Sample, ScriptReader, SummaryReader
from perfdoctor.collectors.exact_cpu import CpuWatch, share_out
from perfdoctor.collectors.host.base import Host, Program
from perfdoctor.collectors.host.follow import Followed, follow, words
from perfdoctor.collectors.host.permission import CAP_PERFMON, CAP_SYS_ADMIN, capable, number_in
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.runtimes.file_names import FileNames
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.syscalls import ErrnoCount, SyscallProfile, SyscallRow
from perfdoctor.schemas.target import Target

NAME = "perf"
_PARANOID = "/proc/sys/kernel/perf_event_paranoid"
_NO_EVENTS = 1000
_OWN_PROCESSES_ALLOWED = 2
"""perf_event_paranoid up to which a user may sample his own processes; distributions set 3 or 4 to forbid it"""
_TRACEFS = "/sys/kernel/tracing"
_DEEPEST = 127
"""frames that the kernel keeps of a stack (kernel.perf_event_max_stack)"""
_KERNEL_HALF = 1 << 63
_SECONDS_PER_CALL = 25e-6
"""What perf trace adds to each system call: about as much as strace (bench/overhead.py)."""


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why perf cannot sample CPU time here; None when it can. Looks only."""
    if host.which("perf") is None:
        return Problem(
            what="perf is not available.",
            why="The program perf is not installed, or not on PATH.",
            next_step="Install it: apt-get install linux-perf (Ubuntu: linux-tools-generic), or dnf install perf.",
        )
    paranoid = number_in(host, _PARANOID, otherwise=_NO_EVENTS)
    if paranoid == _NO_EVENTS:
        return Problem(
            what="perf cannot run on this kernel.",
            why=f"{_PARANOID} cannot be read: the kernel has no performance events, or /proc is hidden.",
            next_step="Use backend py-spy for a Python process.",
        )
    if paranoid > _OWN_PROCESSES_ALLOWED and not capable(host, CAP_PERFMON, CAP_SYS_ADMIN):
        return Problem(
            what="perf may not be used by this user.",
            why=f"kernel.perf_event_paranoid is {paranoid}: that leaves perf to root and holders of CAP_PERFMON.",
            next_step="Run perfdoctor as root, or as root run: sysctl kernel.perf_event_paranoid=2",
        )
    return None


def unavailable_for_syscalls(host: Host, target: Target | None = None) -> Problem | None:
    """Why perf cannot count system calls here: beyond what sampling needs, it reads the tracepoints in tracefs."""
    if problem := unavailable(host, target):
        return problem
    try:
        if host.list_folder(f"{_TRACEFS}/events/raw_syscalls"):
            return None
    except PermissionError:
        return Problem(
            what="perf may not count system calls for this user.",
            why=f"Only root may read the kernel's tracepoints in {_TRACEFS}.",
            next_step="Run perfdoctor as root, or use backend strace on your own processes.",
        )
    except OSError:
        pass
    if capable(host, CAP_SYS_ADMIN):
        return None  # mounted for perf alone
    return Problem(
        what="perf cannot count system calls here.",
        why=f"perf trace reads the kernel's tracepoints from tracefs, which is not mounted on {_TRACEFS}.",
        next_step=f"As root run: mount -t tracefs tracefs {_TRACEFS}",
    )


async def trace_cpu(host: Host, target: Target, *, seconds: float, hz: int, progress: Progress) -> Measured[CpuProfile]:
    """CPU samples of the target, ``hz`` per second of CPU time, by frame pointers: native functions and lines, never
    Python's. Ends early, marked partial, when the target exits. ProblemError when perf cannot attach."""
    watch = CpuWatch(host, target)
    pids = await to_thread.run_sync(tree, host, target)
    with TemporaryDirectory(prefix="perfdoctor-") as folder:
        recorded = f"{folder}/perf.data"
        async with host.run(command.record(pids, hz, recorded), extra_environment=command.ENVIRONMENT) as program:
            went = await follow_perf(host, program, watch, seconds, progress)
        reader = ScriptReader()
        async with host.run(command.script(recorded), extra_environment=command.ENVIRONMENT) as program:
            async for chunk in program.output():
                await to_thread.run_sync(reader.feed, chunk)
            code = await program.wait()
            complaint = await words(program)
    reader.close()
    if code != 0 or (not reader.samples and reader.not_understood):
        raise failed(f"{went.errors}; {complaint}")
    return await to_thread.run_sync(lambda: _cpu_profile(target, reader, watch, hz, window_of(went, watch)))


async def follow_perf(host: Host, program: Program, watch: CpuWatch, seconds: float, progress: Progress) -> Followed:
    """Let perf watch for ``seconds``; it has ended when this returns. perf says nothing before its end."""

    async def attached() -> bool:
        watching = await to_thread.run_sync(_holds_perf_events, host, program.pid)
        if watching:
            await to_thread.run_sync(watch.begin)
        return watching

    def tell(elapsed: float) -> None:
        watch.look_at(elapsed)
        doing = f"is watching; the target used {watch.seconds:.2f} s of CPU so far" if elapsed else "attaches"
        progress(elapsed, f"perf {doing}")

    return await follow(program, lambda _chunk: None, seconds=seconds, attached=attached, tell=tell)


def _holds_perf_events(host: Host, pid: int) -> bool:
    try:
        open_files = host.list_folder(f"/proc/{pid}/fd")
        return any(host.read_link(f"/proc/{pid}/fd/{fd}") == "anon_inode:[perf_event]" for fd in open_files)
    except OSError:
        return False


def window_of(went: Followed, watch: CpuWatch) -> Window:
    partial = "the target ended" if went.by_itself or watch.ended else None
    return Window(started=went.started, seconds=went.seconds, partial=partial)


def failed(said: str) -> ProblemError:
    return ProblemError(
        "perf did not measure the target.",
        f"It said: {said}",
        "Check with proc-find that the process still runs and is yours; root may measure every process.",
    )


def _cpu_profile(
    target: Target, reader: ScriptReader, watch: CpuWatch, hz: int, window: Window
) -> Measured[CpuProfile]:
    samples: Counter[Sample] = Counter()
    for sample, taken in reader.samples.items():
        pid = sample.pid if sample.pid > 0 else target.pid  # -1: the thread was just ending
        if pid in target.pids or target.children:
            samples[sample._replace(pid=pid)] += taken
    per_process: dict[int, int] = defaultdict(int)
    for sample, taken in samples.items():
        per_process[sample.pid] += taken
    cpu_seconds, weight = share_out(per_process, watch, hz)
    names = FileNames()
    merged: Counter[tuple[int, str, Stack, Stack]] = Counter()
    missing = truncated = 0
    try:
        for sample, taken in samples.items():
            kernel = tuple(_kernel_frame(place) for place in sample.frames if place.address >= _KERNEL_HALF)
            stack, cut = user_stack(names, sample)
            missing += 0 if stack else taken
            truncated += taken if cut else 0
            merged[sample.pid, clean(sample.thread, 32), stack, kernel] += taken
    finally:
        names.close()
    rows = [
        CpuRow(pid=pid, thread=thread, stack=stack, kernel=kernel, samples=taken, seconds=taken * weight[pid])
        for (pid, thread, stack, kernel), taken in merged.items()
    ]
    rows.sort(key=lambda row: (-row.seconds, row.pid, row.thread))
    total = sum(per_process.values())
    profile = CpuProfile(rows=tuple(rows), hz=hz, samples=total, cpu_seconds=cpu_seconds, sampled_seconds=total / hz)
    warnings = []
    if target.runtime.startswith("python"):
        warnings.append("perf names the interpreter's own functions, not the lines of Python: backend py-spy does")
    if truncated:
        warnings.append(
            "some stacks end early: code without frame pointers (-fno-omit-frame-pointer) hides its callers"
        )
    collection = Collection(
        backend=NAME,
        exact=False,
        lost=reader.lost,
        truncated_stacks=truncated,
        missing_stacks=missing,
        not_understood=reader.not_understood,
        lacks=("Python lines", "waiting time"),
        cost=TargetCost(kind="perturbs", events=total, estimated_seconds=0.0),
        warnings=tuple(warnings),
    )
    return Measured(profile, collection, window)


def user_stack(names: FileNames, sample: Sample) -> tuple[Stack, bool]:
    """The program's own frames of a sample, innermost first, and whether callers are missing."""
    user = [place for place in sample.frames if place.address < _KERNEL_HALF]
    known = _without_broken_end(user)
    stack = tuple(frame for i, place in enumerate(known) for frame in _frames(names, sample.pid, place, returns=i > 0))
    return stack, bool(known) and (len(known) < len(user) or len(sample.frames) >= _DEEPEST)


def _without_broken_end(places: list[Place]) -> list[Place]:
    """What a frame pointer that is none led to, in no file and no function, is at the outer end of the stack."""
    end = len(places)
    while end and places[end - 1].symbol == places[end - 1].binary == "[unknown]":
        end -= 1
    return places[:end]


def _kernel_frame(place: Place) -> Frame:
    return Frame(kind=FrameKind.KERNEL, function=clean(place.symbol))


def _frames(names: FileNames, pid: int, place: Place, *, returns: bool) -> tuple[Frame, ...]:
    if place.binary.startswith("/"):
        found = names.frames(pid, place.binary.removesuffix(" (deleted)"), place.address, returns=returns)
        if found and found[0].function != "[unknown]":
            return found
    module = None if place.binary == "[unknown]" else clean(place.binary)
    return (Frame(kind=FrameKind.NATIVE, function=clean(place.symbol or "[unknown]"), module=module),)


async def trace_syscalls(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[SyscallProfile]:
    """Counts and times of every system call of the threads that are there when the window begins, without stacks.

    Costs the target about as much as strace. Ends early, marked partial, when the target exits. ProblemError when perf
    cannot attach."""
    watch = CpuWatch(host, target)
    pids = await to_thread.run_sync(tree, host, target)
    with TemporaryDirectory(prefix="perfdoctor-") as folder:
        output = f"{folder}/summary"
        asked = command.trace(pids, output)
        async with host.run(asked, tracefs=True, extra_environment=command.ENVIRONMENT) as program:
            went = await follow_perf(host, program, watch, seconds, progress)
        reader = SummaryReader()
        with contextlib.suppress(FileNotFoundError):
            reader.feed(await to_thread.run_sync(host.read_file, output))
    reader.close()
    if not reader.complete:
        raise failed(went.errors)
    return _syscall_profile(target, reader, watch, window_of(went, watch))


def _syscall_profile(
    target: Target, reader: SummaryReader, watch: CpuWatch, window: Window
) -> Measured[SyscallProfile]:
    merged: dict[tuple[int, str], SyscallRow] = {}
    for call in reader.calls:
        key = watch.pid_of.get(call.tid, target.pid), call.syscall
        row = merged.get(key) or SyscallRow(pid=key[0], syscall=call.syscall, calls=0)
        merged[key] = row.model_copy(
            update={
                "calls": row.calls + call.calls,
                "errors": row.errors + call.errors,
                "seconds": row.seconds + call.seconds,
                "max_seconds": max(row.max_seconds, call.max_seconds),
            }
        )
    rows = tuple(sorted(merged.values(), key=lambda row: (-row.seconds, -row.calls, row.syscall, row.pid)))
    calls = sum(row.calls for row in rows)
    profile = SyscallProfile(
        rows=rows,
        errnos=tuple(
            ErrnoCount(syscall=syscall, errno=name, calls=count)
            for (syscall, name), count in reader.errors.most_common()
        ),
        calls=calls,
        seconds=sum(row.seconds for row in rows),
    )
    warnings = []
    if watch.newcomers:
        warnings.append(f"{len(watch.newcomers)} threads started in the window: perf trace does not see their calls")
    collection = Collection(
        backend=NAME,
        # Every call is counted, but perf joins each entry with its exit itself, from one buffer per CPU, and now and
        # then drops one (seen: 112 of 113) without saying so: it is not to be called exact.
        exact=False,
        lost=reader.lost,
        not_understood=reader.not_understood,
        lacks=(
            "stacks",
            "objects",
            "bytes",
            "histograms",
            "blocked time",
            "calls that return nothing",
            "single calls, now and then: the counts may be short by a few in a thousand",
            "calls unfinished at the end",
            "threads and processes that start in the window",
        ),
        cost=TargetCost(kind="perturbs", events=calls, estimated_seconds=calls * _SECONDS_PER_CALL),
        warnings=tuple(warnings),
    )
    return Measured(profile, collection, window)
