"""Which calls are another call, and what is told of them."""

from collections.abc import Iterator
from typing import cast

import pytest

from perfdoctor.collectors.arguments import _Process
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.runtimes.python_arguments import ArgumentReader, Call, Given, Text
from perfdoctor.collectors.runtimes.python_objects import TornError
from perfdoctor.schemas.cpu import RecurringCalls
from perfdoctor.schemas.frame import Frame, FrameKind

THREAD, CODE, MAIN = 7, 1000, 2000


class Frames:
    """A thread that is met in a function of a loop; ``given`` says with what."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.given_to: dict[int, Given] = {}
        self.still: set[int] = set()

    def running(self) -> Iterator[tuple[int, list[Call]]]:
        yield THREAD, self.calls

    def given(self, call: Call) -> Given:
        if call.context not in self.given_to:
            raise TornError("gone")
        return self.given_to[call.context]

    def is_still(self, text: Text) -> bool:
        return text.at in self.still

    def frame(self, call: Call) -> Frame:
        return Frame(kind=FrameKind.PYTHON, function="hours_from", file="/srv/app.py", line=call.instruction)


def call(context: int, code: int = CODE) -> Call:
    return Call(code=code, instruction=5, context=context, locals=(), frame=0, read=0.0)


def looks(
    contexts: list[int], given: dict[int, Given], *, between: bool = False, still: set[int] | None = None
) -> list[RecurringCalls]:
    """What is told after a look at each of these calls; ``between``: after each the thread is met outside."""
    frames = Frames()
    frames.given_to, frames.still = given, still or set()
    process = _Process(1, cast(ProcessNames, None), cast(ArgumentReader, frames))
    for context in contexts:
        frames.calls = [call(context), call(0, MAIN)]
        process.look()
        if between:
            frames.calls = [call(0, MAIN)]
            process.look()
    return list(process.recurring())


def plain(same: int) -> Given:
    return Given(same=same, own=True, objects=False, texts=())


def test_calls_with_a_few_sets_of_arguments_are_told() -> None:
    (one,) = looks(list(range(1, 41)), {n: plain(n % 9) for n in range(1, 41)})
    assert (one.function, one.calls, one.different, one.of_object, one.objects, one.kept) == (
        "hours_from", 40, 9, True, False, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contexts", "given"),
    [
        (list(range(1, 41)), {n: plain(n) for n in range(1, 41)}),
        (list(range(1, 41)), {n: plain(n // 3) for n in range(1, 41)}),
        (list(range(1, 21)), {n: plain(1) for n in range(1, 21)}),
        ([1] * 60, {1: plain(1)}),
        (list(range(1, 41)), {}),
    ],
    ids=["each another", "each three times", "too few", "one long call", "gone before they are read"],
)
def test_near_misses(contexts: list[int], given: dict[int, Given]) -> None:
    assert not looks(contexts, given)


def test_who_was_outside_meanwhile_has_called_again() -> None:
    (one,) = looks([1] * 30, {1: plain(1)}, between=True)
    assert (one.calls, one.different) == (30, 1)


@pytest.mark.parametrize(("still", "kept"), [({500}, True), (set(), False)])
def test_texts_are_looked_for_when_the_call_is_over(still: set[int], *, kept: bool) -> None:
    given = {n: Given(same=1, own=True, objects=False, texts=(Text(at=500, same=3),)) for n in range(1, 31)}
    (one,) = looks(list(range(1, 31)), given, between=True, still=still)
    assert one.kept is kept


def test_of_texts_that_could_not_be_looked_for_it_is_not_known_that_they_are_kept() -> None:
    given = {n: Given(same=1, own=True, objects=False, texts=(Text(at=500, same=3),)) for n in range(1, 31)}
    (one,) = looks(list(range(1, 31)), given, still={500})
    assert one.kept is False
