"""What ltrace 0.7.3 said, as it was recorded."""

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.ltrace.parse import read_summary

RECORDED = b"""\
% time     seconds  usecs/call     calls      function
------ ----------- ----------- --------- --------------------
 49.49    0.340100       28341        12 nanosleep
  5.89    0.040457        3677        11 nap
  0.15    0.001027         342         3 pthread_join@libc.so.6
------ ----------- ----------- --------- --------------------
100.00    0.687231                    35 total
"""
ALONE = b"""\
% time     seconds  usecs/call     calls      function
------ ----------- ----------- --------- --------------------
100.00    0.035951        3268        11 nap
------ ----------- ----------- --------- --------------------
100.00    0.035951                    11 total
"""


def test_calls_and_seconds_by_function() -> None:
    found, strange = read_summary(RECORDED)
    assert strange == 0
    assert {name: (each.calls, each.seconds) for name, each in found.items()} == {
        "nanosleep": (12, 0.3401),
        "nap": (11, 0.040457),
        "pthread_join": (3, 0.001027),
    }


def test_one_function_has_all_of_the_time() -> None:
    found, strange = read_summary(ALONE)
    assert strange == 0 and found["nap"].calls == 11


def test_what_is_not_understood_is_counted() -> None:
    found, strange = read_summary(RECORDED + b"strange words\n 1.0 x y z\n")
    assert strange == 2 and len(found) == 3


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    found, strange = read_summary(data)
    assert strange >= 0 and all(each.calls >= 0 for each in found.values())
