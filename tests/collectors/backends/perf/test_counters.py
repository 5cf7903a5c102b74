"""The processor's counters, as perf stat tells them."""

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.perf.counters import processor_counts, read_counts
from perfdoctor.server.formatters.cpu import _counted
from tests.collectors.machine import Machine

# As perf 6.1 words it (its source, builtin-stat.c): two counters took turns, the processor does not have another.
RECORDED = """
3000451219;;cycles;1000450731;100.00;;
4500676828;;instructions;1000450731;100.00;1.50;insn per cycle
610000000;;branches;625281706;62.50;;
12200000;;branch-misses;625281706;62.50;2.00;of all branches
<not supported>;;cache-references;0;100.00;;
<not counted>;;cache-misses;0;0.00;;
"""


def test_counts_are_read() -> None:
    counts = {count.event: (count.count, count.counted_share) for count in read_counts(RECORDED)}
    assert counts == {
        "cycles": (3_000_451_219, 1.0),
        "instructions": (4_500_676_828, 1.0),
        "branches": (610_000_000, 0.625),
        "branch-misses": (12_200_000, 0.625),
    }


def test_what_they_say_together() -> None:
    events = {count.event: count.count for count in read_counts(RECORDED)}
    assert _counted(events) == ["The processor counted 1.50 instructions per cycle, 2.0% of the branches mispredicted."]
    assert _counted({}) == []


def test_where_there_are_counters() -> None:
    devices = {"/sys/bus/event_source/devices/software/type": "1\n"}
    assert not processor_counts(Machine(devices, programs=("perf",)))
    for name in ("cpu", "cpu_core", "armv8_pmuv3_0"):
        there = {**devices, f"/sys/bus/event_source/devices/{name}/type": "4\n"}
        assert processor_counts(Machine(there, programs=("perf",)))
        assert not processor_counts(Machine(there))
    assert not processor_counts(Machine())


@given(st.text("0123456789;,.<>nots cyle\n", max_size=200))
def test_any_text(text: str) -> None:
    for count in read_counts(text):
        assert count.count >= 0 and 0 <= count.counted_share <= 1
