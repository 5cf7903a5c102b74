"""The kernel side's structs, as their C source lays them out."""

import re
from pathlib import Path

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.call_classes import CLASSES, class_of
from perfdoctor.collectors.runtimes.python_layout import kept_layout
from perfdoctor.collectors.syscall_names import ARM64, X86_64

SOURCE = (Path(decode.__file__).parent / "tables.h").read_text()


def c_struct_size(name: str, source: str = SOURCE) -> int:
    """The size of a struct of u64, u32, s32, u8 and char members that has no hidden padding."""
    body = re.search(rf"struct {name} {{(.*?)\n}};", source, re.DOTALL)
    assert body, name
    sizes = {"u64": 8, "u32": 4, "s32": 4, "u8": 1, "char": 1}
    total = 0
    for kind, names in re.findall(r"^\s+(u64|u32|s32|u8|char) ([^;]+);", body[1], re.MULTILINE):
        for member in names.split(","):
            count = re.search(r"\[(\d+)\]", member)
            total += sizes[kind] * (int(count[1]) if count else 1)
    return total


def test_sizes_agree_with_the_c_source() -> None:
    assert decode.CALL_KEY.size == c_struct_size("call_key")
    assert decode.CALL_VALUE.size == c_struct_size("call_value")
    assert decode.POINT_KEY.size == c_struct_size("point_key")
    assert decode.POINT_VALUE.size == c_struct_size("point_value")
    assert decode.ERROR_KEY.size == c_struct_size("error_key")
    assert decode.PROCESS.size == c_struct_size("process")
    assert len(kept_layout(12).packed()) == c_struct_size("layout")


def test_counters_are_those_of_the_c_source_in_their_order() -> None:
    body = re.search(r"enum counter {(.*?)};", SOURCE, re.DOTALL)
    assert body
    names = [name.lower() for name in re.findall(r"^\s+([A-Z_]+),", body[1], re.MULTILINE)]
    assert names == [*decode.COUNTERS, "counters"]


def test_every_classified_call_exists_on_some_architecture() -> None:
    unknown = set(CLASSES) - set(X86_64) - set(ARM64)
    assert unknown == set()


def test_classes_by_number() -> None:
    assert class_of(X86_64["read"]) & 15 == 3 or class_of(ARM64["read"]) & 15 == 3
    assert class_of(511) == 0


def test_sizes_of_the_timeline_agree_with_its_c_source() -> None:
    from perfdoctor.collectors.backends.bpf import timeline

    source = (Path(decode.__file__).parent / "timeline.h").read_text()
    assert timeline.EVENT.size == c_struct_size("event", source)
    assert timeline.SLICE.size == c_struct_size("slice", source)
    assert f"#define QUIET {timeline.QUIET}\n" in source
    assert f"#define CPU_SAMPLE ({timeline.CPU_SAMPLE}) " in source
