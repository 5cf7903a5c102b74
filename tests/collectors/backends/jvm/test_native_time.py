"""What the engine saw of a Java thread, and what Flight Recorder saw of it, put together."""

from pytest import approx

from perfdoctor.collectors.backends.jvm.native_time import by_thread, placed
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

JVM = "/usr/lib/jvm/java-17/lib/server/libjvm.so"
ZIP = "/usr/lib/jvm/java-17/lib/libzip.so"
JAVA = "/usr/lib/jvm/java-17/lib/libjava.so"


def native(function: str, module: str | None = None) -> Frame:
    return Frame(kind=FrameKind.NATIVE, function=function, module=module)


MADE = native("[anonymous memory]")
DEFLATES = (
    native("[unknown]", "/usr/lib/libz.so.1"),
    native("Java_java_util_zip_Deflater_deflateBytesBytes", ZIP),
    MADE,
)
READS = (native("read", "/usr/lib/libc.so.6"), native("readBytes", JAVA), MADE, MADE)
ALLOCATES = (native("CollectedHeap::fill(HeapWord*)", JVM), MADE)
CLOCK = (native("[vdso]"), native("clock_gettime", "/usr/lib/libc.so.6"), native("os::javaTimeNanos()", JVM), MADE)


def row(stack: Stack, samples: int, thread: str = "main", pid: int = 7) -> CpuRow:
    return CpuRow(pid=pid, thread=thread, stack=stack, samples=samples, seconds=samples / 99)


def java(*functions: str) -> Stack:
    return tuple(Frame(kind=FrameKind.JAVA, function=function) for function in functions)


def test_what_the_machine_does_itself_is_no_native_method() -> None:
    rows = [row((MADE, MADE), 50), row(DEFLATES, 30), row(READS, 20), row(ALLOCATES, 7), row(CLOCK, 5)]
    ran = by_thread([*rows, row(DEFLATES, 9, thread="other"), row(DEFLATES, 9, pid=8), row((), 3)], 7)
    assert set(ran) == {"main", "other"}
    assert (ran["main"].java, ran["main"].native.total(), ran["main"].native_share) == (50, 50, 0.5)
    assert ran["other"].native_share == 1.0


def test_a_function_of_another_name_that_the_method_jumps_to_is_known() -> None:
    single = (native("read", "/usr/lib/libc.so.6"), native("handleRead", JAVA), native("readSingle", JAVA), MADE)
    ran = by_thread([row(single, 40)], 7)["main"]
    reads = java("java.io.RandomAccessFile.read0", "shop.Register.skin")
    assert placed(ran, {reads: 3, java("java.io.RandomAccessFile.readBytes"): 5}) == ({reads: approx(40)}, {})


def test_native_time_goes_to_who_called_the_method_that_ran() -> None:
    ran = by_thread([row(DEFLATES, 30), row(READS, 20)], 7)["main"]
    a = java("java.util.zip.Deflater.deflateBytesBytes", "shop.Cart.squeeze")
    b = java("java.util.zip.Deflater.deflateBytesBytes", "shop.Log.squeeze")
    asleep = java("sun.nio.ch.EPoll.wait", "shop.Server.run")
    inside, without = placed(ran, {a: 2, b: 1, asleep: 500})
    assert inside == {a: approx(20), b: approx(10)}
    assert without == {READS[:2]: 20}  # nobody was seen in it: its native frames are what is known
    inside, without = placed(ran, {java("java.io.FileInputStream.readBytes"): 1})
    assert list(inside.values()) == [20]
    assert without == {DEFLATES[:2]: 30}


def test_names_of_jni() -> None:
    plain, overloaded = native("Java_a_b_1c_D_00024e_f", ZIP), native("Java_a_b_1c_D_00024e_f__I", ZIP)
    similar = native("Java_a_b_1c_D_00024e_fg", ZIP)
    seen = {java("a.b_c.D$e.f"): 1}
    for frame, found in ((plain, 1), (overloaded, 1), (similar, 0)):
        ran = by_thread([row((frame, MADE), 3)], 7)["main"]
        assert len(placed(ran, seen)[0]) == found
