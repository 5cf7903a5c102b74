"""What a mapping is for, by the names that kernels of all ages give it."""

import pytest

from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.mappings.kinds import kind_of, stacks_of
from perfdoctor.schemas.memory_map import MemoryKind as K


def mapped(
    name: str, rights: str = "rw-p", *, inode: int | None = None, low: int = 0x1000, size: int = 0x1000
) -> Mapping:
    return Mapping(low, low + size, rights, int(name.startswith("/")) if inode is None else inode, name)


@pytest.mark.parametrize(
    ("name", "rights", "kind"),
    [
        ("[heap]", "rw-p", K.HEAP),
        ("[stack]", "rw-p", K.MAIN_STACK),
        ("[stack:1234]", "rw-p", K.THREAD_STACK),
        ("[anon:stack_and_tls:1234]", "rw-p", K.THREAD_STACK),
        ("[anon: glibc: pthread user stack: 1234]", "rw-p", K.THREAD_STACK),
        ("[anon:v8]", "rw-p", K.ANONYMOUS),
        ("", "rw-p", K.ANONYMOUS),
        ("", "---p", K.ANONYMOUS),
        ("", "rwxp", K.JIT),
        ("[vdso]", "r-xp", K.KERNEL),
        ("[vvar_vclock]", "r--p", K.KERNEL),
        ("[vsyscall]", "--xp", K.KERNEL),
        ("/usr/bin/shop", "r-xp", K.CODE),
        ("/usr/bin/shop", "rw-p", K.FILE_PRIVATE),
        ("/usr/bin/shop (deleted)", "r--p", K.FILE_PRIVATE),
        ("/srv/data.db", "rw-s", K.FILE_SHARED),
        ("/memfd:cache (deleted)", "rw-s", K.SHARED_MEMORY),
        ("/SYSV0000002a (deleted)", "rw-s", K.SHARED_MEMORY),
        ("/dev/shm/queue", "rw-s", K.SHARED_MEMORY),
        ("/dev/zero (deleted)", "rw-s", K.SHARED_MEMORY),
        ("/dev/zero", "rw-p", K.ANONYMOUS),
        ("[anon_shmem:name]", "rw-s", K.SHARED_MEMORY),
        ("/anon_hugepage (deleted)", "rw-p", K.HUGE_PAGES),
        ("/dev/nvidia0", "rw-s", K.DEVICE),
        ("/dev/dri/renderD128", "rw-s", K.DEVICE),
        ("anon_inode:[io_uring]", "rw-s", K.DEVICE),
        ("/dmabuf:", "rw-s", K.DEVICE),
        ("/srv/[heap]", "rw-p", K.FILE_PRIVATE),
        ("/srv/dev/shm/x", "rw-s", K.FILE_SHARED),
        ("/device", "rw-s", K.FILE_SHARED),
    ],
)
def test_kinds(name: str, rights: str, kind: K) -> None:
    assert kind_of(mapped(name, rights)) is kind


def test_pages_of_hugetlbfs_are_their_own_kind() -> None:
    mapping = mapped("/mnt/huge/pool", "rw-s")
    mapping.shared_hugetlb = 2 << 20
    assert kind_of(mapping) is K.HUGE_PAGES


def test_a_name_in_brackets_of_a_file_is_a_file() -> None:
    assert kind_of(mapped("[heap]", inode=7)) is K.FILE_PRIVATE


def test_stacks_have_a_guard_and_a_pointer_into_them() -> None:
    guard = mapped("", "---p", low=0x10000)
    waits = mapped("", low=0x11000, size=0x8000)
    guard_2 = mapped("", "---p", low=0x19000)
    runs = mapped("", low=0x1A000, size=0x8000)  # no pointer: it runs just now, but is as large
    other = mapped("", low=0x30000, size=0x8000)  # a pointer, but no guard: a stack that somebody made by himself
    arena = mapped("", low=0x41000, size=0x9000)
    mappings = [guard, waits, guard_2, runs, other, mapped("", "---p", low=0x40000), arena]
    assert stacks_of(mappings, {0x18FF0, 0x30010}) == {0x11000, 0x1A000}
    assert stacks_of(mappings, ()) == set()
    assert kind_of(waits, {0x11000}) is K.THREAD_STACK
    assert kind_of(arena, {0x41000}, {0x41000}) is K.ARENA
