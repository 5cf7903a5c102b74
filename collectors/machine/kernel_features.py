"""What does this kernel offer to those who measure, and what does it forbid?"""

import contextlib
from collections.abc import Callable

from perfdoctor.collectors.backends.bpf.engine import OBJECT
from perfdoctor.collectors.backends.bpf.libbpf import LibraryMissingError, library
from perfdoctor.collectors.backends.proc import cgroup, mounts, pressure, schedstat, status
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.system import KernelFeature

_FIRST_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, include/linux/proc_ns.h
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")
_YAMA = {
    "0": "every process of one's own user may be attached to",
    "1": "without CAP_SYS_PTRACE only one's own children may be attached to",
    "2": "only holders of CAP_SYS_PTRACE may attach",
    "3": "nobody may attach until the next boot",
}


def features(host: Host) -> tuple[KernelFeature, ...]:
    """Looks at /proc, /sys and our own installation; changes nothing and mounts nothing."""
    return (
        _there(host, "BTF", "/sys/kernel/btf/vmlinux", "types of the kernel's data, which the BPF engine needs"),
        _libbpf(),
        KernelFeature(feature="compiled BPF programs", available=OBJECT.exists(), detail=OBJECT.name),
        _setting(host, "BPF without privilege", "/proc/sys/kernel/unprivileged_bpf_disabled", lambda v: v == "0"),
        _setting(host, "perf events", "/proc/sys/kernel/perf_event_paranoid", bool),
        _there(
            host,
            "hardware counters",
            "/sys/bus/event_source/devices/cpu/type",
            "without them CPU samples follow a timer",
        ),
        _ptrace(host),
        _tracefs(host),
        _setting(host, "kernel symbols", "/proc/sys/kernel/kptr_restrict", lambda v: v != "2"),
        _lockdown(host),
        _seccomp(host),
        _pressure(host),
        _schedstat(host),
        _container(host),
    )


def _text(host: Host, path: str) -> str | None:
    try:
        return host.read_file(path, 4096).decode("utf-8", "replace").strip()
    except OSError:
        return None


def _there(host: Host, feature: str, path: str, detail: str) -> KernelFeature:
    try:
        host.read_file(path, 16)
    except OSError:
        return KernelFeature(feature=feature, available=False, detail=f"{detail}; {path} is missing")
    return KernelFeature(feature=feature, available=True, detail=detail)


def _setting(host: Host, feature: str, path: str, good: Callable[[str], bool]) -> KernelFeature:
    value = _text(host, path)
    name = path.removeprefix("/proc/sys/").replace("/", ".")
    if value is None:
        return KernelFeature(feature=feature, available=False, detail=f"{name} cannot be read")
    return KernelFeature(feature=feature, available=good(value), detail=f"{name} is {clean(value, 40)}")


def _libbpf() -> KernelFeature:
    try:
        library()
    except LibraryMissingError:
        return KernelFeature(feature="libbpf", available=False, detail="libbpf.so was not found")
    return KernelFeature(feature="libbpf", available=True)


def _ptrace(host: Host) -> KernelFeature:
    scope = _text(host, "/proc/sys/kernel/yama/ptrace_scope")
    if scope is None:
        return KernelFeature(feature="ptrace", available=True, detail=f"this kernel has no Yama: {_YAMA['0']}")
    detail = f"kernel.yama.ptrace_scope is {clean(scope, 8)}: {_YAMA.get(scope, 'of unknown meaning')}"
    return KernelFeature(feature="ptrace", available=scope != "3", detail=detail)


def _tracefs(host: Host) -> KernelFeature:
    with contextlib.suppress(OSError):
        where = [mount.folder for mount in mounts.read(host) if mount.kind == "tracefs"]
        if where:
            return KernelFeature(feature="tracefs", available=True, detail=f"mounted on {clean(where[0])}")
    return KernelFeature(feature="tracefs", available=False, detail="not mounted; only perf and bpftrace use it")


def _lockdown(host: Host) -> KernelFeature:
    # none [integrity] confidentiality
    state = _text(host, "/sys/kernel/security/lockdown")
    mode = state.partition("[")[2].partition("]")[0] if state else ""
    forbids = {"confidentiality": ": BPF may not read memory", "integrity": ": BPF may not write memory"}.get(mode, "")
    detail = f"{clean(mode, 40)}{forbids}" if mode else "no such module, or securityfs is not mounted"
    return KernelFeature(feature="lockdown", available=mode not in ("", "none"), detail=detail)


def _seccomp(host: Host) -> KernelFeature:
    filtered = False
    with contextlib.suppress(OSError, ValueError):
        filtered = status.read(host, "self").seccomp == 2
    detail = (
        "system calls of perfdoctor are filtered: bpf, perf_event_open and ptrace may be refused" if filtered else ""
    )
    return KernelFeature(feature="seccomp filter on us", available=filtered, detail=detail)


def _pressure(host: Host) -> KernelFeature:
    known = pressure.read(host)
    detail = ", ".join(known) if known else "the kernel was built or started without it (psi=1)"
    return KernelFeature(feature="pressure stall information", available=bool(known), detail=detail)


def _schedstat(host: Host) -> KernelFeature:
    try:
        schedstat.parse(host.read_file("/proc/self/schedstat"))
    except (OSError, ValueError):
        return KernelFeature(feature="run-queue wait", available=False, detail="/proc/PID/schedstat is missing")
    return KernelFeature(feature="run-queue wait", available=True, detail="/proc/PID/schedstat")


def _container(host: Host) -> KernelFeature:
    """Whether perfdoctor itself runs in a container, and whether that hides processes from it."""
    holds = None
    with contextlib.suppress(OSError):
        holds = cgroup.parse(host.read_file("/proc/self/cgroup"))
    mark = next((path for path in _CONTAINER_MARKS if _text(host, path) is not None), None)
    inner = False
    with contextlib.suppress(OSError):
        inner = host.read_link("/proc/self/ns/pid") != _FIRST_PID_NAMESPACE
    said = [f"{holds.kind} {holds.identity[:12]}"] if holds else [f"{mark} is there"] if mark else []
    said.append("only processes of this pid namespace are seen" if inner else "all processes of the machine are seen")
    return KernelFeature(
        feature="in a container", available=bool(holds or mark or inner), detail=clean("; ".join(said))
    )
