"""What a system call was made upon, out of the words that ``SyscallRow.object`` uses."""

import re

# fd:7   fd:7 (socket:[123])   fd:7 (/var/log/app.log)
_DESCRIPTOR = re.compile(r"fd:(-?\d+)(?: \((.*)\))?$", re.DOTALL)
_NO_FILE = ("/proc/", "/sys/", "/dev/")


def path_of(thing: str | None) -> str | None:
    """The path of a file, None for anything else (sockets, pipes, futexes, a descriptor of unknown meaning)."""
    name = _name(thing)
    # `futex:0x…`, `socket:[…]`, `pipe:[…]`, `anon_inode:[…]`: a word and a colon is no path
    return name if name and ":" not in name.split("/", 1)[0] else None


def file_of(thing: str | None) -> str | None:
    """Like ``path_of``, without those that no disk holds (/proc, /sys, /dev)."""
    path = path_of(thing)
    return None if path is None or path.startswith(_NO_FILE) else path


def is_socket(thing: str | None) -> bool:
    return _name(thing).startswith(("socket:", "TCP", "UDP", "UNIX"))


def is_pipe(thing: str | None) -> bool:
    """Pipes, terminals and the counters that event loops wake each other with: a wait on them is for a producer."""
    return _name(thing).startswith(("pipe:", "anon_inode:", "/dev/pts/", "/dev/tty", "/dev/ptmx"))


def is_standard_input(thing: str | None) -> bool:
    found = _DESCRIPTOR.match(thing or "")
    return found is not None and found[1] == "0"


def _name(thing: str | None) -> str:
    if not thing:
        return ""
    found = _DESCRIPTOR.match(thing)
    return (found[2] or "") if found else thing
