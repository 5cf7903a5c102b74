"""Lines and layouts of CPython, held against the interpreters themselves."""

import ast
import json
import struct
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.python import UNNAMED, UNREAD, PythonNames
from perfdoctor.collectors.runtimes.python_layout import (
    Layout,
    NotWalkableError,
    _groups,
    described_layout,
    kept_layout,
)
from perfdoctor.collectors.runtimes.python_lines import line_of, line_of_3_8, line_of_3_10
from perfdoctor.collectors.runtimes.python_objects import Offsets, kept_offsets
from perfdoctor.collectors.runtimes.tasks import VERSIONS
from tests.live.need import need
from tests.live.workload import python_interpreters

ROOT = Path(__file__).parent.parent.parent.parent


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_in(constant)


@pytest.mark.parametrize("module", [ast, struct, json, subprocess])
def test_every_instruction_has_the_line_that_the_interpreter_gives_it(module: types.ModuleType) -> None:
    source = Path(str(module.__file__)).read_text()
    checked = 0
    for code in codes_in(compile(source, "module.py", "exec")):
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                assert line_of(code.co_linetable, code.co_firstlineno, offset) == line, (code.co_qualname, offset)
                checked += 1
    assert checked > 20


ASK_LINES = """
import ast, dis, json, struct, subprocess, sys
def codes_in(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield from codes_in(constant)
def lines(code):
    if sys.version_info >= (3, 10):
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                yield offset, line
    else:
        starts, line = dict(dis.findlinestarts(code)), code.co_firstlineno
        for offset in range(0, len(code.co_code), 2):
            line = starts.get(offset, line)
            yield offset, line
for module in (ast, json, struct, subprocess):
    with open(module.__file__) as file:
        for code in codes_in(compile(file.read(), "module.py", "exec")):
            table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
            print(json.dumps([table.hex(), code.co_firstlineno, list(lines(code))]))
"""


OLDER = {"3.8": line_of_3_8, "3.9": line_of_3_8, "3.10": line_of_3_10}


@pytest.mark.parametrize(("version", "line_of_it"), OLDER.items())
def test_every_instruction_of_older_interpreters_too(
    version: str, line_of_it: Callable[[bytes, int, int], int | None]
) -> None:
    interpreter = python_interpreters().get(version)
    if interpreter is None:
        pytest.skip(f"no CPython {version} here")
    told = subprocess.run([interpreter, "-c", ASK_LINES], capture_output=True, text=True, check=True).stdout
    checked = 0
    for table, first, lines in map(json.loads, told.splitlines()):
        for offset, line in lines:
            assert line_of_it(bytes.fromhex(table), first, offset) == line
            checked += 1
    assert checked > 5000


@given(st.binary(max_size=200), st.integers(-5, 10**6), st.integers(0, 4000))
def test_a_damaged_line_table_gives_a_line_or_none(table: bytes, first: int, offset: int) -> None:
    for line_of_it in (line_of, line_of_3_10, line_of_3_8):
        assert isinstance(line_of_it(table, first, offset), int | None)


def testkept_layouts_are_those_of_the_interpreters_here() -> None:
    checked = 0
    for minor in ("3.8", "3.9", "3.10", "3.11", "3.12"):
        interpreter = python_interpreters().get(minor)
        if interpreter is None:
            continue
        command = [sys.executable, str(ROOT / "scripts" / "make_layouts.py"), "--print", interpreter]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode == 0:  # (needs the interpreter's headers)
            layout = Layout(**json.loads(made.stdout), minor=int(minor.split(".")[1]))
            assert layout == kept_layout(layout.minor)
            checked += 1
    need(checked, "no CPython 3.8 to 3.12 with its headers here")


def testkept_layouts_of_tasks_are_those_of_the_interpreters_here() -> None:
    checked = 0
    for minor in VERSIONS:
        interpreter = python_interpreters().get(f"3.{minor}")
        if interpreter is None:
            continue
        command = [sys.executable, str(ROOT / "scripts" / "make_layouts.py"), "--print", "--tasks", interpreter]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode == 0:
            assert Offsets(**json.loads(made.stdout)) == kept_offsets(minor)
            checked += 1
    need(checked, "no CPython 3.11 to 3.13 with its headers here")


class Bytes:
    """A memory that holds only these bytes, at address 0."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, address: int, size: int) -> bytes:
        if address + size > len(self.data):
            raise OSError(14, "Bad address")
        return self.data[address : address + size]

    def close(self) -> None: ...


def description(minor: int, *, free_threaded: int = 0, value: int | None = None) -> bytes:
    """A _Py_DebugOffsets in which every field's value is its own index (or ``value``)."""
    fields = [f"{group}.{field}" for group, names in _groups(minor) for field in names]
    values = range(len(fields)) if value is None else [value] * len(fields)
    version = 3 << 24 | minor << 16
    return b"xdebugpy" + struct.pack(f"<{len(fields) + 2}Q", version, free_threaded, *values)


