"""What perf said of real programs, and what it never says."""

import json
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.perf.parse import Place, ScriptReader, SummaryReader

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts" / "perf"
SCRIPT = (TRANSCRIPTS / "script.txt").read_bytes()
SUMMARY = (TRANSCRIPTS / "summary.txt").read_bytes()
# Of the program that the summary is of: the calls of its first thread that no library makes too.
TRUTH = json.loads((TRANSCRIPTS / "truth.json").read_text())["line"].values()
ONE_NAME = [line for line in TRUTH if len(line["syscalls"]) == 1 and line["process"] == "self"]


def script(*chunks: bytes) -> ScriptReader:
    reader = ScriptReader()
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def summary(*chunks: bytes) -> SummaryReader:
    reader = SummaryReader()
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def test_every_line_of_real_samples_is_understood() -> None:
    reader = script(SCRIPT)
    assert reader.not_understood == reader.lost == 0
    assert reader.samples.total() == SCRIPT.count(b"\n\n")
    assert {sample.thread for sample in reader.samples} == {"call_storm", "one_hot_line", "python3"}
    assert all(sample.pid == sample.tid > 0 and sample.frames for sample in reader.samples)


def test_a_stack_is_read_innermost_first() -> None:
    first = next(iter(script(SCRIPT).samples))
    assert first.frames[0] == Place(0xFFFFFFFF821EF666, "do_syscall_64", "[kernel.kallsyms]")
    assert first.frames[2] == Place(0xF63D3, "__libc_pread", "/usr/lib/x86_64-linux-gnu/libc.so.6")


def test_names_may_hold_what_separates_them() -> None:
    reader = script(
        b"a 1/1 b 7/8 \n"
        b"\t  10 std::f(char (&) [3]) (/opt/a b/x.so (deleted))\n"
        b"\t  20 g (/opt/My (old) app/y)\n"
        b"\t  30 [unknown] ([unknown])\n\n"
    )
    (sample,) = reader.samples
    assert (sample.thread, sample.pid, sample.tid) == ("a 1/1 b", 7, 8)
    assert sample.frames == (
        Place(0x10, "std::f(char (&) [3])", "/opt/a b/x.so (deleted)"),
        Place(0x20, "g", "/opt/My (old) app/y"),
        Place(0x30, "[unknown]", "[unknown]"),
    )
    assert reader.not_understood == 0


def test_lost_samples_are_counted() -> None:
    assert script(b"storm 7/7  PERF_RECORD_LOST lost 12\n").lost == 12


def test_what_is_not_understood_is_counted() -> None:
    assert script(b"no sample at all\n\t 10 f (g)\n").not_understood == 2


def test_a_sample_without_a_stack_is_a_sample() -> None:
    assert script(b"idle 7/7 \n\nidle 7/7 \n").samples.total() == 2


@given(st.lists(st.integers(0, len(SCRIPT)), max_size=20))
def test_chunks_make_no_difference_to_samples(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SCRIPT)]
    cut = script(*(SCRIPT[a:b] for a, b in pairwise(edges)))
    assert cut.samples == script(SCRIPT).samples


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_garbage_harms_no_reader(chunks: list[bytes]) -> None:
    script(SCRIPT[:300], *chunks, SCRIPT[300:600])
    summary(SUMMARY[:300], *chunks, SUMMARY[300:600])


@given(st.text("\t 0123456789abcdef()[]/:%.-EN\n", max_size=300))
def test_what_looks_nearly_right_harms_no_reader(text: str) -> None:
    script(text.encode())
    summary(SUMMARY[:200], text.encode())


def test_every_line_of_a_real_summary_is_understood() -> None:
    reader = summary(SUMMARY)
    assert reader.complete
    assert reader.not_understood == reader.lost == 0
    assert len({call.tid for call in reader.calls}) == 1


def test_counts_are_those_of_the_program() -> None:
    reader = summary(SUMMARY)
    counted = {call.syscall: call.calls for call in reader.calls}
    assert len(ONE_NAME) >= 4
    for line in ONE_NAME:
        if line["marker"] in ("pread", "deep"):  # nothing else makes these
            assert counted[line["syscalls"][0]] == line["calls"]
    assert reader.errors["newfstatat", "ENOENT"] == 103
    sleep = next(call for call in reader.calls if call.syscall == "clock_nanosleep")
    assert sleep.calls == 23
    assert 23 * 0.002 <= sleep.seconds < 1
    assert sleep.seconds / 23 <= sleep.max_seconds <= sleep.seconds


def test_lost_events_are_counted() -> None:
    assert summary(b"LOST 5 events!\n", SUMMARY).lost == 5


def test_an_older_perf_has_no_column_of_errors() -> None:
    reader = summary(
        b"\n Summary of events:\n\n x (7), 20 events, 100.0%\n\n   read   10   2.500   0.100   0.250   0.900   1.01%\n"
    )
    (call,) = reader.calls
    assert (call.tid, call.syscall, call.calls, call.errors, call.seconds) == (7, "read", 10, 0, 0.0025)


def test_no_calls_is_an_answer_and_silence_is_none() -> None:
    assert summary(b"\n Summary of events:\n\n").complete
    assert not summary(b"").complete


@given(st.lists(st.integers(0, len(SUMMARY)), max_size=20))
def test_chunks_make_no_difference_to_a_summary(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SUMMARY)]
    cut = summary(*(SUMMARY[a:b] for a, b in pairwise(edges)))
    assert (cut.calls, cut.errors) == (summary(SUMMARY).calls, summary(SUMMARY).errors)
