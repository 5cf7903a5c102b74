"""Ask what the memory of a running workload is made of."""

import json
import os
from typing import Any

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.memory_map import measure
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory_map import KindUse, MappingUse, MemoryKind, MemoryMap
from tests.live.need import need
from tests.live.workload import Workload

HOST = LocalHost()
PAGE = 4096


async def looked_at(pid: int, *, seconds: float = 0.3, children: bool = False, **options: Any) -> Evidence:
    need(os.geteuid() == 0, "memory of other processes needs root")
    return await measure(HOST, find_target(HOST, pid, children=children), seconds=seconds, **options)


def inside(evidence: Evidence) -> MemoryMap:
    found = evidence.memory_map
    assert found is not None
    assert evidence.collections["memory_map"].not_understood == 0
    return found


def kinds(found: MemoryMap) -> dict[MemoryKind, KindUse]:
    return {row.kind: row for row in found.kinds}


def named(found: MemoryMap, part: str) -> MappingUse:
    rows = [row for row in found.mappings if part in row.name]
    assert len(rows) == 1, [row.name for row in found.mappings]
    return rows[0]


async def truth(program: Workload) -> dict[str, int]:
    await program.tell("tell")
    told: dict[str, int] = json.loads(await program.line())
    return told
