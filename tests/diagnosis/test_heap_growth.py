"""Whether Go's heap grows: by what is left of what was made, when collections are too rare for their floors to tell."""

from collections.abc import Callable

import pytest

from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import memory, window
from perfdoctor.diagnosis.heap_growth import HeapGrowth, heap_growth
from perfdoctor.schemas.memory import HeapReading

MB = 1_000_000


def even(at: float) -> float:
    """Made at a time, in megabytes: 5 a second, as for ever."""
    return 100 + 5 * at


def go(
    after: list[tuple[float, float]], made: Callable[[float], float] = even, seconds: float = 5.0
) -> tuple[HeapReading, ...]:
    """What collections left, in megabytes, and a look every 0.2 s."""
    left = [HeapReading(at=at, used=int(MB * used), made=int(MB * made(at)), collected=True) for at, used in after]
    looks = [
        HeapReading(at=i / 5, used=int(MB * made(i / 5)), made=int(MB * made(i / 5))) for i in range(int(5 * seconds))
    ]
    return tuple(sorted((*left, *looks), key=lambda reading: reading.at))


def test_most_of_what_was_made_between_two_collections_is_left() -> None:
    assert heap_growth(go([(-1, 10), (3, 26)]), 5) == HeapGrowth(16 * MB, 4.0, 26 * MB, share=0.8)


def test_a_part_is_left_three_times_in_a_row() -> None:
    found = heap_growth(go([(-0.5, 5), (0.5, 6.5), (1.7, 8.5), (3.5, 11.5)]), 5)
    assert found == HeapGrowth(6_500_000, 4.0, 11_500_000, share=0.325)


def test_nearly_all_that_was_ever_made_is_left() -> None:
    """5 MB a second since a start 20 s ago; 90 MB of 100 were alive at the only collection that is known."""
    found = heap_growth(go([(0, 90)]), 5, 20.0)
    assert found == HeapGrowth(round(0.9 * 4.8 * 5 * MB), 4.8, 90 * MB, share=0.9)


@pytest.mark.parametrize(
    ("after", "age", "because"),
    [
        ([(-1, 66)], 20.0, "a third of it is gone"),
        ([(-14, 28)], 20.0, "it was six seconds old"),
        ([(0, 90)], 60.0, "much more is made now than before"),
        ([(0, 90)], 5.0, "most was made at the start"),
        ([(0, 90)], None, "nobody knows how old it is"),
    ],
)
def test_of_one_collection_nothing_is_said_when(
    after: list[tuple[float, float]], age: float | None, because: str
) -> None:
    assert heap_growth(go(after), 5, age) is None, because


@pytest.mark.parametrize(
    ("after", "because"),
    [
        ([], "there was no collection"),
        ([(3, 26)], "with one of them there is nothing to compare with"),
        ([(-6, 10), (-1, 31)], "none of them is in the window"),
        ([(0.5, 10), (2.5, 19)], "they are less than 2.5 s apart"),
        ([(-1, 10), (3, 18)], "more than a third of what was made is gone"),
        ([(-1, 10), (1, 21), (4.5, 20)], "it fell, too"),
        ([(-0.5, 5), (0.5, 6.5), (1.7, 7.5), (3.5, 11.5)], "once less than a quarter was left"),
    ],
)
def test_nothing_is_said_when(after: list[tuple[float, float]], because: str) -> None:
    assert heap_growth(go(after), 5) is None, because


def test_a_start_that_loads_its_data_and_then_works_on_it_is_no_growth() -> None:
    """It loads 20 MB a second until one second before the window, and makes 2 MB a second since."""

    def made(at: float) -> float:
        return 100 + 20 * min(at, -1) + 2 * max(0, at + 1)

    assert heap_growth(go([(-3, 60), (1.5, 100)], made), 5) is None


def test_what_was_loaded_within_the_window_is_no_growth_once_it_has_stopped() -> None:
    assert heap_growth(go([(-2, 10), (2, 48)], lambda at: 100 + 10 * min(at, 2.2)), 5) is None


def test_many_collections_tell_by_what_they_leave() -> None:
    """Of 100 MB that are made each second 2 stay: far below what few collections could tell."""

    def made(at: float) -> float:
        return 100 + 100 * at

    often = [i / 4 for i in range(-1, 20)]
    growing = heap_growth(go([(at, 30 + 2 * at) for at in often], made), 5)
    assert growing is not None
    assert (growing.per_second, growing.share, growing.slower) == (2 * MB, None, False)
    assert heap_growth(go([(at, 30 + 9 * (i * 7 % 11) / 11) for i, at in enumerate(often)], made), 5) is None
    filled = heap_growth(go([(at, 30 + 10 * at - at * at) for at in often], made), 5)
    assert filled is not None
    assert filled.slower


def judged(heap: tuple[HeapReading, ...], resident: float) -> tuple[list[str], str]:
    """Titles of what is found in a window of 10 s of Go that grows by so many bytes a second, and why it was not
    checked."""
    found = window(memory=memory(resident).model_copy(update={"heap": heap}))
    said = diagnose(found.model_copy(update={"target": found.target.model_copy(update={"runtime": "go"})}))
    titles = [finding.title for finding in said.findings if finding.pattern == "memory-growth"]
    return titles, "".join(one.why for one in said.not_checked if one.pattern == "memory-growth")


def test_without_readings_only_growth_that_no_heap_explains_is_told() -> None:
    assert judged((), 5e6)[0]
    titles, why = judged((), 3e6)
    assert titles == []
    assert "did not tell what its heap holds" in why


def test_garbage_before_a_rare_collection_is_no_growth() -> None:
    """Its heap of 200 MB is collected before the window, and not in it."""
    heap = tuple(HeapReading(at=i / 5, used=int(200e6 + 1e6 * i), made=int(1e9 + 1e6 * i)) for i in range(51))
    before = HeapReading(at=-3, used=185_000_000, made=985_000_000, collected=True)
    titles, why = judged((before, *heap), 5e6)
    assert titles == []
    assert "too seldom" in why


def test_memory_beside_a_small_heap_that_grows_is_told() -> None:
    """What C takes in a program of Go: ten times what its heap ever held."""
    (title,), _ = judged(go([(at, 4) for at in (1, 3, 5, 7, 9)], lambda at: 1 + 0.5 * at, 10), 8e6)
    assert "garbage-collected" not in title
