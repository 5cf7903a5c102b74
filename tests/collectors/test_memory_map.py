"""What is told where mappings cannot be read, and what is refused."""

import pytest

from perfdoctor.collectors.memory_map import measure
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory_map import MemoryKind
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from tests.collectors.machine import Machine, machine, process

pytestmark = pytest.mark.anyio

SMAPS = """\
1000-2000 rw-p 00000000 00:00 0                    [heap]
Rss:                 {rss} kB
Pss:                 {rss} kB
Private_Dirty:       {rss} kB
"""
ROLLUP = "1000-9000 ---p 00000000 00:00 0     [rollup]\nRss: 20 kB\nPss: 17 kB\nSwap: 3 kB\n"
STATUS = "Tgid:\t42\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t{kib} kB\nRssAnon:\t7 kB\nVmSwap:\t5 kB\n"


def family(**files: str) -> Machine:
    """``p42_smaps`` is /proc/42/smaps."""
    host = machine(process(42), process(43, "worker", parent=42))
    host.files["/proc/42/task/42/children"] = "43 "
    host.files["/proc/43/status"] = STATUS.format(kib=11)
    for name, text in files.items():
        pid, _, file = name[1:].partition("_")
        host.files[f"/proc/{pid}/{file}"] = text
    return host


async def asked(host: Machine, *, children: bool = True, **options: object) -> Evidence:
    target = Target(pid=42, start_time=5.0, name="shop", children=children)
    return await measure(host, target, seconds=0.1, **options)  # type: ignore[arg-type]


async def test_a_family_is_summed() -> None:
    evidence = await asked(family(p42_smaps=SMAPS.format(rss=8), p43_smaps=SMAPS.format(rss=4)))
    found = evidence.memory_map
    assert found is not None
    assert [(p.pid, p.pss) for p in found.processes] == [(42, 8 << 10), (43, 4 << 10)]
    assert [(k.kind, k.mappings, k.pss) for k in found.kinds] == [(MemoryKind.HEAP, 2, 12 << 10)]
    assert [a.why for a in found.allocators] == ["which allocator it uses could not be told"] * 2
    assert evidence.collections["memory_map"].lacks == ()


@pytest.mark.parametrize(
    ("files", "said", "pss"),
    [
        ({"p42_smaps_rollup": ROLLUP}, "mappings (smaps_rollup only)", 17 << 10),
        ({"p42_status": STATUS.format(kib=19)}, "mappings (status only)", 19 << 10),
    ],
)
async def test_where_this_kernel_has_no_smaps_the_sum_is_told(files: dict[str, str], said: str, pss: int) -> None:
    evidence = await asked(family(**files), children=False)
    found = evidence.memory_map
    assert found is not None
    assert [(row.kind, row.pss) for row in found.kinds] == [(MemoryKind.UNKNOWN, pss)]
    assert said in evidence.collections["memory_map"].lacks and found.total.swap


async def test_a_child_that_may_not_be_inspected_has_its_resident_size() -> None:
    host = family(p42_smaps=SMAPS.format(rss=8))
    host.denied = ("/proc/43/smaps",)
    evidence = await asked(host)
    collection = evidence.collections["memory_map"]
    assert evidence.memory_map is not None
    assert [(p.pid, p.pss) for p in evidence.memory_map.processes] == [(43, 11 << 10), (42, 8 << 10)]
    assert "mappings of 1 of 2 processes (status only)" in collection.lacks
    assert any("may not be inspected" in warning for warning in collection.warnings)


async def test_somebody_elses_process_is_refused_with_what_is_needed() -> None:
    host = family()
    host.files["/proc/self/status"] = host.files["/proc/77/status"].replace("1000", "1001")
    host.denied = ("/proc/42/smaps",)
    with pytest.raises(ProblemError) as raised:
        await asked(host)
    assert "may not be inspected" in raised.value.problem.what and "CAP_SYS_PTRACE" in raised.value.problem.why


async def test_a_process_without_memory_is_refused() -> None:
    with pytest.raises(ProblemError) as raised:
        await asked(family(p42_smaps=""), children=False)
    assert "no memory" in raised.value.problem.what


async def test_the_working_set_needs_a_right() -> None:
    with pytest.raises(ProblemError) as raised:
        await asked(family(p42_smaps=SMAPS.format(rss=8)), working_set=True)
    assert "clear_refs" in raised.value.problem.why and "working_set" in raised.value.problem.next_step
