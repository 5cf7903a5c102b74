"""trace-memory's answers from small evidence."""

from perfdoctor.schemas.allocations import AllocationProfile, MappedKind, MappedRow, Mode
from perfdoctor.schemas.memory import MemorySample, MemoryTrend
from perfdoctor.schemas.waits import FaultRow
from perfdoctor.server.answers.allocations import memory_answer
from perfdoctor.server.formatters.allocations import say
from tests.server.samples import LOAD, MAIN, PID, RANK, allocations, evidence

GROWING = MemoryTrend(
    samples=tuple(MemorySample(at=i / 5, rss=(10 + i) << 20, anonymous=i << 20) for i in range(25)),
    bytes_per_second=5 << 20,
    confidence=1.0,
)


def test_a_line_that_keeps_as_much_in_each_third_grows() -> None:
    answer = memory_answer("r-1", evidence(allocations=allocations(), memory=GROWING), rows=1, frames=1)
    (line,) = answer.lines
    assert (line.location and line.location.line, line.left, line.left_bytes) == (13, 200, 200_000)
    assert (line.keeps, line.survivor_bytes) == ("grows", 70_000)
    assert len(line.stack) == 1
    assert (answer.total_lines, answer.omitted_lines) == (2, 1)
    assert answer.grows
    assert "keeps 195 KiB" in answer.summary
    assert "(1 more;" in say(answer)


def test_what_takes_the_place_of_older_blocks_is_not_called_growth() -> None:
    turned = allocations().model_copy(update={"unknown_frees": 150})
    answer = memory_answer("r-1", evidence(allocations=turned), rows=5, frames=4)
    assert answer.lines[0].keeps == "unclear"
    assert answer.grows is None
    assert "Too short" in answer.summary
    assert "150 blocks of before the window" in say(answer)


def test_growth_joins_faults_and_mappings_by_line() -> None:
    mapped = (
        MappedRow(pid=PID, kind=MappedKind.ANONYMOUS, stack=(LOAD, MAIN), calls=3, bytes=3 << 20),
        MappedRow(pid=PID, kind=MappedKind.UNMAPPED, stack=(LOAD, MAIN), calls=1, bytes=1 << 20),
        MappedRow(pid=PID, kind=MappedKind.GIVEN_BACK, stack=(MAIN,), calls=1, bytes=4096),
    )
    faults = (FaultRow(pid=PID, stack=(LOAD, MAIN), faults=300), FaultRow(pid=PID, stack=(RANK,), faults=100))
    seen = evidence(allocations=AllocationProfile(mode=Mode.GROWTH, mapped=mapped), faults=faults, memory=GROWING)
    answer = memory_answer("r-1", seen, rows=10, frames=4)
    top, second, last = answer.touched
    assert (top.faults, top.bytes, top.share) == (300, 300 * 4096, 0.75)
    assert (top.mapped_bytes, top.returned_bytes) == (3 << 20, 1 << 20)
    assert (second.faults, second.mapped_bytes) == (100, 0)
    assert (last.faults, last.returned_bytes) == (0, 4096)
    assert "75% at `/srv/shop/store.py:13 load`" in answer.summary
    assert answer.next[0].tool == "trace-memory"
    assert "1 MiB" in say(answer, stacks=True)


def test_huge_pages_are_told() -> None:
    profile = AllocationProfile(mode=Mode.GROWTH, huge_bytes=(2 << 20, 64 << 20))
    answer = memory_answer("r-1", evidence(allocations=profile, faults=(), memory=GROWING), rows=10, frames=4)
    assert "huge pages" in answer.summary


def test_nothing_at_all() -> None:
    answer = memory_answer("r-1", evidence(allocations=AllocationProfile(mode=Mode.ALLOCATIONS)), rows=3, frames=4)
    assert "The allocator was not called." in answer.summary
    assert answer.lines == ()