def test_what_3_14_inserted_is_counted() -> None:
    old, new = (described_layout(Bytes(description(minor)), 0) for minor in (13, 14))
    # threads_main and two generations put interpreter frames three fields later; two more come after owner
    assert new.frame_previous == old.frame_previous + 3
    assert new.code_filename == old.code_filename + 5
    assert new.ascii_data == old.ascii_data + 10  # and co_tlbc, and the four of set_object
    assert (old.tag_mask, new.tag_mask) == (0, 3)


def test_what_3_15_inserted_is_counted() -> None:
    old, new = (described_layout(Bytes(description(minor)), 0) for minor in (14, 15))
    assert new.thread_frame == old.thread_frame
    assert new.thread_native_id == old.thread_native_id + 3  # base_frame and two of its profiler
    assert new.frame_previous == old.frame_previous + 8  # four of the thread's state, and exc_value
    assert new.type_name == old.type_name + 8
    assert new.bytes_data == old.bytes_data + 12  # two of types, two of heap types


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (description(13, free_threaded=1), "free-threaded"),
        (
            description(14).replace(struct.pack("<Q", 3 << 24 | 14 << 16), struct.pack("<Q", 3 << 24 | 99 << 16)),
            "newer",
        ),
        (description(13, value=1 << 40), "no sense"),
    ],
)
def test_an_interpreter_that_cannot_be_walked_says_why(data: bytes, why: str) -> None:
    with pytest.raises(NotWalkableError, match=why):
        described_layout(Bytes(data), 0)


def layouts() -> list[Layout]:
    described = [described_layout(Bytes(description(minor)), 0) for minor in (13, 14, 15)]
    return [*(kept_layout(minor) for minor in range(8, 13)), *described]


@pytest.mark.parametrize("layout", layouts(), ids=lambda layout: f"3.{layout.minor}")
@settings(deadline=None)
@given(data=st.data())
def test_garbage_in_the_targets_memory_is_no_frame_or_a_clean_one(layout: Layout, data: st.DataObject) -> None:
    """Every pointer leads somewhere into the garbage, or nowhere, or in a circle."""
    places = st.one_of(st.integers(0, 700), st.integers(0, 2**64 - 1))
    words = data.draw(st.lists(places, min_size=90, max_size=120))
    memory = Bytes(b"".join(word.to_bytes(8, "little") for word in words))
    names = PythonNames(memory, layout)
    for address in data.draw(st.lists(places, max_size=4)):
        assert names.frame(address, data.draw(places)) is None  # (nothing there says that it is code)
        with suppress(OSError, struct.error):
            assert len(list(names.threads(address))) <= 4096
        with suppress(OSError, struct.error):
            assert set(names.stack(address)) <= {UNNAMED, UNREAD}
        with suppress(OSError, struct.error):
            names.states(address)
    names.look_again()


@pytest.mark.parametrize("layout", layouts(), ids=lambda layout: f"3.{layout.minor}")
@settings(deadline=None)
@given(data=st.binary(min_size=600, max_size=1024), instruction=st.integers(0, 2**64 - 1))
def test_a_code_object_full_of_garbage_is_no_frame_or_a_clean_one(
    layout: Layout, data: bytes, instruction: int
) -> None:
    typed = bytearray(data)
    typed[8:16] = (560).to_bytes(8, "little")  # its type ...
    typed[584:592] = (592).to_bytes(8, "little")  # ... has a name
    typed[592:597] = b"code\0"
    for field in (layout.code_filename, layout.code_qualname, layout.code_linetable):
        if field < 500:
            typed[field : field + 8] = (data[field] * 2).to_bytes(8, "little")
    frame = PythonNames(Bytes(bytes(typed)), layout).frame(0, instruction)
    if frame is not None:
        assert frame.function.isprintable() or "\ufffd" in frame.function
        assert len(frame.function) <= 256


def test_code_that_is_gone_is_seen_though_its_place_leads_nowhere_now() -> None:
    """Two code objects are named; then the first one's type leads out of memory, and the second is freed."""
    layout, memory = kept_layout(12), bytearray(4096)

    def put(at: int, *words: int) -> None:
        memory[at : at + 8 * len(words)] = struct.pack(f"<{len(words)}Q", *words)

    put(2048 + layout.type_name, 3000)
    memory[3000:3005] = b"code\0"
    put(3200 + layout.unicode_length, 4)
    put(3200 + layout.unicode_state, 1 << 2 | 1 << 6)
    memory[3200 + layout.ascii_data : 3200 + layout.ascii_data + 4] = b"name"
    for code in (0, 1024):
        put(code, 1)
        put(code + layout.object_type, 2048)
        put(code + layout.code_filename, 3200)
        put(code + layout.code_qualname, 3200)
        put(code + layout.code_linetable, 3600)
    names = PythonNames(Bytes(memory), layout)
    assert all(names.frame(code, code + layout.code_adaptive) for code in (0, 1024))
    names.look_at_all()
    assert not names.freed | names.moved
    put(layout.object_type, 1 << 40)
    put(1024, 1 << 46)  # the allocator's pointer
    names.look_again()
    assert names.freed == {0, 1024}
