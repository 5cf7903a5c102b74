"""What bpftrace may do, beside what the helper's unit forbids. Set before exec, in the process that becomes it.

It keeps three of our capabilities, and no way to reach other processes or the network. Older versions (such
as 0.17) refuse to work for anybody but root, though what they need are CAP_BPF and CAP_PERFMON: so the same filter
answers the question for the user with 0. No other answer is false: what it may do is what these capabilities allow.
"""

import ctypes
import os
import struct

CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF = 2, 38, 39
_KEPT = frozenset({CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF})
"""the first for the kernel's list of tracepoints, which is root's to read"""
_LAST_CAPABILITY = 63
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 22, 38, 47
_PR_CAP_AMBIENT_IS_SET, _PR_CAP_AMBIENT_LOWER, _PR_CAP_AMBIENT_CLEAR_ALL = 1, 3, 4
_SIGKILL = 9
_EPERM = 1

# nr: geteuid, then what is forbidden: ptrace, process_vm_readv, process_vm_writev, socket, socketpair, connect, setns,
# unshare, mount, open_by_handle_at, pidfd_getfd, io_uring_setup
_ARCHITECTURES = {
    "x86_64": (0xC000003E, 107, (101, 310, 311, 41, 53, 42, 308, 272, 165, 304, 438, 425)),
    "aarch64": (0xC00000B7, 175, (117, 270, 271, 198, 199, 203, 268, 97, 40, 265, 438, 425)),
}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_X32 = 0x40000000
"""other numbers for the same calls, of a third kind of x86"""


def known() -> bool:
    return os.uname().machine in _ARCHITECTURES


def confine() -> None:
    """OSError when it cannot be done: then nothing may be run. Afterwards our parent's death is ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0))
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in _KEPT and libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_IS_SET, capability, 0, 0) == 1:
            _must(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_LOWER, capability, 0, 0))
    _must(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    raw = ctypes.create_string_buffer(_filter(os.uname().machine))
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", (len(raw) - 1) // 8, ctypes.addressof(raw)))
    _must(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0))


def hand_on_nothing() -> None:
    """No program that this process or a child of it executes has any capability of ours."""
    _must(ctypes.CDLL(None, use_errno=True).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))


def _filter(machine: str) -> bytes:
    architecture, geteuid, forbidden = _ARCHITECTURES[machine]
    steps = [
        _step(_LOAD, 4),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, 0),
        _step(_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _ERRNO | _EPERM),
        _step(_EQUAL, geteuid, 0, 1),
        _step(_RETURN, _ERRNO),  # 0, and is not asked of the kernel
    ]
    for number in forbidden:
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ERRNO | _EPERM)]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _must(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
