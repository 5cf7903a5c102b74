"""Another clock is put right by what both saw."""

from itertools import accumulate
from random import Random

from perfdoctor.collectors.skew import skew

MS = 1_000_000
TIMES = list(accumulate(Random(1).randrange(MS // 10, 15 * MS) for _ in range(400)))


def test_a_clock_that_runs_slow_is_put_right_all_along() -> None:
    # behind by half a millisecond at first, and by 0.04 % more as time goes by
    other = [t - MS // 2 - t // 2500 for t in TIMES]
    off = skew(((9, at) for at in other), {9: TIMES}, reach=20 * MS)
    assert all(abs(at + off(at) - t) < MS // 4 for at, t in zip(other, TIMES, strict=True))


def test_calls_that_follow_each_other_at_once_are_told_from_what_comes_after_them() -> None:
    burst = [100 * MS + 9_000 * i for i in range(23)]
    after = burst[-1] + MS // 2
    off = skew(((9, at - MS) for at in (*burst, after)), {9: [*burst, after]}, reach=20 * MS)
    assert abs(off(burst[0] - MS) - MS) < 100_000


def test_few_events_and_those_of_other_threads_tell_nothing() -> None:
    assert skew(((9, at - MS) for at in TIMES[:3]), {9: TIMES}, reach=20 * MS)(0) == 0
    assert skew(((8, at - MS) for at in TIMES), {9: TIMES}, reach=20 * MS)(0) == 0
