"""/proc/PID/status and /proc/PID/task/TID/status: who it is, and what it holds (proc_pid_status(5))."""

from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class Status:
    """``leader`` is the pid of the process that the thread belongs to, ``uid`` the effective one; ``uids`` are the
    real, the effective, the saved one and that of the file system. Bytes; a process without memory of its own (a
    kernel thread, a zombie) has 0. ``capabilities`` is the effective set, one bit each.
    ``inner_pid`` is its pid in the innermost pid namespace that it lives in. ``seccomp``: 0 none, 2 filtered."""

    leader: int
    inner_pid: int
    uid: int
    uids: tuple[int, ...]
    capabilities: int
    seccomp: int
    rss: int
    anonymous: int
    swap: int


def parse(data: bytes) -> Status:
    """ValueError when it is not such a file."""
    # VmRSS:	    1672 kB
    fields = dict(line.split(b":", 1) for line in data.split(b"\n") if b":" in line)

    def number(name: bytes, column: int = 0, base: int = 10) -> int:
        words = fields.get(name, b"").split()
        return int(words[column], base) if -len(words) <= column < len(words) else 0

    if b"Tgid" not in fields or b"Uid" not in fields:
        raise ValueError("not a /proc/PID/status")
    return Status(
        leader=number(b"Tgid"),
        inner_pid=number(b"NSpid", column=-1),
        uid=number(b"Uid", column=1),  # real, effective, saved, file system
        uids=tuple(int(word) for word in fields[b"Uid"].split()),
        capabilities=number(b"CapEff", base=16),
        seccomp=number(b"Seccomp"),
        rss=number(b"VmRSS") << 10,
        anonymous=number(b"RssAnon") << 10,
        swap=number(b"VmSwap") << 10,
    )


def parse_switches(data: bytes) -> tuple[int, int]:
    """(voluntary, involuntary) context switches of one thread: the two last lines. ValueError when it has none."""
    # voluntary_ctxt_switches:	0
    # nonvoluntary_ctxt_switches:	1
    at = data.rfind(b"\nvoluntary_ctxt_switches:")
    words = data[at:].split()
    if at < 0 or len(words) < 4:
        raise ValueError("no context switches in this /proc/PID/status")
    return int(words[1]), int(words[3])


def read(host: Host, pid: int | str) -> Status:
    """OSError when there is no such process."""
    return parse(host.read_file(f"/proc/{pid}/status"))
