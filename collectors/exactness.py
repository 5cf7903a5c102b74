"""How exactly is code named, in each runtime and build, by each question, and which test proves it?

A claim is what its test asserts and no more. docs/runtimes.md is made from this table; a test holds that every named
test is there. A new runtime or build is a new row. A cell without a test says so. Beside it ``runtimes/own_lines.py``
says of runtimes whose lines cannot be read what would be needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_SHORT = {
    "cpu": "CPU samples",
    "calls": "system calls",
    "waits": "waits",
    "faults": "page faults",
    "allocations": "allocations",
    "locks": "locks",
}
QUESTIONS = tuple(_SHORT.values())


class Named(StrEnum):
    """What an event is charged to."""

    EXACT = "exact line"
    SAMPLED = "sampled line"
    FUNCTION = "function only"
    NATIVE = "native only"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """``test`` is the test that proves it, as pytest is asked for it; empty: not tested here."""

    named: Named
    test: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One build of programs of one runtime. ``cells`` by question; one that is not there is nothing that was tried."""

    runtime: str
    build: str
    cells: Mapping[str, Cell] = field(default_factory=dict)


def _cells(cpu: Cell | None = None, calls: Cell | None = None, **others: Cell) -> dict[str, Cell]:
    told = {"cpu": cpu, "calls": calls, **others}
    return {question: cell for short, question in _SHORT.items() if (cell := told.get(short)) is not None}


def _all(cell: Cell) -> dict[str, Cell]:
    return dict.fromkeys(QUESTIONS, cell)


def _exact(file: str, test: str) -> Cell:
    return Cell(Named.EXACT, f"tests/live/{file}.py::{test}")


def _sampled(file: str, test: str) -> Cell:
    return Cell(Named.SAMPLED, f"tests/live/{file}.py::{test}")


def _function(file: str, test: str) -> Cell:
    return Cell(Named.FUNCTION, f"tests/live/{file}.py::{test}")


def _native(file: str = "", test: str = "") -> Cell:
    return Cell(Named.NATIVE, f"tests/live/{file}.py::{test}" if test else "")


_NONE = Cell(Named.NONE)
_PYTHON_CALLS = _exact("test_engine", "test_every_line_of_a_python_program_has_its_exact_calls")
_SAMPLES_AND_FAULTS = _exact("test_interpreters", "test_faults_and_samples_have_their_lines_too")
_CPYTHON = _cells(
    cpu=_SAMPLES_AND_FAULTS,
    calls=_PYTHON_CALLS,
    waits=_PYTHON_CALLS,
    faults=_SAMPLES_AND_FAULTS,
    allocations=_exact("test_allocations", "test_python_lines_of_larger_objects"),
    locks=_exact("test_locks", "test_every_wait_of_a_python_program_has_its_lines"),
)
_C_CALLS = _exact("test_engine", "test_every_line_of_a_c_program_has_its_exact_calls")
_NO_POINTERS = _exact("test_engine", "test_code_without_frame_pointers_has_its_exact_calls_too")
_STATIC = _function("test_targets", "test_static_and_stripped_programs")
_DYNAMIC = _function(
    "test_native_lines", "test_a_stripped_program_with_dynamic_symbols_has_functions_and_says_that_it_has_no_lines"
)
_LINES = _all(Cell(Named.EXACT))


def _by_test(test: str, **others: Cell) -> dict[str, Cell]:
    """What ``test_native_lines`` shows of a build; the rest is expected."""
    shown = _exact("test_native_lines", test)
    return {**_LINES, **_cells(cpu=shown, calls=shown, waits=shown, faults=shown, **others)}


_C_LINES = _by_test("test_every_line_of_a_c_program")
_MACHINE = "test_one_machine_tells_its_lines"
_UNREAD = _native("test_other_runtimes", "test_an_interpreter_is_counted_exactly_and_said_to_be_unread")
_INTERPRETED = {**_all(_native()), "CPU samples": _UNREAD, "system calls": _UNREAD}
_UNTRIED = _all(_native())
_UNTRIED_MAP = {**_UNTRIED, "CPU samples": Cell(Named.FUNCTION), "page faults": Cell(Named.FUNCTION)}

