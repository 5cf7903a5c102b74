"""Which calls of a Java machine are its own, which are made for lines of Java, and for which lines."""

import pytest

from perfdoctor.collectors.java import is_the_machines
from perfdoctor.collectors.java_calls import Fits
from perfdoctor.schemas.frame import Frame, FrameKind, Stack


def native(*names: str) -> Stack:
    return tuple(Frame(kind=FrameKind.NATIVE, function=name) for name in names)


ENDS = ("thread_native_entry(Thread*)", "start_thread", "__clone3")


def test_a_thread_that_ends_waits_for_the_machine() -> None:
    stack = native("futex_wait", "Mutex::lock()", "Threads::remove(JavaThread*, bool)", *ENDS)
    assert is_the_machines((1, "futex", "futex:0x7f10", stack))


def test_what_passes_through_compiled_code_is_a_lines() -> None:
    stack = native("__write", "Java_sun_nio_ch_write0", "[anonymous memory]", "JavaThread::run()", *ENDS)
    assert not is_the_machines((1, "write", "fd:7", stack))


def test_a_stack_that_was_not_walked_to_its_end_may_be_a_lines() -> None:
    assert not is_the_machines((1, "write", "fd:7", native("__write", "[callers that could not be found]")))
    assert not is_the_machines((1, "write", "fd:7", ()))


def java(*names: str) -> Stack:
    """Innermost first; what stands in a package of Java is of its library."""
    return tuple(
        Frame(kind=FrameKind.JAVA, function=name, module="java.base" if name.startswith(("java.", "sun.")) else None)
        for name in names
    )


READING = java("java.io.RandomAccessFile.readBytes", "java.io.RandomAccessFile.readFully", "Register.skin")
SORTING = java("java.util.TreeMap.put", "ShelfList.reads")
ASLEEP = java("java.lang.Thread.sleep", "Main.main")


@pytest.mark.parametrize(
    ("syscall", "stack", "well"),
    [
        ("read", READING, 2),
        ("read", SORTING, 1),
        ("read", ASLEEP, 0),
        ("openat", ASLEEP, 0),
        ("openat", READING, 1),
        ("openat", java("java.nio.file.Files.newBufferedReader", "Directory.find"), 2),
        ("newfstatat", java("java.io.File.exists", "Styles.of"), 2),
        ("futex", ASLEEP, 2),
        ("futex", SORTING, 1),
        ("clock_nanosleep", ASLEEP, 2),
        ("brk", READING, 1),
        ("read", (), 1),
    ],
)
def test_how_well_a_call_fits_where_the_thread_was_sampled(syscall: str, stack: Stack, well: int) -> None:
    assert Fits()((1, syscall, "/srv/register.dat", native("read")), stack) == well


def test_other_events_fit_anywhere() -> None:
    assert Fits()("a key of another kind", ASLEEP) == 1


@pytest.mark.parametrize(
    ("syscall", "stack", "well"),
    [("futex", ASLEEP, 0), ("futex", READING, 0), ("fcntl", READING, 1), ("read", ASLEEP, 0)],
)
def test_a_thread_that_sleeps_is_not_where_it_was_before_or_after(syscall: str, stack: Stack, well: int) -> None:
    assert Fits()((1, syscall, "futex:0x7f10", native("futex")), stack, True) == well
