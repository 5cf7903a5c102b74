"""Runs a caller's own program on one target: checked, confined, and limited in time and output."""

import os
import re
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpftrace import command
from perfdoctor.collectors.backends.bpftrace.backend import NAME
from perfdoctor.collectors.backends.bpftrace.language.program import MOST_PIDS, Asked, confined, read
from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.backends.bpftrace.language.tokens import refuse
from perfdoctor.collectors.backends.bpftrace.output import OutputReader
from perfdoctor.collectors.host.base import Host, Program
from perfdoctor.collectors.host.follow import Followed, follow
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.redact import redact
from perfdoctor.collectors.runtimes.maps import read_mappings
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.custom import CustomOutput
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

_SAMPLED = {"profile", "software", "hardware"}
_ENDED = (0, 130, -signal.SIGINT)
"""by itself, or as we asked it to: a program that ends at once may meet our signal on its way out"""
_OF_FILES = {"uprobe", "uretprobe", "usdt"}
_WORD = re.compile(r"\w{1,128}", re.ASCII)
_EVENT = re.compile(r"\btracepoint:(\w{1,128}:\w{1,128})\b", re.ASCII)
_MOST_EVENTS = 16
_TRACING = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_LONGEST_FORMAT = 64 << 10
_NAMEABLE = re.compile(r"[\w./+-]+")
_CHATTER = re.compile(r"[^;]*couldn't set RLIMIT_MEMLOCK[^;]*(?:; )?|WARNING: Addrspace is not set(?:; )?")
"""what bpftrace 0.17 says of itself at every start"""


async def formats(host: Host, program: str) -> dict[str, str]:
    """What the kernel says that the events hold which ``program`` names (``sched:sched_process_exec``). Where nobody
    has mounted tracefs, another process mounts it for itself, to read them there."""
    found: dict[str, str] = {}
    for name in sorted(set(_EVENT.findall(program)))[:_MOST_EVENTS]:
        path = f"events/{name.replace(':', '/')}/format"
        for folder in _TRACING:
            with suppress(OSError):
                told = await to_thread.run_sync(host.read_file, f"{folder}/{path}", _LONGEST_FORMAT)
                found.setdefault(name, told.decode("utf-8", "replace"))
        cat = host.which("cat")
        if name in found or cat is None:
            continue
        async with host.run([cat, f"{_TRACING[0]}/{path}"], tracefs=True) as running:
            told = b"".join([piece async for piece in running.output()])
        found[name] = told[:_LONGEST_FORMAT].decode("utf-8", "replace")
    return found


def ask(
    host: Host, target: Target, program: str, *, anywhere: bool, formats: Mapping[str, str] = MappingProxyType({})
) -> Asked:
    """``program``, understood and checked against what ``target`` has mapped; ProblemError when it may not run."""
    mapped: list[str] = []

    def resolve(name: str) -> str:
        if not mapped:
            mapped.extend(_mapped_files(host, target.pid))
        return _resolved(host, target.pid, name, mapped, anywhere=anywhere)

    try:
        return read(
            program, resolve=resolve, held=partial(_held, formats), anywhere=anywhere, go=target.runtime == "go"
        )
    except ProgramRefusedError as refusal:
        raise ProblemError(refusal.what, refusal.why, refusal.next_step) from refusal


@dataclass(frozen=True, slots=True)
class Prepared:
    """What runs. ``program`` is what was asked, ``text`` what is run, which prints ``mark`` when all of ``probes`` are
    attached; ``kinds`` and ``files``: of the caller's probes, and those that are in files."""

    program: str
    text: str
    probes: int
    mark: str
    kinds: frozenset[str]
    pids: tuple[int, ...]
    files: tuple[str, ...] = ()


