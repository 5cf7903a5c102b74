"""Profiles as V8 of node 20.20 sends them (shortened), and anything else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.node.backend import TAKEN_FOR_IDLE, cpu_rows
from perfdoctor.collectors.backends.node.heap import read_heap
from perfdoctor.collectors.backends.node.profile import read_cpu
from perfdoctor.schemas.frame import FrameKind
from perfdoctor.schemas.target import Target


def node(at: int, name: str, url: str = "", line: int = -1, **more: object) -> dict[str, Any]:
    call = {"functionName": name, "scriptId": "1", "url": url, "lineNumber": line, "columnNumber": line}
    return {"id": at, "callFrame": call, "hitCount": 0, **more}


PROFILE = {
    "nodes": [
        node(1, "(root)", children=[2, 3, 4]),
        node(2, "(idle)", hitCount=5),
        node(3, "(program)", hitCount=2),
        node(4, "", "file:///srv/a%20b.js", 0, children=[5]),
        node(
            5, "hot", "/srv/a b.js", 9, hitCount=7, positionTicks=[{"line": 11, "ticks": 4}, {"line": 12, "ticks": 2}]
        ),
    ],
    "startTime": 1000,
    "samples": [2, 5, 3],
    "timeDeltas": [10, 20, 30],
}


def test_samples_fall_into_lines_of_the_innermost_function() -> None:
    tree = read_cpu(PROFILE, 7)
    lines = {(s[0].function, s[0].line): n for s, n in tree.ticks.items()}
    assert lines == {("(program)", None): 2, ("hot", 11): 4, ("hot", 12): 2, ("hot", 10): 1}
    assert (tree.busy, tree.idle, tree.not_understood) == (9, 5, 0)
    hot = next(s for s in tree.ticks if s[0].line == 11)
    assert [(f.function, f.file, f.line) for f in hot] == [
        ("hot", "/srv/a b.js", 11),
        ("(anonymous)", "/srv/a b.js", 1),
    ]
    assert {f.kind for f in hot} == {FrameKind.JAVASCRIPT}


def test_time_beyond_the_samples_was_used_while_v8_took_the_thread_for_idle() -> None:
    tree = read_cpu({**PROFILE, "samples": [2, 5, 3], "timeDeltas": [0, 100_000, 100_000]}, 7)
    assert tree.seconds_each == pytest.approx(0.1)
    target = Target(pid=7, start_time=1.0, name="node", command=("node",), user="root", runtime="node", threads=1)
    rows = cpu_rows(tree, target, 1.3)
    assert sum(row.seconds for row in rows) == pytest.approx(1.3)
    assert [row.seconds for row in rows if row.stack == TAKEN_FOR_IDLE] == [pytest.approx(0.4)]
    assert sum(row.seconds for row in cpu_rows(tree, target, 0.5)) == pytest.approx(0.5)
    assert not any(row.stack == TAKEN_FOR_IDLE for row in cpu_rows(tree, target, 0.5))


def test_samples_have_their_times_in_nanoseconds() -> None:
    tree = read_cpu(PROFILE, 7)
    assert [(s.at, s.tid, s.stack[0].function if s.stack else "") for s in tree.samples] == [
        (1_010_000, 7, ""),
        (1_030_000, 7, "hot"),
        (1_060_000, 7, "(program)"),
    ]


def test_bytes_are_those_of_each_chain_of_callers() -> None:
    kept = node(2, "keeps", "/srv/a.js", 3, selfSize=4096, children=[])
    found = read_heap(
        {"head": node(1, "(root)", selfSize=0, children=[node(3, "work", "/srv/a.js", 8, selfSize=0, children=[kept])])}
    )
    assert [([f.function for f in stack], size) for stack, size in found.items()] == [(["keeps", "work"], 4096)]


def test_what_was_made_early_and_lives_is_told_apart_from_garbage_not_yet_collected() -> None:
    kept = node(2, "keeps", "/srv/a.js", 3, selfSize=4096, children=[])
    drops = node(3, "drops", "/srv/a.js", 8, selfSize=90_000, children=[])
    early = [{"size": 128, "nodeId": 2, "ordinal": 2 * n} for n in range(16)]
    late = [{"size": 3000, "nodeId": 3, "ordinal": 70 + n} for n in range(30)]
    told = {"head": node(1, "(root)", selfSize=0, children=[kept, drops]), "samples": early + late}

    def by_function(profile: dict[str, Any]) -> dict[str, int]:
        return {stack[0].function: size for stack, size in read_heap(profile, survivors=True).items()}

    assert by_function(told) == {"keeps": 2 * 16 * 128}
    assert by_function({**told, "samples": late}) == {}, "nothing that was made early is left"
    assert by_function({"head": told["head"]}) == {"keeps": 4096, "drops": 90_000}, "a V8 that tells no samples"


def test_what_a_start_makes_once_counts_for_as_much_as_is_made_later() -> None:
    kept = node(2, "keeps", "/srv/a.js", 3, selfSize=4096, children=[])

    def size(first: int, second: int) -> int:
        ordinals = [*range(first), *range(1000, 1000 + second), 999]
        samples = [{"size": 128, "nodeId": 2, "ordinal": ordinal} for ordinal in ordinals]
        head = node(1, "(root)", selfSize=0, children=[kept])
        return sum(read_heap({"head": head, "samples": samples}, survivors=True).values())

    assert size(16, 15) == 2 * 16 * 128
    assert size(16, 3) == 2 * 4 * 128
    assert size(16, 40) == 2 * 16 * 128


def test_a_tree_that_bites_its_tail_ends() -> None:
    read_cpu({"nodes": [node(1, "a", children=[2]), node(2, "b", hitCount=1, children=[1])]}, 7)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "(root)", "/srv/a.js", "file:///[x"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["nodes", "head", "callFrame", "children", "id", "hitCount", "samples", "url", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["nodes", "head", "samples", "timeDeltas", "startTime"]), JSON))
def test_anything(profile: dict[str, Any]) -> None:
    read_cpu(profile, 7)
    read_heap(profile)
    read_heap(profile, survivors=True)
