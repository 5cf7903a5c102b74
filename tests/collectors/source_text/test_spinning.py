"""Loops that ask by a function of their own, and do nothing besides; and near misses.

``// <- 0`` marks the innermost line of the stack, ``// <- 1`` its caller's, and so on.
"""

import os
import re
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.pausing.spinning import spinning
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.diagnosis.example import cpu
from perfdoctor.schemas.cpu import LineShape
from perfdoctor.schemas.frame import Frame, FrameKind

RING = """
struct Ring {
    bool try_pop(Scan& scan) {
        const size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_.load(std::memory_order_acquire)) return false; // <- 0 try_pop
        scan = slots_[tail % 64];
        return true;
    }
    Scan next() {
        Scan scan;
        while (!try_pop(scan)) { // <- 1 next
            _mm_pause();
        }
        return scan;
    }
};
"""
FOUND = {
    "a ring, in C++": (".cpp", RING),
    "a strategy that is handed a function, in C++": (
        ".cpp",
        """
class Sequence {
    long get() const { return value_.load(std::memory_order_acquire); } // <- 0 get
};
struct Eager {
    template <class Reached>
    void wait_until(Reached reached) {
        while (!reached()) relax(); // <- 2 wait_until<consume()::<lambda()> >
    }
};
void consume(Ring &ring) {
    wait_.wait_until([&] { return written_.get() >= from; }); // <- 1 operator()
    for (auto &each : ring) take(each);
}
""",
    ),
    "an atomic flag behind a method, in Rust": (
        ".rs",
        """
impl Gate {
    fn open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN // <- 0 Gate::open
    }
    fn pass(&self) {
        while !self.open() { // <- 1 Gate::pass
            std::hint::spin_loop();
        }
    }
}
""",
    ),
    "a counter behind a function, in Go": (
        ".go",
        """package main

func (b *Barrier) arrived() bool {
	return atomic.LoadInt32(&b.count) == b.all // <- 0 main.(*Barrier).arrived
}

func (b *Barrier) wait() {
	for !b.arrived() { // <- 1 main.(*Barrier).wait
	}
}
""",
    ),
}
SETTLES = """
struct Bus {
    Answer settle(uint32_t number) {
        while (settled_.load(std::memory_order_acquire) < number) { // <- 0 settle
            if (lost_.load(std::memory_order_acquire))
                throw std::runtime_error("lost");
        }
        return answer_;
    }
};
"""
OTHERS = {
    "what was taken is worked on": (
        ".cpp",
        RING.replace("while (!try_pop(scan)) {", "while (try_pop(scan)) {").replace("_mm_pause();", "work(scan);"),
    ),
    "the condition does the work": (
        ".cpp",
        """
bool step(State *state) {
    state->at = state->next[state->at]; // <- 0 step
    return state->at != 0;
}
void run(State *state) {
    while (step(state)) { // <- 1 run
    }
}
""",
    ),
    "it counts what it has found": (".cpp", RING.replace("_mm_pause();", "misses += 1;")),
    "it gives up": (".cpp", RING.replace("_mm_pause();", "if (++tries > 100) return scan;")),
    "what is asked goes through all of something": (
        ".cpp",
        RING.replace("scan = slots_[tail % 64];", "for (auto &slot : slots_) scan.add(slot);"),
    ),
}


def told(tmp_path: Path, suffix: str, text: str) -> dict[LineShape, set[int]]:
    """The lines by shape, of a program that is always at the marked ones."""
    source = tmp_path / f"program{suffix}"
    source.write_text(text)
    at = {}
    for number, line in enumerate(text.splitlines(), 1):
        if mark := re.search(r"// <- (\d) (.+)$", line):
            at[int(mark[1])] = Frame(kind=FrameKind.NATIVE, function=mark[2], file=str(source), line=number)
    load = Frame(kind=FrameKind.NATIVE, function="std::atomic<int>::load", file="/usr/include/atomic.h", line=9)
    row = cpu((load, *(at[depth] for depth in sorted(at))), 1.0).model_copy(update={"pid": os.getpid()})
    found: dict[LineShape, set[int]] = {}
    for each in spinning(SourcesOfAll(LocalHost()), [row]):
        found.setdefault(each.shape, set()).add(each.line)
    return found


@pytest.mark.parametrize("name", FOUND)
def test_the_loop_is_told_and_what_it_asks_is_a_part_of_it(tmp_path: Path, name: str) -> None:
    suffix, text = FOUND[name]
    marked = {int(m[1]): n for n, line in enumerate(text.splitlines(), 1) if (m := re.search(r"// <- (\d)", line))}
    outermost = max(marked)
    parts = {line for depth, line in marked.items() if depth < outermost}
    assert told(tmp_path, suffix, text) == {LineShape.SPIN: {marked[outermost]}, LineShape.PART: parts}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("", "", 4),
        (" // <- 0 settle\n            if (lost_", "\n            if (lost_", 5),
        ("throw std::runtime_error", "log", 0),
        ("lost_.load(std::memory_order_acquire)", "++tries > 100", 0),
        ("settled_.load(std::memory_order_acquire)", "step(state_)", 0),
    ],
    ids=["as it is", "at what it leaves by", "does something", "counts", "works"],
)
def test_a_loop_that_looks_at_an_atomic_and_leaves_when_it_is_in_vain(
    tmp_path: Path, before: str, after: str, line: int
) -> None:
    text = SETTLES.replace(before, after)
    if line == 5:
        text = text.replace(
            "(lost_.load(std::memory_order_acquire))", "(lost_.load(std::memory_order_acquire)) // <- 0 settle"
        )
    assert told(tmp_path, ".cpp", text) == ({LineShape.SPIN: {line}} if line else {})


@pytest.mark.parametrize("name", OTHERS)
def test_other_loops_are_not(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, *OTHERS[name]) == {}
