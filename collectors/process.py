"""Which process is it?"""

import contextlib
import difflib
import pwd
import time
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.proc import cgroup, environ, fd, net_tcp, stat, status, uptime
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.amount import amount
from perfdoctor.collectors.processes.match import Fit, fit
from perfdoctor.collectors.processes.sweep import Seen, count_descendants, parents, sweep
from perfdoctor.collectors.redact import command_line
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.collectors.target import user_name
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.collectors.watch import watch
from perfdoctor.collectors.whose import Allowed, is_allowed
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import FindAnswer, ProcessRow
from perfdoctor.schemas.recording import NextCall

__all__ = ["find_processes", "watch"]

_LOOK_SECONDS = 0.2
"""between the two looks that CPU shares come from: the kernel shows hundredths of a second"""
_BUSY = 0.05
_RUNTIMES = {"nodejs": "node", "jvm": "java", "golang": "go", "python3": "python"}


@dataclass(frozen=True, slots=True)
class _Asked:
    query: str | None
    uid: int | None
    port: int | None
    runtime: str | None
    container: str | None
    cwd: str | None
    pid: int | None
    allowed: Allowed | None

    def words(self) -> str:
        """What was asked for, for people."""
        given = (
            ("", self.query and quoted(self.query, 80)),
            ("pid ", self.pid),
            ("user ", None if self.uid is None else user_name(self.uid)),
            ("port ", self.port),
            ("runtime ", self.runtime and clean(self.runtime, 40)),
            ("container ", self.container and clean(self.container, 80)),
            ("folder ", self.cwd and clean(self.cwd, 200)),
        )
        return ", ".join(f"{what}{value}" for what, value in given if value not in (None, ""))


@dataclass(slots=True)
class _Found:
    """The first of the two looks: who matches and why, and who could not be told."""

    seen: dict[int, Seen]
    ours: dict[int, str]
    fits: dict[int, Fit] = field(default_factory=dict)
    denied: set[int] = field(default_factory=set)
    ports: dict[str, dict[int, int]] = field(default_factory=dict)
    """by network namespace: port by inode of the sockets that listen"""
    hidden_port: bool = False
    all_shown: bool = True


async def find_processes(
    host: Host,
    *,
    query: str | None = None,
    user: str | None = None,
    port: int | None = None,
    runtime: str | None = None,
    container: str | None = None,
    cwd: str | None = None,
    pid: int | None = None,
    limit: int = 20,
    allowed: Allowed | None = None,
) -> FindAnswer:
    """Processes that match everything that is given; without anything, all. The best match first, then the busiest.

    ``query`` is a pid, (part of) a name, script or module, or words of the command line; ``user`` a name or uid;
    ``port`` a TCP port that it listens on; ``runtime`` such as ``python`` or ``python3.11``; ``container`` part of an
    id or name; ``cwd`` a folder at or above its working directory. ``children`` of a row counts all its living
    descendants. Threads of the kernel are left out; zombies, and perfdoctor with the processes that started it, come
    last. Secrets in command lines are hidden, and do not match. Reads /proc for about 0.3 s, processes notice nothing.
    ``unreadable`` counts those that could not be judged, or not be shown in full. Of processes that ``allowed`` is
    false of, nothing is said: they are not counted, not suggested, and nobody's parent or child.
    """
    asked = _Asked(
        (query or "").strip() or None,
        _uid_of(user),
        port,
        runtime or None,
        container or None,
        cwd or None,
        pid,
        allowed,
    )
    found = await to_thread.run_sync(_match, host, asked)
    await anyio.sleep(_LOOK_SECONDS)
    return await to_thread.run_sync(_answer, host, asked, found, max(1, limit))


def _uid_of(user: str | None) -> int | None:
    if not user:
        return None
    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError) as error:
        if user.isascii() and user.isdecimal():
            return int(user)
        raise ProblemError(
            f"There is no user '{clean(user, 64)}' on this machine.",
            "It is neither a known name nor a number.",
            "Give a uid, as users of a container have no name here, or leave user out.",
        ) from error


