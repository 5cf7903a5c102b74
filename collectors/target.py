"""Which process is asked about, and may it be measured?"""

import contextlib
import pwd
import time
from functools import lru_cache

from perfdoctor.collectors.backends.proc import cmdline, mounts, stat, status
from perfdoctor.collectors.backends.proc.stat import Stat
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.redact import redact_arguments
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.target import Target

_SYS_PTRACE = 1 << 19  # CAP_SYS_PTRACE, capabilities(7)
_NAMESAKES = 3


def find_target(host: Host, pid: int, *, children: bool = True) -> Target:
    """The process ``pid``, held by its start time. Reads a handful of files below /proc and touches nothing.

    ProblemError when there is no such process, when it is a thread of another, a kernel thread or a zombie, and when
    it belongs to somebody else and we lack the privilege. perfdoctor's own process is a target like any other.
    """
    if pid <= 0:
        raise ProblemError(
            f"{pid} is not a process.", "A pid is a number above 0.", "Call proc-find to get the pid of a process."
        )
    try:
        found = stat.read(host, pid)
        who = status.read(host, pid)
    except OSError as error:
        raise _not_there(host, pid) from error
    name = clean(found.name, 64)
    if who.leader != pid:
        raise ProblemError(
            f"{pid} ({quoted(name, 64)}) is not a process but a thread.",
            f"It is one of the threads of process {who.leader}.",
            f"Ask for pid {who.leader}: the answer tells its threads apart.",
        )
    if found.kernel_thread:
        raise ProblemError(
            f"Process {pid} ({quoted(name, 64)}) is a thread of the kernel.",
            "It has no program and no memory of its own: the kernel does work there that other processes caused.",
            "Call proc-find without a query to see which process is busy, and ask about that one.",
        )
    if found.ended:
        raise _zombie(host, found)
    try:
        host.read_link(f"/proc/{pid}/exe")  # what every tracer needs: PTRACE_MODE_READ, ptrace(2)
    except PermissionError as error:
        denied = why_denied(host, pid)
        raise ProblemError(denied.what, denied.why, denied.next_step) from error
    except OSError:
        pass  # a program whose first thread has left shows none
    target = Target(
        pid=pid,
        start_time=found.started,
        name=name,
        command=_command(host, pid),
        user=user_name(who.uid),
        runtime=runtime_of(host, pid),
        threads=found.threads,
        cwd=_folder(host, pid),
        children=children,
    )
    # All of the above was read one after the other: it must have been one and the same process.
    if not still_there(host, target):
        raise _not_there(host, pid)
    return target


def still_there(host: Host, target: Target) -> bool:
    """Whether the very process still runs: the same pid with the same start time, and not a zombie."""
    try:
        now = stat.read(host, target.pid)
    except OSError:
        return False
    return now.started == target.start_time and not now.ended


def started_at(target: Target) -> float:
    """When it started, in Unix time (of this boot: who has an older recording looks whether that is before it)."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + target.start_time


def why_denied(host: Host, pid: int) -> Problem:
    """Why the kernel does not let us look into a process (its files, memory, I/O), and what would."""
    ours, name = status.read(host, "self"), str(pid)
    with contextlib.suppress(OSError, ValueError):
        name = f"{pid} ({quoted(stat.read(host, pid).name, 64)})"
    what = f"Process {name} may not be inspected."
    try:
        theirs = status.read(host, pid).uid
    except (OSError, ValueError):
        return Problem(what=what, why="It has ended.", next_step="Call proc-find to see which processes there are.")
    us, them = user_name(ours.uid), user_name(theirs)
    if ours.capabilities & _SYS_PTRACE:
        return Problem(
            what=what,
            why="perfdoctor has the privilege (CAP_SYS_PTRACE), but the process lives in a user namespace above ours, "
            "or a security module (SELinux, AppArmor) forbids it.",
            next_step="Run perfdoctor outside its container, or allow ptrace in the policy of the security module.",
        )
    if ours.uid != theirs:
        return Problem(
            what=what,
            why=f"It belongs to {them}; perfdoctor runs as {us}, without CAP_SYS_PTRACE.",
            next_step=f"Run perfdoctor as root or as {them}, or call proc-find with user {us} for one of your own.",
        )
    return Problem(
        what=what,
        why=f"It belongs to {us}, but is protected from its own user: it runs with more privilege than its user has "
        "(set-user-id, file capabilities), or asked not to be dumped (PR_SET_DUMPABLE).",
        next_step="Run perfdoctor as root, or with CAP_SYS_PTRACE.",
    )


@lru_cache(1024)
def user_name(uid: int) -> str:
    """The name of a user; the number where the machine has no name for it, as for users of a container."""
    try:
        return clean(pwd.getpwuid(uid).pw_name, 64)
    except (KeyError, OverflowError):
        return str(uid)


def _command(host: Host, pid: int) -> tuple[str, ...]:
    try:
        return redact_arguments(cmdline.read(host, pid))
    except OSError:
        return ()


def _folder(host: Host, pid: int) -> str | None:
    try:
        return clean(host.read_link(f"/proc/{pid}/cwd"), 400)
    except OSError:
        return None


def _not_there(host: Host, pid: int) -> ProblemError:
    try:
        names = host.list_folder("/proc")
        options = {option for mount in mounts.read(host) if mount.folder == "/proc" for option in mount.options}
    except OSError:
        return ProblemError(
            "No process can be seen here.",
            "There is no /proc: this is not Linux, or the container hides it.",
            "Run perfdoctor on Linux, with /proc mounted.",
        )
    namesakes = _known_inside_as(host, names, pid)
    if namesakes:
        return ProblemError(
            f"There is no process {pid} here.",
            f"{pid} is what a process in a container calls itself; here it is {' or '.join(map(str, namesakes))}.",
            f"Ask for pid {namesakes[0]}, or call proc-find to see what it is.",
        )
    hidden = [option for option in options if option.startswith("hidepid=") and option not in ("hidepid=0",)]
    why = "It has ended, or never was, or lives in another pid namespace."
    if hidden:
        why = f"It has ended, or belongs to another user: /proc is mounted with {clean(hidden[0], 40)} and hides those."
    return ProblemError(f"There is no process {pid}.", why, "Call proc-find to see which processes there are.")


def _known_inside_as(host: Host, names: list[str], pid: int) -> list[int]:
    """Processes of nested pid namespaces that are ``pid`` to themselves."""
    found: list[int] = []
    for name in names:
        if name.isdecimal() and len(found) < _NAMESAKES:
            with contextlib.suppress(OSError, ValueError):
                if status.read(host, int(name)).inner_pid == pid:
                    found.append(int(name))
    return found


def _zombie(host: Host, found: Stat) -> ProblemError:
    who = f"Its parent, process {found.parent},"
    with contextlib.suppress(OSError, ValueError):
        who = f"Its parent, process {found.parent} ({quoted(stat.read(host, found.parent).name, 64)}),"
    return ProblemError(
        f"Process {found.pid} ({quoted(found.name, 64)}) is a zombie.",
        f"It has ended. {who} has not asked how (wait(2)), so only its number is left.",
        f"Nothing of it can be measured; if zombies pile up, look at the parent: pid {found.parent}.",
    )
