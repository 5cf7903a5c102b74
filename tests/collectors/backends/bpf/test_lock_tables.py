"""The lock tables' structs, as their C source lays them out, and what kind of lock memory looks like."""

import re
import struct
from pathlib import Path

from perfdoctor.collectors.backends.bpf import lock_tables
from perfdoctor.collectors.backends.bpf.gil import GilWatch
from perfdoctor.collectors.backends.bpf.lock_shapes import _shape_in, join_parts
from perfdoctor.collectors.backends.bpf.lock_tables import CONDITION, FUTEX, SEMAPHORE, LockKey, Tables, Use
from perfdoctor.collectors.host.local import LocalHost

SOURCE = (Path(lock_tables.__file__).parent / "locks.bpf.c").read_text()
SIZES = {"u64": 8, "u32": 4, "s32": 4, "u16": 2, "char": 1, "struct lock_key": 16}


def c_struct_size(name: str) -> int:
    body = re.search(rf"^struct {name} {{(.*?)^}};", SOURCE, re.DOTALL | re.MULTILINE)
    assert body, name
    total = 0
    for kind, names in re.findall(r"^\s+(u64|u32|s32|u16|char|struct lock_key) ([^;]+);", body[1], re.MULTILINE):
        for member in names.split(","):
            count = re.search(r"\[(\w+)\]", member)
            length = 1 if not count else 8 if count[1] == "SHAPES" else int(count[1])
            total += SIZES[kind] * length
    return total


def test_sizes_agree_with_the_c_source() -> None:
    assert lock_tables.KEY.size == c_struct_size("lock_key")
    assert lock_tables.WAITING.size == c_struct_size("waiting")
    assert lock_tables.USE.size == c_struct_size("lock_use")
    assert lock_tables.EDGE_KEY.size == c_struct_size("lock_edge_key")
    assert lock_tables.EDGE.size == c_struct_size("lock_edge")
    assert lock_tables.HOLD_KEY.size == c_struct_size("lock_hold_key")
    assert lock_tables.HOLD.size == c_struct_size("lock_hold")
    assert lock_tables.THREAD_KEY.size == c_struct_size("lock_thread_key")
    assert lock_tables.THREAD.size == c_struct_size("lock_thread")


def test_the_kinds_are_those_of_the_c_source_in_their_order() -> None:
    body = re.search(r"enum shape {(.*?)}", SOURCE)
    assert body
    names = [name.strip() for name in body[1].split(",")]
    assert [getattr(lock_tables, name) for name in names[:-1]] == list(range(8))


def words(**at: int) -> bytes:
    memory = [0] * 16
    for place, value in at.items():
        memory[int(place[1:])] = value
    return struct.pack("<16I", *memory)


def test_memory_tells_a_condition_from_a_semaphore() -> None:
    # pthread_cond_t, of whose group 0 one thread sleeps: 40 bytes in; references in the word 24 before, waiters before
    assert _shape_in(words(w5=2, w10=8), 0x1000) == (CONDITION, 40)
    assert _shape_in(words(w5=3, w9=16), 0x1004) == (CONDITION, 44)
    # glibc 2.41: the last waiter and the first of its group, as numbers of 64 bits
    assert _shape_in(words(w3=11, w5=8, w10=8), 0x1000) == (CONDITION, 32)
    assert _shape_in(words(w2=11, w4=8, w9=8), 0x1004) == (CONDITION, 36)
    assert _shape_in(words(w3=11, w5=8, w10=8, w14=1), 0x1000) == (0, 0)
    assert _shape_in(words(w3=8, w5=11, w10=8), 0x1000) == (0, 0)
    assert _shape_in(words(w12=1, w13=128), 0x1000) == (SEMAPHORE, 0)
    assert _shape_in(words(w12=1 << 20), 0x1000) == (0, 0)
    assert _shape_in(bytes(64), 0x1000) == (0, 0)


def test_a_condition_that_was_slept_on_before_the_window_is_the_same_one() -> None:
    whole, part = LockKey(0x1000, 7, FUTEX), LockKey(0x1000 + 44, 7, FUTEX)
    seen = Use(waits=3, ns=30, max=20, shapes=(0, 0, 0, 3, 0, 0, 0, 0))
    tables = Tables(uses={whole: seen, part: Use(waits=1, ns=50, max=50)}, holds=[], threads=[(part, 9, 1, 50, 0)])
    join_parts(tables, GilWatch(LocalHost()))
    assert list(tables.uses) == [whole]
    assert (tables.uses[whole].waits, tables.uses[whole].ns, tables.uses[whole].max) == (4, 80, 50)
    assert tables.threads == [(whole, 9, 1, 50, 0)]


def test_two_conditions_that_would_overlap_are_one() -> None:
    young, known = LockKey(0x1000, 7, FUTEX), LockKey(0x1008, 7, FUTEX)
    slept_on = LockKey(0x1008 + 36, 7, FUTEX)
    shapes = (0, 0, 0, 1, 0, 0, 0, 0)
    uses = {young: Use(waits=1, shapes=shapes), known: Use(waits=5, shapes=shapes), slept_on: Use(waits=2)}
    tables = Tables(uses=uses, threads=[(young, 9, 1, 50, 0), (slept_on, 8, 2, 50, 0)])
    join_parts(tables, GilWatch(LocalHost()))
    assert [(key, use.waits) for key, use in tables.uses.items()] == [(known, 8)]
    assert [row[0] for row in tables.threads] == [known, known]