def _match(host: Host, asked: _Asked) -> _Found:
    try:
        seen = sweep(host)
        own = int(host.read_link("/proc/self"))
    except (OSError, ValueError) as error:
        raise ProblemError(
            "No process can be seen here.",
            "There is no /proc: this is not Linux, or the container hides it.",
            "Run perfdoctor on Linux, with /proc mounted.",
        ) from error
    ours = {own: "perfdoctor itself"} | dict.fromkeys(parents(seen, own), "started perfdoctor")
    seen = {pid: process for pid, process in seen.items() if is_allowed(host, pid, asked.allowed)}
    found = _Found(seen, ours, all_shown=asked.allowed is None)
    for pid, process in seen.items():
        if asked.pid not in (None, pid):
            continue
        fits = fit(asked.query, pid, process.stat.name, process.arguments) if asked.query else Fit(0, "")
        if fits is None:
            continue
        try:
            reasons = [fits.why, *_reasons(host, asked, found, pid)]
        except PermissionError:
            found.denied.add(pid)
        except (OSError, ValueError):
            continue  # has ended meanwhile
        else:
            if all(reason is not None for reason in reasons):
                found.fits[pid] = Fit(fits.quality, ", ".join(reason for reason in reasons if reason))
    return found


def _reasons(host: Host, asked: _Asked, found: _Found, pid: int) -> list[str | None]:
    """Why a process matches each filter that was given; None for one that it does not match. The cheap ones first."""
    reasons: list[str | None] = []
    if asked.uid is not None:
        reasons.append("user" if status.read(host, pid).uid == asked.uid else None)
    if asked.container and None not in reasons:
        holds = _container(host, pid)
        reasons.append("container" if holds and asked.container.lower() in holds.lower() else None)
    if asked.cwd and None not in reasons:
        reasons.append("folder" if _is_below(host.read_link(f"/proc/{pid}/cwd"), asked.cwd) else None)
    if asked.port and None not in reasons:
        reasons.append(f"port {asked.port}" if _listens(host, found, pid, asked.port) else None)
    if asked.runtime and None not in reasons:
        wanted = asked.runtime.lower()
        runs = runtime_of(host, pid)
        if runs == "unknown" and not found.seen[pid].stat.ended:
            raise PermissionError
        reasons.append("runtime" if runs.startswith(_RUNTIMES.get(wanted, wanted)) else None)
    return reasons


def _is_below(folder: str, asked: str) -> bool:
    parts = asked.rstrip("/") + "/"
    return (folder + "/").startswith(parts) if asked.startswith("/") else f"/{parts}" in folder + "/"


def _listens(host: Host, found: _Found, pid: int, port: int) -> bool:
    try:
        listening = _listening(host, found, pid)
    except PermissionError:
        # Its network namespace cannot be told. Ours tells at least whether anybody listens there.
        found.hidden_port |= port in net_tcp.read_listening(host, pid).values()
        raise
    wanted = {inode for inode, at in listening.items() if at == port}
    return bool(wanted) and not wanted.isdisjoint(fd.read_sockets(host, pid)[0])


def _listening(host: Host, found: _Found, pid: int) -> dict[int, int]:
    namespace = host.read_link(f"/proc/{pid}/ns/net")
    if namespace not in found.ports:
        found.ports[namespace] = net_tcp.read_listening(host, pid)
    return found.ports[namespace]


def _container(host: Host, pid: int) -> str | None:
    """``docker 3f4e5d6a7b8c (shop-7d9f)``: what made it, its id, and what it calls itself."""
    holds = cgroup.read(host, pid)
    if holds is None:
        return None
    named = None
    with contextlib.suppress(OSError):
        named = environ.read_value(host, pid, "HOSTNAME")
    # Twelve digits of an id are what people see and paste.
    short = holds.identity[:12] if len(holds.identity) == 64 else holds.identity
    return clean(f"{holds.kind} {short}" + (f" ({named})" if named and named != short else ""), 120)


def _answer(host: Host, asked: _Asked, found: _Found, limit: int) -> FindAnswer:
    shares = {pid: _cpu_share(host, found.seen[pid]) for pid in found.fits}
    boot = uptime.read(host)

    def rank(pid: int) -> tuple[object, ...]:
        now = found.seen[pid].stat
        for_life = now.cpu / max(1.0, boot - now.started)
        return pid in found.ours, now.ended, -found.fits[pid].quality, -shares[pid], -for_life, pid

    ranked = sorted(found.fits, key=rank)
    descendants = count_descendants(found.seen)
    rows = tuple(
        _row(host, found, pid, share=shares[pid], boot=boot, descendants=descendants[pid]) for pid in ranked[:limit]
    )
    return FindAnswer(
        summary=_found_summary(asked, found, rows, len(ranked)),
        processes=rows,
        total=len(ranked),
        omitted=len(ranked) - len(rows),
        unreadable=len(found.denied),
        next=_after_find(asked, found, rows),
    )


