"""Which calls of a Java machine are its own, and which are made for lines of Java."""

from perfdoctor.collectors.java import is_the_machines
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