async def trace(
    host: Host,
    target: Target,
    asked: Asked,
    *,
    program: str,
    anywhere: bool,
    seconds: float,
    there: Callable[[], bool],
    progress: Progress,
) -> Measured[CustomOutput]:
    """What the program printed, and its maps, over ``seconds``. Ends early, marked partial, when the program or the
    target ends, or when it says too much. ProblemError with bpftrace's words when it does not compile or attach.
    ``there`` says whether the target still is."""
    pids = await to_thread.run_sync(tree, host, target)
    mark = f"tick {secrets.token_hex(8)}"
    ran = confined(asked, pids, follow=target.children, mark=mark)
    alone = "usdt" in asked.kinds or (len(pids) == 1 and not target.children)
    argv = command.run_program(ran.text, target.pid if alone and not anywhere else None)
    files = tuple(probe.text for clause in asked.clauses for probe in clause.probes if probe.name in _OF_FILES)
    prepared = Prepared(program, ran.text, ran.probes, mark, asked.kinds, tuple(pids), files)
    async with host.run(argv, tracefs=True, extra_environment=command.CUSTOM_ENVIRONMENT) as running:
        return await watch(running, prepared, seconds=seconds, there=there, progress=progress)


async def watch(
    running: Program, prepared: Prepared, *, seconds: float, there: Callable[[], bool], progress: Progress
) -> Measured[CustomOutput]:
    """One window of a program that has been started; see ``trace``. Afterwards it has ended."""
    reader = OutputReader(prepared.mark)
    try:
        how = await follow(
            running,
            reader.feed,
            seconds=seconds,
            attached=lambda: _attached(running, reader),
            tell=lambda elapsed: progress(elapsed, _so_far(reader)),
            enough=lambda: reader.too_much or reader.attached < prepared.probes or not there(),
        )
    except OSError as error:
        raise _refused(str(error)) from error
    reader.close()
    if how.code not in _ENDED and not reader.ticks:
        raise _refused(how.errors)
    if reader.attached < prepared.probes:
        raise _not_found(prepared.files, prepared.probes - reader.attached)
    output = CustomOutput(
        program=_kept(prepared.program),
        ran=_kept(prepared.text.replace(prepared.mark, "tick")),
        lines=tuple(reader.lines),
        cut_lines=reader.cut_lines,
        cut_bytes=reader.cut_bytes,
        maps=reader.kept_maps(),
    )
    partial = None
    if not there():
        partial = "the target ended"
    elif reader.too_much:
        partial = "it printed more than 16 MiB"
    elif how.by_itself:
        partial = "the program ended by itself"
    window = Window(started=how.started, seconds=how.seconds, partial=partial)
    return Measured(output, _collection(prepared, reader, how), window)


async def _attached(running: Program, reader: OutputReader) -> bool:
    """All is attached when our own probe, the last, has fired; a program that exits at once may not come so far."""
    if reader.ticks or not reader.attached:
        return reader.ticks > 0
    with anyio.move_on_after(0.001):
        return await running.wait() == 0
    return False


def _so_far(reader: OutputReader) -> str:
    if not reader.ticks:
        return "bpftrace is compiling the program"
    return f"{reader.printed:,} lines printed" if reader.printed else "attached; it has printed nothing yet"


def _collection(prepared: Prepared, reader: OutputReader, how: Followed) -> Collection:
    pids = prepared.pids
    warnings = []
    words = "" if how.errors == "it gave no reason" else _CHATTER.sub("", how.errors).strip("; ")
    if words:
        warnings.append(f"bpftrace says: {quoted(words, 200)}")
    if reader.lost:
        warnings.append("it printed faster than could be read")
    full = [name for name, one in reader.maps.items() if one.total_rows >= command.CUSTOM_KEYS]
    if full:
        warnings.append(f"full, with entries not counted: {clean(', '.join(sorted(full)), 200)}")
    if len(pids) > MOST_PIDS:
        warnings.append(f"{len(pids) - MOST_PIDS} child processes are left out")
    lacks = ["source lines", "what happened while it was attaching", "what interrupts did for others meanwhile"]
    lacks.append("text on pages that are not in memory (it is empty)")
    if prepared.kinds & _OF_FILES:
        warnings.append("every process that uses the same file pays about a microsecond per call of a probed function")
    return Collection(
        backend=NAME,
        exact=not (reader.lost or full or reader.not_understood or prepared.kinds & _SAMPLED),
        lost=reader.lost,
        not_understood=reader.not_understood,
        lacks=tuple(lacks),
        cost=TargetCost(kind="perturbs"),
        warnings=tuple(warnings),
    )


