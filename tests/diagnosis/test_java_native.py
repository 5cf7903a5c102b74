"""Memory that native code takes for a Java program: when it is told, of whom, and at which line."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, java, memory, window
from perfdoctor.diagnosis.patterns import memory_growth
from perfdoctor.schemas.finding import Finding
from perfdoctor.schemas.memory import HeapReading, NativeMaker
from perfdoctor.schemas.memory_map import KindUse, MemoryKind, MemoryMap

DEFLATER = NativeMaker(
    pid=1, name="java.util.zip.Deflater", pages=6000, file="/srv/Feeds.java", line=35, function="call", keeps=True
)
FLAT = tuple(HeapReading(at=i, used=9_000_000, collected=True) for i in range(9))


def found(
    grown: int = 24_000_000,
    *,
    makers: tuple[NativeMaker, ...] = (DEFLATER,),
    kind: MemoryKind = MemoryKind.ARENA,
    runtime: str = "java",
    heap: tuple[HeapReading, ...] = FLAT,
    unmapped: int = 0,
) -> list[Finding]:
    trend = memory(3e6).model_copy(update={"native": makers, "heap": heap})
    kinds = (KindUse(kind=kind, mappings=9, grown=grown),)
    line = (java("java.nio.ByteBuffer.allocateDirect", "ByteBuffer.java", 9),)
    calls = tuple(call(name, line, number) for name, number in (("mmap", 400), ("munmap", unmapped)))
    seen = window(calls=calls, memory=trend, memory_map=MemoryMap(kinds=kinds))
    target = seen.target.model_copy(update={"runtime": runtime})
    return memory_growth.check(Account(seen.model_copy(update={"target": target})))


def test_it_is_told_whose_it_is_and_what_keeps_it() -> None:
    (finding,) = found()
    assert finding.location and finding.location.line == 35
    assert "outside of the Java heap" in finding.title and "objects are kept at" in finding.title
    assert "try-with-resources" in finding.fix


def test_without_a_line_the_class_is_told() -> None:
    (finding,) = found(makers=(NativeMaker(pid=1, name="java.util.zip.Inflater", pages=6000),))
    assert finding.location is None and "java.util.zip.Inflater" in finding.title


def test_memory_that_the_machine_itself_takes_is_not_the_programs() -> None:
    """Its compilers and recordings ask malloc too, and the heap's own pages are touched as it fills."""
    assert not found(makers=())
    assert not found(makers=(DEFLATER.model_copy(update={"pages": 900}),))
    assert not found(makers=(DEFLATER.model_copy(update={"pages": 2000}),), kind=MemoryKind.ANONYMOUS)
    assert not found(2_000_000)


def test_memory_of_malloc_may_look_like_a_part_of_other_memory() -> None:
    """It lies beside it; where large pieces come and go, new pages are no growth."""
    assert found(kind=MemoryKind.ANONYMOUS)
    assert not found(kind=MemoryKind.ANONYMOUS, unmapped=390)


def test_a_heap_that_grows_itself_is_told_as_such() -> None:
    rising = tuple(HeapReading(at=i, used=9_000_000 + 2_000_000 * i, collected=True) for i in range(9))
    (finding,) = found(heap=rising)
    assert "in the garbage-collected heap" in finding.title