ROWS = (
    Row("CPython", "3.8, 3.9", _CPYTHON),
    Row("CPython", "3.10, 3.11", _CPYTHON),
    Row("CPython", "3.12, 3.13", _CPYTHON),
    Row("CPython", "3.14, 3.15", _LINES),
    Row("CPython", "C frames between its lines (trace-cpu with native)", _cells(
        cpu=_exact("test_mixed_stacks", "test_native_frames_stand_between_the_right_lines"),
    )),
    Row("CPython", "coroutines that await each other", _cells(
        cpu=_exact("test_mixed_stacks", "test_an_awaiting_chain_is_whole_without_native_frames"),
    )),
    Row("CPython", "several interpreters in a process", _cells(
        calls=_exact("test_interpreters", "test_each_interpreter_of_a_process_has_its_own_lines"),
    )),
    Row("CPython", "inside another program", _cells(
        calls=_exact("test_interpreters", "test_an_interpreter_inside_another_program"),
    )),
    Row("CPython", "shared library of another name", _cells(
        calls=_exact("test_interpreters", "test_a_library_of_another_name"),
    )),
    Row("CPython", "stripped of every symbol", _cells(
        calls=_exact("test_interpreters", "test_a_program_without_any_symbol"),
    )),
    Row("CPython", "virtual environment", _cells(
        calls=_exact("test_interpreters", "test_the_interpreter_of_a_virtual_environment"),
    )),
    Row("CPython", "replaced on disk while it runs", _cells(
        calls=_exact("test_interpreters", "test_an_interpreter_that_is_replaced_on_disk_while_it_runs"),
    )),
    Row("CPython", "2.7, 3.3 to 3.7 (py-spy)", _cells(
        cpu=Cell(Named.EXACT), calls=_native(), waits=_native(), faults=_native(), allocations=_native(),
        locks=_native(),
    )),
    Row("CPython", "free-threaded (3.13t, 3.14t)", _UNTRIED),
    Row("C", "frame pointers", _cells(
        cpu=_exact("test_diagnosis", "test_a_planted_problem_is_named_at_its_line"),
        calls=_C_CALLS,
        waits=_C_CALLS,
        faults=_exact("test_allocations", "test_the_engine_counts_them_exactly_at_the_same_lines"),
        allocations=_exact("test_allocations", "test_every_line_of_a_c_program_in_threads_and_a_child"),
        locks=_exact("test_locks", "test_every_wait_of_a_c_program_is_counted_with_both_ends"),
    )),
    Row("C", "no frame pointers", {**_C_LINES, "system calls": _NO_POINTERS, "waits": _NO_POINTERS}),
    Row("C", "static", {**_C_LINES, "allocations": _exact(
        "test_allocations", "test_a_static_program_has_a_malloc_of_its_own",
    )}),
    Row("C", "static, without debug information", _cells(cpu=_STATIC, calls=_STATIC)),
    Row("C", "inlined functions", _C_LINES),
    Row("C", "stripped, debug file beside it", _by_test("test_every_line_of_a_stripped_c_program")),
    Row("C", "stripped, debug file by build id", _by_test(
        "test_every_line_of_a_stripped_program_in_a_root_of_its_own"
    )),
    Row("C", "stripped, without a debug file", _cells(
        cpu=Cell(Named.NONE, _STATIC.test), calls=Cell(Named.NONE, _STATIC.test),
    )),
    Row("C", "stripped, with dynamic symbols", _cells(cpu=_DYNAMIC, calls=_DYNAMIC, waits=_DYNAMIC, faults=_DYNAMIC)),
    Row("C", "split debug information (-gsplit-dwarf)", _C_LINES),
    Row("C", "compressed debug information (-gz)", _C_LINES),
    Row("C++", "default", _by_test(
        "test_every_line_of_a_cpp_program",
        allocations=_exact("test_allocations", "test_cpp_is_charged_to_the_line_that_says_new"),
    )),
    Row("Rust", "debug information (release or not)", _by_test(
        "test_every_line_of_a_rust_program",
        allocations=_exact("test_allocations", "test_rust_is_charged_to_the_line_that_makes_a_box_or_a_vector"),
    )),
    Row("Go", "default, and stripped (by its own table)", _by_test(
        "test_every_line_of_a_go_program",
        allocations=Cell(Named.NONE, "tests/live/test_allocations.py::test_a_go_program_is_refused"),
    )),
    Row("Go", "goroutines (1.19 to 1.27, x86-64; 1.21 and newer tried by hand)", _cells(
        locks=_sampled("test_goroutines", "test_waits_for_locks_are_told_with_their_lines"),
    )),
    Row("Go", "what its heap keeps (1.19 and 1.21 to 1.27, x86-64; 1.21 and newer tried by hand)", _cells(
        faults=_exact("test_go_heap", "test_a_heap_that_keeps_all_grows_from_the_line_that_makes_it"),
    )),
    Row("Node.js", "started as usual", _cells(
        cpu=_exact("test_node", "test_cpu_time_is_named_by_line"),
        calls=_sampled("test_node", "test_calls_are_counted_exactly_and_named_by_line"),
        waits=_sampled("test_node", "test_calls_are_counted_exactly_and_named_by_line"),
        faults=_native(),
        allocations=_function("test_node", "test_what_lives_is_named_by_the_function_that_allocated_it"),
        locks=_native(),
    )),
    Row("Node.js", "with source maps", _cells(
        cpu=_exact("test_node", "test_source_maps_lead_to_what_was_written"),
    )),
    Row("Node.js", "perf map, without the inspector", _cells(
        cpu=_function("test_node", "test_without_the_inspector_perf_maps_name_what_was_compiled"),
    )),
    Row("Java", "HotSpot, attach allowed", _cells(
        cpu=_exact("test_java", _MACHINE),
        calls=_sampled("test_java", _MACHINE),
        waits=Cell(Named.SAMPLED),
        faults=_native(),
        allocations=_sampled("test_java", _MACHINE),
        locks=_exact("test_java", _MACHINE),
    )),
    Row("Ruby", "MRI", _INTERPRETED),
    Row("Ruby", "YJIT with --yjit-perf", _UNTRIED_MAP),
    Row("PHP", "default", _INTERPRETED),
    Row("PHP", "opcache.jit with its perf map", _cells(
        cpu=_function("test_other_runtimes", "test_functions_that_php_compiled_are_named"),
        calls=_native(), waits=_native(), faults=Cell(Named.FUNCTION), allocations=_native(), locks=_native(),
    )),
    Row("Perl", "default", _INTERPRETED),
    Row("Erlang", "default", _cells(
        cpu=Cell(
            Named.NONE, "tests/live/test_other_runtimes.py::test_erlang_without_its_perf_map_says_what_is_needed"
        ),
        calls=_native("test_other_runtimes", "test_erlang_without_its_perf_map_says_what_is_needed"),
        waits=_native(), faults=_NONE, allocations=_native(), locks=_native(),
    )),
    Row("Erlang", "+JPperf true", _cells(
        cpu=_function("test_other_runtimes", "test_erlang_functions_are_named_by_its_perf_map"),
        calls=_native(), waits=_native(), faults=Cell(Named.FUNCTION), allocations=_native(), locks=_native(),
    )),
    Row(".NET", "default", _UNTRIED),
    Row(".NET", "DOTNET_PerfMapEnabled=1", _UNTRIED_MAP),
    Row("PyPy, Lua, LuaJIT, Deno, Bun, Mono", "default", _UNTRIED),
)  # fmt: skip
