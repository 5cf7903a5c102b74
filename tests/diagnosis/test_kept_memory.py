"""Which line keeps what makes memory grow?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import window
from perfdoctor.diagnosis.patterns import memory_growth
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.memory import HeapReading, KeptLine, LivingRow, MemorySample, MemoryTrend


def script(line: int, function: str) -> Frame:
    return Frame(kind=FrameKind.JAVASCRIPT, function=function, file="/srv/gateway.js", line=line)


def told_line(raced: int, *, added: bool = False) -> int | None:
    """Of a program that makes frames, and lets promises race that give them: so many samples of these live on. The
    frames may be ``added`` to a collection."""
    race = Frame(kind=FrameKind.NATIVE, function="race")
    rows = (
        LivingRow(pid=1, stack=(script(30, "frame"),), samples=30, bytes=15_000_000),
        LivingRow(pid=1, stack=(race, script(128, "next")), samples=raced, bytes=3_000_000),
    )
    trend = MemoryTrend(
        samples=tuple(MemorySample(at=i, rss=60_000_000, anonymous=20_000_000, swap=0) for i in range(10)),
        bytes_per_second=0.0,
        confidence=0.5,
        heap=tuple(HeapReading(at=i, used=5_000_000 + 2_000_000 * i, collected=True) for i in range(10)),
        kept=(KeptLine(file="/srv/gateway.js", line=30),) if added else (),
    )
    found = window(memory=trend)
    node = found.target.model_copy(update={"runtime": "node"})
    (growth,) = memory_growth.check(Account(found.model_copy(update={"target": node, "living": rows})))
    return growth.location and growth.location.line


def test_promises_that_race_keep_what_each_of_them_gives() -> None:
    assert told_line(6) == 128


def test_little_of_a_race_is_enough_where_nothing_is_added_to_a_collection() -> None:
    assert told_line(2) == 128
    assert told_line(2, added=True) == 30


def test_code_that_a_start_loads_is_no_growth() -> None:
    """Modules stay once they are loaded, and V8's heap grows by them."""
    loader = Frame(
        kind=FrameKind.JAVASCRIPT, function="Module._compile", file="node:internal/modules/cjs/loader", line=9
    )
    loaded = (loader, script(18, "start"))

    def of(stack: tuple[Frame, ...]) -> int:
        asked = [HeapReading(at=at, used=used, collected=True) for at, used in ((0.0, 20_000_000), (9.0, 40_000_000))]
        looks = [HeapReading(at=i + 0.5, used=21_000_000 + 2_000_000 * i) for i in range(9)]
        trend = MemoryTrend(
            samples=tuple(MemorySample(at=i, rss=60_000_000, anonymous=20_000_000, swap=0) for i in range(10)),
            bytes_per_second=0.0,
            confidence=0.5,
            heap=(asked[0], *looks, asked[1]),
        )
        found = window(memory=trend)
        node = found.target.model_copy(update={"runtime": "node"})
        rows = (LivingRow(pid=1, stack=stack, samples=30, bytes=19_000_000),)
        return len(memory_growth.check(Account(found.model_copy(update={"target": node, "living": rows}))))

    assert (of((script(30, "frame"),)), of(loaded)) == (1, 0)
