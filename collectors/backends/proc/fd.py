"""/proc/PID/fd: the files that a process holds open (proc_pid_fd(5))."""

import contextlib

from perfdoctor.collectors.host.base import Host

MOST = 4096
"""links that are read; one costs a few microseconds, and a process may hold a million"""


def parse_socket(link: str) -> int | None:
    """The inode of a socket; None for what is not a socket."""
    # socket:[31337]
    inode = link[8:-1]
    return int(inode) if link.startswith("socket:[") and link.endswith("]") and inode.isdecimal() else None


def read_count(host: Host, pid: int) -> int:
    """OSError when there is no such process, or when it may not be inspected."""
    return len(host.list_folder(f"/proc/{pid}/fd"))


def read_sockets(host: Host, pid: int) -> tuple[set[int], int]:
    """(inodes of its sockets, number of open files); only the first 4096 files are looked at. OSError as above."""
    names = host.list_folder(f"/proc/{pid}/fd")
    sockets = set()
    for name in names[:MOST]:
        with contextlib.suppress(OSError):  # closed meanwhile
            inode = parse_socket(host.read_link(f"/proc/{pid}/fd/{name}"))
            if inode is not None:
                sockets.add(inode)
    return sockets, len(names)


def read_position(host: Host, pid: int, fd: str) -> tuple[int, int]:
    """(position, flags of open(2)) of a descriptor (/proc/PID/fdinfo). OSError when it was closed meanwhile, ValueError
    for what is not understood."""
    # pos:	1234\nflags:	0100001\n...
    text = host.read_file(f"/proc/{pid}/fdinfo/{fd}")
    fields = dict(line.split(b":", 1) for line in text.split(b"\n") if line)
    if not {b"pos", b"flags"} <= fields.keys():
        raise ValueError("neither position nor flags")
    return int(fields[b"pos"]), int(fields[b"flags"], 8)
