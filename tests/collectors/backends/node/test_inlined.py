"""What V8 had put into another function before anybody looked is told where it stands, as far as the source tells."""

import os
from pathlib import Path
from typing import Any

import pytest

from perfdoctor.collectors.backends.node.heap import read_heap
from perfdoctor.collectors.backends.node.profile import read_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.asking.call_sites import CallSites
from perfdoctor.schemas.frame import Stack

SOURCE = """class Boosters {
  tell(panel, currents) {
    for (const train of this.trains) {
      const report = { train };
      panel.take(report, currents);
    }
  }
}
class Panel {
  runs = Array.from({ length: 3 }, () => []);
  take(report, currents) {
    this.add(report);
    this.show(report, Array.from(currents, (one) => one / 1000));
  }
  add(report) {
    this.seen.push({ report });
  }
  show(report) {
    console.log(report);
  }
}
class Board {
  turn(list) {
    this.draw(list);
  }
  draw(list) {
    return [...list, this.place()];
  }
  place() {}
}
class Other {
  place() {}
}
class Ward {
  step(bed) {
    this.admit(bed, bed + 1);
  }
  admit(bed, number) {
    this.beds.set(bed, number);
    this.stays.set(number, bed);
  }
  leave(bed) {
    this.beds.delete(bed);
  }
}
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "panel.js").write_text(SOURCE)
    return str(tmp_path / "panel.js")


def node(at: int, name: str, url: str, size: int, *children: dict[str, Any], **more: object) -> dict[str, Any]:
    """Of the heap's profile; a function that is not in SOURCE is of the language."""
    line = next((i for i, text in enumerate(SOURCE.split("\n")) if text.startswith(f"  {name}(")), -1)
    call = {"functionName": name, "url": url if line >= 0 else "", "lineNumber": line, "columnNumber": len(name) + 2}
    return {"id": at, "callFrame": call, "selfSize": size, "children": list(children), **more}


def lines(stack: Stack) -> list[tuple[str, int | None]]:
    return [(frame.function, frame.line) for frame in stack]


def lives(head: dict[str, Any]) -> list[tuple[list[tuple[str, int | None]], int]]:
    sites = CallSites(LocalHost(), os.getpid())
    return [(lines(stack), size) for stack, size in read_heap({"head": head}, None, sites).items()]


def test_what_a_function_does_not_call_is_called_by_one_within_it(url: str) -> None:
    head = node(1, "(root)", url, 0, node(2, "tell", url, 0, node(3, "from", url, 4096)))
    assert lives(head) == [([("from", None), ("take", 13), ("tell", 5)], 4096)]


def test_what_a_function_made_that_keeps_nothing_is_of_one_within_it_that_does(url: str) -> None:
    assert lives(node(2, "tell", url, 4096)) == [([("add", 16), ("take", 12), ("tell", 5)], 4096)]


def test_it_is_rather_of_what_nothing_is_taken_out_of(url: str) -> None:
    assert lives(node(2, "step", url, 4096)) == [([("admit", 40), ("step", 36)], 4096)]


def test_what_has_a_place_of_its_own_was_not_put_into_another(url: str) -> None:
    head = node(2, "tell", url, 4096, node(3, "take", url, 0, node(4, "add", url, 512)))
    assert lives(head) == [([("tell", 4)], 4096), ([("add", 16), ("take", 12), ("tell", 5)], 512)]


def test_a_name_of_two_functions_and_a_function_that_keeps_nothing_tell_nothing(url: str) -> None:
    assert lives(node(2, "turn", url, 4096)) == [([("turn", 23)], 4096)]
    head = node(2, "turn", url, 0, node(3, "place", url, 64))
    assert [stack[1:] for stack, _ in lives(head)] == [[("draw", 27), ("turn", 24)]]


def test_a_sample_in_a_line_of_another_function_stands_in_that(url: str) -> None:
    ticks = [{"line": 4, "ticks": 2}, {"line": 13, "ticks": 5}, {"line": 32, "ticks": 1}]
    told = node(7, "tell", url, 0, hitCount=8, positionTicks=ticks)
    tree = read_cpu({"nodes": [{**told, "children": []}]}, 7, None, CallSites(LocalHost(), os.getpid()))
    assert {tuple(lines(stack)): n for stack, n in tree.ticks.items()} == {
        (("tell", 4),): 2,
        (("take", 13), ("tell", 5)): 5,
        (("tell", 32),): 1,
    }


def test_where_memory_is_asked_for_a_sample_stands_at_a_line_that_makes_objects(url: str) -> None:
    ticks = [{"line": 3, "ticks": 5}, {"line": 4, "ticks": 1}, {"line": 16, "ticks": 2}]
    told = {**node(7, "tell", url, 0, hitCount=8, positionTicks=ticks), "children": []}
    tree = read_cpu({"nodes": [told], "samples": [7], "timeDeltas": [1]}, 7, None, CallSites(LocalHost(), os.getpid()))
    assert [lines(sample.stack) for sample in tree.samples] == [[("tell", 3)]]
    assert lines(tree.makers[tree.samples[0].stack]) == [("add", 16), ("take", 12), ("tell", 5)]
    assert {tree.likeliest[stack] for stack in tree.ticks} == {tree.samples[0].stack}
