"""Many uprobes of one file by one link (Linux 6.6): they come in milliseconds, and go at one time.

Each probe that is attached by itself takes a tenth of a second to take away, one after the other: the kernel waits for
all CPUs to have passed by. libbpf knows these links since 1.3 only, so they are made by bpf(2) itself.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Sequence
from functools import cache

ATTACH_TYPE = 48
"""BPF_TRACE_UPROBE_MULTI (include/uapi/linux/bpf.h)"""
_SYSCALL = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _LINK_CREATE = 5, 28
_KPROBE = 2
_RETURNS = 1
_ATTR_SIZE = 128


def _bpf(command: int, attr: bytearray) -> int:
    """A descriptor; OSError with the kernel's errno."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    buffer = (ctypes.c_char * _ATTR_SIZE).from_buffer(attr)
    fd: int = call(_SYSCALL[os.uname().machine], command, buffer, _ATTR_SIZE)
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd


def attach(program: int, path: str, places: Sequence[tuple[int, int]], *, pid: int, returns: bool) -> int:
    """Attach a loaded program (its descriptor) to the ``places`` (offset, cookie) of a file in one process. The link's
    descriptor: closing it detaches. OSError."""
    count = len(places)
    name = ctypes.create_string_buffer(os.fsencode(path))
    offsets = (ctypes.c_uint64 * count)(*(offset for offset, _ in places))
    cookies = (ctypes.c_uint64 * count)(*(cookie for _, cookie in places))
    attr = bytearray(_ATTR_SIZE)
    addresses = (ctypes.addressof(name), ctypes.addressof(offsets), 0, ctypes.addressof(cookies))
    flags = _RETURNS if returns else 0
    struct.pack_into("<4I4Q3I", attr, 0, program, 0, ATTACH_TYPE, 0, *addresses, count, flags, pid)
    return _bpf(_LINK_CREATE, attr)


@cache
def supported() -> bool:
    """Whether this kernel has them: it is asked to probe a folder, and says what is wrong with that only if it has."""
    return_zero = ctypes.create_string_buffer(struct.pack("<QQ", 0xB7, 0x95), 16)
    license_text = ctypes.create_string_buffer(b"GPL")
    attr = bytearray(_ATTR_SIZE)
    struct.pack_into("<IIQQ", attr, 0, _KPROBE, 2, ctypes.addressof(return_zero), ctypes.addressof(license_text))
    struct.pack_into("<I", attr, 68, ATTACH_TYPE)
    try:
        program = _bpf(_PROG_LOAD, attr)
    except OSError:
        return False
    try:
        os.close(attach(program, "/", [(0, 0)], pid=os.getpid(), returns=False))
    except OSError as error:
        return error.errno == errno.EBADF
    finally:
        os.close(program)
    return True
