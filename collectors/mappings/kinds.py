"""What is a mapping for? From its name, its rights, and what the process's threads and allocator tell."""

import re
from bisect import bisect_left
from collections.abc import Collection
from itertools import pairwise

from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.schemas.memory_map import MemoryKind

# /memfd:cache (deleted)  |  /SYSV0000002a (deleted)  |  /dev/zero (deleted)  |  /dev/shm/queue
_SHARED = re.compile(r"/(?:memfd:|SYSV[0-9a-f]{8}\b|dev/zero\b|dev/shm/)|\[anon_shmem:")
# anon_inode:[io_uring]  |  anon_inode:i915.gem  |  /dmabuf:  |  /dev/nvidia0
_DEVICE = re.compile(r"/dev/(?!shm/|zero\b|hugepages/)|anon_inode:|/?dmabuf:|socket:\[|/drm mm object\b|/i915\b")
_KERNEL = re.compile(r"\[(?:vdso|vvar|vvar_vclock|vsyscall|uprobes|vectors|sigpage)\]$")
# [stack:1234] of Linux 3.4 to 4.4; [anon:stack_and_tls:1234] of bionic; [anon: glibc: pthread user stack: 1234]
_THREAD_STACK = re.compile(r"\[(?:stack:\d+|anon:stack_and_tls:.*|anon: ?glibc: pthread (?:user )?stack.*)\]$")


def kind_of(mapping: Mapping, stacks: Collection[int] = (), arenas: Collection[int] = ()) -> MemoryKind:
    """``stacks`` and ``arenas`` are the low ends of the mappings that hold a thread's stack, or a heap of glibc's."""
    name, rights = mapping.name, mapping.rights
    shared = rights[3] == "s"
    if mapping.private_hugetlb or mapping.shared_hugetlb or name.startswith("/anon_hugepage"):
        return MemoryKind.HUGE_PAGES
    if name.startswith("[") and not mapping.inode:
        if name == "[heap]":
            return MemoryKind.HEAP
        if name == "[stack]":
            return MemoryKind.MAIN_STACK
        if _KERNEL.match(name):
            return MemoryKind.KERNEL
        if _THREAD_STACK.match(name):
            return MemoryKind.THREAD_STACK
    if _SHARED.match(name):
        # A private mapping of /dev/zero is how memory was asked for before there was anonymous memory.
        return MemoryKind.SHARED_MEMORY if shared or not name.startswith("/dev/zero") else MemoryKind.ANONYMOUS
    if _DEVICE.match(name):
        return MemoryKind.DEVICE
    if mapping.inode or (name and not name.startswith("[")):
        if "x" in rights:
            return MemoryKind.CODE
        return MemoryKind.FILE_SHARED if shared else MemoryKind.FILE_PRIVATE
    if mapping.low in arenas:
        return MemoryKind.ARENA
    if mapping.low in stacks:
        return MemoryKind.THREAD_STACK
    return MemoryKind.JIT if "x" in rights else MemoryKind.ANONYMOUS


def stacks_of(mappings: list[Mapping], pointers: Collection[int]) -> set[int]:
    """The low ends of mappings that are stacks of threads, of which ``pointers`` are the stack pointers.

    A stack has a guard below it that nobody may touch. Of a thread that runs just now there is no pointer: what has a
    guard and the size of a known stack is taken for one."""
    guarded = [
        after
        for before, after in pairwise(mappings)
        if before.high == after.low
        and before.rights.startswith("---")
        and after.rights.startswith("rw")
        and after.rights[3] == "p"
        and not after.inode
        and not after.name
    ]
    points = sorted(pointers)
    known = {m.low: m.size for m in guarded if _inside(points, m)}
    sizes = set(known.values())
    return set(known) | {m.low for m in guarded if m.size in sizes}


def _inside(points: list[int], mapping: Mapping) -> bool:
    at = bisect_left(points, mapping.low)
    return at < len(points) and points[at] < mapping.high
