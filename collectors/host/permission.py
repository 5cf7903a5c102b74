"""What may we do to a process on this machine? Looks only."""

import os

from perfdoctor.collectors.host.base import Host

CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF = 19, 21, 38, 39


def status_field(host: Host, pid: int | str, name: str) -> list[str]:
    """The words of one field of /proc/PID/status, none when it cannot be read."""
    try:
        lines = host.read_file(f"/proc/{pid}/status").split(b"\n")
    except OSError:
        return []
    wanted = f"{name}:".encode()
    found = next((line for line in lines if line.startswith(wanted)), wanted)
    return found[len(wanted) :].decode("ascii", "replace").split()


def capable(host: Host, *capabilities: int) -> bool:
    """Whether we have one of these capabilities (CapEff; root has all unless some were taken away)."""
    held = int((status_field(host, "self", "CapEff") or ["0"])[0], 16)
    return any(held >> capability & 1 for capability in capabilities)


def tracer_of(host: Host, pid: int) -> int:
    """The pid of the debugger or tracer that holds a process by ptrace; 0: nobody does."""
    return int((status_field(host, pid, "TracerPid") or ["0"])[0])


def is_ours(host: Host, pid: int) -> bool:
    """Whether a process runs as our user."""
    return (status_field(host, pid, "Uid") or [""])[0] == str(os.getuid())


def number_in(host: Host, path: str, otherwise: int) -> int:
    """The number that a file of /proc/sys holds, ``otherwise`` when there is none."""
    try:
        return int(host.read_file(path, 64))
    except (OSError, ValueError):
        return otherwise


def may_attach(host: Host, pid: int) -> bool:
    """Whether ptrace and reading memory are allowed: CAP_SYS_PTRACE, or our own process where Yama is off."""
    if capable(host, CAP_SYS_PTRACE):
        return True
    return is_ours(host, pid) and number_in(host, "/proc/sys/kernel/yama/ptrace_scope", 0) == 0