def _refused(words: str) -> ProblemError:
    said = _CHATTER.sub("", words)
    if "exceeds the current limit" in said:
        return ProblemError(
            f"The program has more than {command.CUSTOM_PROBES} probes.",
            "A wildcard matches too many: attaching them takes half a minute, in which the machine is slowed.",
            "Name the events. For all system calls use tracepoint:raw_syscalls:sys_enter, whose args->id says which.",
        )
    return ProblemError(
        "bpftrace cannot run this program.",
        f"It says: {quoted(redact(said.replace(chr(10), ' ')), 600)}",
        "Correct the program. Lines and columns are those of the program with the target's filter.",
    )


def _not_found(files: Sequence[str], missing: int) -> ProblemError:
    shown = ", ".join(quoted(name, 100) for name in files[:6])
    return ProblemError(
        f"{missing} of the program's probes found nothing to attach to.",
        f"A file has no such function (its symbols may be stripped) or no such usdt probe: one of {shown}.",
        "Look at the names with nm -D FILE or readelf -n FILE; a file that is loaded later is not seen.",
    )


def _kept(program: str) -> str:
    """The text of a program for the recording: its lines, without control characters and secrets."""
    return "\n".join(clean(redact(line.expandtabs(4)), 400) for line in program.splitlines())[: 64 << 10]


def _mapped_files(host: Host, pid: int) -> list[str]:
    try:
        mappings = read_mappings(host, pid)
    except OSError as error:
        raise ProblemError(
            "The files of the target cannot be seen.", f"/proc/{pid}/maps: {error}.", "Run perfdoctor as root."
        ) from error
    return list(dict.fromkeys(one.path for one in mappings if one.path.startswith("/") and one.inode))


def _resolved(host: Host, pid: int, name: str, mapped: Sequence[str], *, anywhere: bool) -> str:
    """The path of a file that the target has mapped; ``libc`` stands for libc.so.6."""
    wanted = {name, os.path.realpath(name)} if name.startswith("/") else set()
    found = [path for path in mapped if path in wanted]
    if not found and "/" not in name:
        found = [path for path in mapped if _is_called(path.rsplit("/", 1)[-1], name)]
    if not found and anywhere and name.startswith("/"):
        return "/" + os.path.normpath(name).lstrip("/")  # "//" would begin a comment
    if len(found) != 1 or not _NAMEABLE.fullmatch(found[0]):
        why = "Several files of the target are called so" if len(found) > 1 else "The target has mapped no such file"
        there = ", ".join(quoted(path, 80) for path in (found or list(mapped))[:6])
        step = f"Name one that it uses, by its path; some are: {there}." if there else "Trace another process."
        raise refuse(f"The file {quoted(name, 80)} may not be probed.", why, step)
    return found[0] if _same_files(host, pid) else f"/proc/{pid}/root{found[0]}"


def _held(formats: Mapping[str, str], probe: str, field: str) -> bool:
    """Whether the kernel's description of an event says that it holds a text or an array; else, as where there is no
    description, what the field says is not known to be the kernel's."""
    kind, _, event = probe.partition(":")
    if kind != "tracepoint" or not _WORD.fullmatch(field):
        return False
    #     field:__data_loc char[] filename;   offset:8;  …         field:char comm[16];
    name = re.escape(field)
    declared = rf"^\s*field:(?:__(?:data|rel)_loc [\w ]+\[\] {name}|[\w ]+ {name}\[\d+\]);"
    return re.search(declared, formats.get(event, ""), re.MULTILINE) is not None


def _is_called(file: str, name: str) -> bool:
    return file == name or file.startswith((f"{name}.so", f"lib{name}.so", f"{name}-"))


def _same_files(host: Host, pid: int) -> bool:
    """Whether the target sees the files that we see."""
    try:
        return host.read_link(f"/proc/{pid}/root") == "/" and (
            host.read_link(f"/proc/{pid}/ns/mnt") == host.read_link("/proc/self/ns/mnt")
        )
    except OSError:
        return True
