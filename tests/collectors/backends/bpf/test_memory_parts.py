"""The structs of growth.bpf.c and allocations.bpf.c, and the names that both sides number."""

import re
from pathlib import Path

from perfdoctor.collectors.backends.bpf import allocations, decode, growth
from perfdoctor.collectors.runtimes.allocators import FUNCTIONS, NAMES, Takes
from perfdoctor.schemas.allocations import MappedKind

ROOM = Path(decode.__file__).parent
GROWTH, ALLOCATIONS = ((ROOM / f"{name}.bpf.c").read_text() for name in ("growth", "allocations"))


def size_of(source: str, name: str) -> int:
    """The size of a struct of u64, u32 and s32 members that has no hidden padding."""
    body = re.search(rf"struct {name} {{(.*?)\n}};", source, re.DOTALL)
    assert body, name
    total = 0
    for kind, names in re.findall(r"\b(u64|u32|s32) ([^;]+);", body[1]):
        for member in names.split(","):
            count = re.search(r"\[(\d+)\]", member)
            total += int(kind[1:]) // 8 * (int(count[1]) if count else 1)
    return total


def enumerated(source: str, name: str) -> list[str]:
    body = re.search(rf"enum {name} {{(.*?)}};", source, re.DOTALL)
    assert body, name
    return re.findall(r"^\s*([A-Z_]+),", re.sub(r"/\*.*?\*/", "", body[1].replace(", ", ",\n")), re.MULTILINE)


def test_sizes_agree_with_the_c_source() -> None:
    assert growth.MAPPED_KEY.size == size_of(GROWTH, "mapped_key")
    assert growth.MAPPED_VALUE.size == size_of(GROWTH, "mapped_value")
    assert allocations.BLOCK_KEY.size == size_of(ALLOCATIONS, "block_key")
    assert allocations.BLOCK.size == size_of(ALLOCATIONS, "block")
    assert allocations.SITE_KEY.size == size_of(ALLOCATIONS, "site_key")
    assert allocations.SITE.size == size_of(ALLOCATIONS, "site")
    declared = re.search(r"const volatile struct {\s+s32 ([^;]+);", GROWTH)
    assert declared
    assert growth.MEMORY_CALLS.size == 4 * len(declared[1].split(","))


def test_both_sides_number_alike() -> None:
    takes = enumerated(ALLOCATIONS, "takes")
    assert takes[: len(Takes)] == [f"TAKES_{kind.name}" for kind in Takes]
    tallies = [name.removeprefix("TALLY_").lower() for name in enumerated(ALLOCATIONS, "tally")]
    assert tallies == ["events", "unknown_free", "full", "failed", "tallies"]
    kinds = re.search(r"enum mapped { (.*?) };", GROWTH)
    assert kinds
    assert len(kinds[1].split(", ")) == len(MappedKind)
    assert len(set(NAMES)) == len(NAMES) < 1 << 24
    assert FUNCTIONS[0] == ("malloc", Takes.SIZE)
