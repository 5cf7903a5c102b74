"""Which native frames lie between which Python lines."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.mixed import LOOP, UNPLACED, NativeCalls, merged
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

PYTHON, LIBRARY = "/opt/lib/libpython3.12.so.1.0", "/srv/work.so"


def line(number: int) -> Frame:
    return Frame(kind=FrameKind.PYTHON, function="f", file="/srv/app.py", line=number)


def native(function: str, module: str = LIBRARY) -> Stack:
    return (Frame(kind=FrameKind.NATIVE, function=function, module=module),)


def inside(function: str) -> Stack:
    return native(function, PYTHON)


LOOPS = inside(LOOP)
BEGINNING = (inside("PyEval_EvalCode"), inside("Py_RunMain"), native("__libc_start_main_impl", "/lib/libc.so.6"))


def whole(*frames: Stack, loop: int | None = None) -> NativeCalls:
    return NativeCalls((*frames, *BEGINNING), whole=True, cut=False, loop=loop)


def words(stack: Stack) -> list[object]:
    return [frame.line or frame.function for frame in stack]


def test_each_call_of_the_loop_becomes_the_frames_that_it_runs() -> None:
    calls = whole(
        native("spin"), inside("cfunction_vectorcall_O"), LOOPS, inside("_PyFunction_Vectorcall"), inside("list_sort"),
        inside("method_vectorcall_NOARGS"), LOOPS, inside("_PyObject_VectorcallTstate"), native("apply"), LOOPS,
    )  # fmt: skip
    stack, placed = merged((line(1), line(2), line(3), line(4)), (0, 0, 1, 1, 1), calls)
    assert placed
    assert words(stack) == ["spin", 1, 2, "list_sort", 3, "apply", 4]


def test_the_innermost_frame_is_shown_whatever_it_is() -> None:
    stack, _ = merged((line(1),), (0, 1), whole(inside("PyObject_CallObject"), LOOPS))
    assert words(stack) == ["PyObject_CallObject", 1]
    stack, _ = merged((line(1),), (0, 1), whole(LOOPS))
    assert words(stack) == [1]


def test_inlined_functions_of_the_loop_are_shown_inside_of_it() -> None:
    both = (*inside("long_add"), *inside(LOOP))
    stack, placed = merged((line(1),), (0, 1), whole(both))
    assert placed
    assert words(stack) == [1]


def test_a_call_that_has_not_taken_its_frame_yet_has_none() -> None:
    calls = whole(LOOPS, inside("list_sort"), LOOPS, loop=2)
    stack, placed = merged((line(1),), (0, 1), calls)
    assert placed
    assert words(stack) == ["list_sort", 1]
    # since 3.12 the interpreter itself says so
    stack, placed = merged((line(1),), (1, 1), whole(LOOPS, inside("list_sort"), LOOPS, loop=0))
    assert placed
    assert words(stack) == ["list_sort", 1]


@pytest.mark.parametrize(
    ("calls", "loop"),
    [
        ((LOOPS, native("apply"), LOOPS, native("other"), LOOPS), None),
        ((LOOPS, native("apply"), LOOPS), 2),
        ((LOOPS, native("apply"), LOOPS), 255),
    ],
    ids=["not told", "an idle one, and one too few", "in none"],
)
def test_whether_the_innermost_call_is_idle_is_not_guessed(calls: tuple[Stack, ...], loop: int | None) -> None:
    stack, placed = merged((line(1), line(2)), (0, 1, 1), whole(*calls, loop=loop))
    assert not placed
    assert words(stack) == [1, 2, UNPLACED.function]


def test_the_rest_of_another_greenlets_stack_is_left_out() -> None:
    calls = (native("spin"), LOOPS, native("apply"), LOOPS, native("g_switch"), LOOPS, native("other"), LOOPS)
    for known in (whole(*calls, loop=1), NativeCalls(calls[:5], whole=False, cut=False, loop=1)):
        stack, placed = merged((line(1), line(2)), (0, 1, 1), known)
        assert placed
        assert words(stack) == ["spin", 1, "apply", 2]


def test_a_call_between_two_others_may_run_nothing() -> None:
    stack, placed = merged((line(1), line(2)), (0, 2, 1), whole(LOOPS, native("a"), LOOPS, native("b"), LOOPS))
    assert placed
    assert words(stack) == [1, "a", "b", 2]


@pytest.mark.parametrize(
    "calls",
    [
        NativeCalls((native("spin"), LOOPS, native("apply"), LOOPS), whole=False, cut=False),
        whole(native("spin"), LOOPS, native("apply"), LOOPS, LOOPS),
        whole(native("spin"), LOOPS),
        whole(native("spin"), LOOPS, loop=1),
    ],
    ids=["ends early", "more calls than runs", "fewer", "fewer, and told"],
)
def test_no_order_is_made_up(calls: NativeCalls) -> None:
    stack, placed = merged((line(1), line(2)), (0, 1, 1), calls)
    assert not placed
    assert words(stack) == ["spin", 1, 2, UNPLACED.function]


def test_what_ends_in_code_without_a_table_is_inside_of_all_python() -> None:
    stack, placed = merged((line(1),), (0, 1), NativeCalls((native("jit"),), whole=False, cut=False))
    assert not placed
    assert words(stack) == ["jit", 1, UNPLACED.function]


def test_a_deep_native_stack_is_placed_as_far_as_it_goes() -> None:
    calls = NativeCalls((native("spin"), LOOPS, native("apply")), whole=False, cut=True)
    stack, placed = merged((line(1), line(2), line(3)), (0, 0, 1, 1), calls)
    assert placed
    assert words(stack) == ["spin", 1, 2, "apply", UNPLACED.function, 3]


def test_a_deep_python_stack_too() -> None:
    calls = whole(native("spin"), LOOPS, native("apply"), LOOPS, native("more"), LOOPS)
    stack, placed = merged((line(1), line(2)), (0, 1, 0), calls)
    assert placed
    assert words(stack) == ["spin", 1, "apply", 2]
    # nothing tells whether the innermost call runs the innermost frames, but that no native frame lies between them
    stack, placed = merged((line(1), line(2)), (0, 0, 0), whole(LOOPS, native("apply"), LOOPS))
    assert placed
    assert words(stack) == [1, 2]
    _, placed = merged((line(1), line(2)), (0, 1, 0), whole(LOOPS, native("apply"), LOOPS))
    assert not placed


def test_the_host_of_an_embedded_interpreter_is_shown() -> None:
    calls = NativeCalls(
        (LOOPS, inside("PyRun_SimpleStringFlags"), native("serve", "/srv/host"), native("main", "/srv/host"),
         native("_start", "/srv/host")), whole=True, cut=False,
    )  # fmt: skip
    assert words(merged((line(1),), (0, 1), calls)[0]) == [1, "serve", "main", "_start"]


FUNCTIONS = st.sampled_from([LOOPS, native("a"), inside("list_sort"), inside("_PyFunction_Vectorcall"), ()])


@given(st.data())
def test_python_frames_are_neither_lost_nor_moved(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 8))
    python = tuple(line(number + 1) for number in range(count))
    loops = data.draw(st.lists(st.integers(0, 7), min_size=count + 1, max_size=count + 1))
    calls = NativeCalls(
        data.draw(st.lists(FUNCTIONS, max_size=12)), whole=data.draw(st.booleans()), cut=data.draw(st.booleans()),
        loop=data.draw(st.none() | st.integers(0, 12) | st.just(255)),
    )  # fmt: skip
    stack, placed = merged(python, loops, calls)
    kept = tuple(frame for frame in stack if frame.kind is FrameKind.PYTHON)
    assert kept == (python if not placed or calls.whole else kept)
    assert kept == python[: len(kept)]
    frames = list(chain.from_iterable(calls.frames))
    shown = [frame for frame in stack if frame.kind is FrameKind.NATIVE and frame != UNPLACED]
    rest = iter(frames)
    assert all(any(frame == other for other in rest) for frame in shown), "in their order"
    assert (UNPLACED in stack) >= (not placed)