def _cpu_share(host: Host, before: Seen) -> float:
    try:
        now = stat.read(host, before.stat.pid)
    except (OSError, ValueError):
        return 0.0
    passed = time.monotonic() - before.at
    return max(0.0, (now.cpu - before.stat.cpu) / passed) if now.started == before.stat.started else 0.0


def _row(host: Host, found: _Found, pid: int, *, share: float, boot: float, descendants: int) -> ProcessRow:
    process = found.seen[pid]
    now, folder, owner, holds = process.stat, None, "", None
    with contextlib.suppress(OSError, ValueError):
        owner, holds = user_name(status.read(host, pid).uid), _container(host, pid)
    ports: set[int] = set()
    if not now.ended:
        try:
            folder = clean(host.read_link(f"/proc/{pid}/cwd"))
            listening = _listening(host, found, pid)
            ports = {listening[inode] for inode in fd.read_sockets(host, pid)[0] & listening.keys()}
        except PermissionError:
            found.denied.add(pid)
        except OSError:
            pass  # has ended meanwhile: what the first look saw still holds
    why = found.fits[pid].why
    if pid in found.ours:
        why = f"{why} ({found.ours[pid]})" if why else found.ours[pid]
    return ProcessRow(
        pid=pid,
        ppid=now.parent if found.all_shown or now.parent in found.seen else 0,
        name=clean(now.name, 64),
        command=command_line(process.arguments),
        user=owner,
        runtime=runtime_of(host, pid),
        state=now.state,
        cpu_share=round(share, 4),
        rss=now.rss,
        threads=now.threads,
        age=max(0.0, boot - now.started),
        cwd=folder,
        container=holds,
        ports=tuple(sorted(ports)),
        children=descendants,
        why=why,
    )


def _found_summary(asked: _Asked, found: _Found, rows: tuple[ProcessRow, ...], total: int) -> str:
    words = asked.words()
    if not rows:
        said = [f"No process matches {words}."]
        if similar := _similar(asked, found):
            said.append(f"Similar names: {', '.join(map(quoted, similar))}.")
        if found.hidden_port and found.all_shown:
            said.append(f"Somebody listens on port {asked.port}, but its process may not be inspected.")
        elif found.denied:
            said.append(f"{len(found.denied)} processes could not be judged: they may not be inspected.")
        return " ".join(said)
    first = rows[0]
    number = f"{total} process{'' if total == 1 else 'es'}"
    matches = f"{number} match{'es' if total == 1 else ''} {words}" if words else f"{number} run{'s' * (total == 1)}"
    family = f", {first.children} below it" if first.children else ""
    return (
        f"{matches}. First: {quoted(first.name, 64)} (pid {first.pid}, {first.runtime}{family}), "
        f"{first.cpu_share:.2f} cores, {amount(first.rss)} resident."
    )


def _similar(asked: _Asked, found: _Found) -> list[str]:
    names = sorted({clean(process.stat.name, 64) for process in found.seen.values()})
    return difflib.get_close_matches(asked.query or "", names, n=3)


def _after_find(asked: _Asked, found: _Found, rows: tuple[ProcessRow, ...]) -> tuple[NextCall, ...]:
    first = next((row for row in rows if row.pid not in found.ours and row.state != "Z"), None)
    if first is None:
        similar = _similar(asked, found)
        arguments = {"query": similar[0]} if similar else {}
        return (NextCall(tool="proc-find", arguments=arguments, why="a similar name" if similar else "the busiest"),)
    watch_it = NextCall(tool="proc-watch", arguments={"pid": first.pid}, why="its baseline: CPU, memory, I/O, threads")
    find_why = NextCall(tool="diagnose", arguments={"pid": first.pid}, why="what is wrong, and at which line")
    return (find_why, watch_it) if first.cpu_share >= _BUSY else (watch_it, find_why)
