"""/proc/PID/io: how much a process read and wrote (proc_pid_io(5))."""

from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class Io:
    """Since the process started; those of children that have ended and were waited for are in it (kernel/exit.c).
    ``*_calls`` are system calls of the read and write family, ``*_bytes`` what the storage layer moved."""

    read_calls: int
    write_calls: int
    read_bytes: int
    write_bytes: int


def parse(data: bytes) -> Io:
    """ValueError when it is not such a file."""
    # syscr: 10
    fields = dict(line.split(b":", 1) for line in data.split(b"\n") if b":" in line)
    try:
        return Io(
            read_calls=int(fields[b"syscr"]),
            write_calls=int(fields[b"syscw"]),
            read_bytes=int(fields[b"read_bytes"]),
            write_bytes=int(fields[b"write_bytes"]),
        )
    except KeyError as missing:
        raise ValueError(f"no {missing} in this /proc/PID/io") from missing


def parse_amounts(data: bytes) -> dict[str, int]:
    """Every figure by its name in the file: rchar, wchar, syscr, syscw, read_bytes, write_bytes,
    cancelled_write_bytes. ValueError when it is not such a file."""
    return {name.decode("ascii", "replace"): int(value) for name, _, value in map(_split, data.splitlines())}


def _split(line: bytes) -> tuple[bytes, bytes, bytes]:
    return line.partition(b":")


def read_amounts(host: Host, pid: int) -> dict[str, int]:
    """As ``read``, all of it."""
    return parse_amounts(host.read_file(f"/proc/{pid}/io"))


def read(host: Host, pid: int) -> Io:
    """OSError when there is no such process, or when it may not be inspected."""
    return parse(host.read_file(f"/proc/{pid}/io"))
