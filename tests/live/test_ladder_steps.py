"""With each engine or program hidden in turn, the same question is answered by the next, which says why."""

import pytest

from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.schemas.problem import ProblemError
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
BTF = "/sys/kernel/btf/vmlinux"


class Machine(LocalHost):
    """This machine, without some of its programs; without "bpf": a kernel built without BTF."""

    def __init__(self, *hidden: str) -> None:
        super().__init__()
        self.hidden = hidden

    def which(self, program: str) -> str | None:
        return None if program in self.hidden else super().which(program)

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        if path == BTF and "bpf" in self.hidden:
            raise FileNotFoundError(2, "No such file or directory", path)
        return super().read_file(path, limit)


@pytest.mark.parametrize(
    ("hidden", "used"),
    [
        ((), "bpf"),
        (("bpf",), "bpftrace"),
        (("bpf", "bpftrace"), "perf"),
        (("bpf", "bpftrace", "perf"), "strace"),
    ],
)
async def test_system_calls_step_down(hidden: tuple[str, ...], used: str) -> None:
    host = Machine(*hidden)
    async with workload("problems/poll_mailbox.py") as program:
        evidence = await trace_syscalls(host, find_target(host, program.pid), seconds=1.5)
    collection = evidence.collections["syscalls"]
    assert collection.backend == used
    assert [skipped.backend for skipped in collection.skipped] == list(hidden)
    assert all(skipped.why for skipped in collection.skipped)
    assert evidence.syscalls is not None
    sleeps = sum(r.calls for r in evidence.syscalls.rows if r.syscall == "clock_nanosleep")
    assert sleeps > 100


@pytest.mark.parametrize(("hidden", "used"), [((), "bpf"), (("bpf",), "py-spy"), (("bpf", "py-spy"), "perf")])
async def test_cpu_steps_down(hidden: tuple[str, ...], used: str) -> None:
    host = Machine(*hidden)
    async with workload("problems/dedupe_import.py") as program:
        evidence = await trace_cpu(host, find_target(host, program.pid), seconds=1.5)
    assert evidence.collections["cpu"].backend == used
    assert evidence.cpu is not None and evidence.cpu.rows
    if used != "perf":
        assert evidence.cpu.rows[0].stack[0].function == "import_batch"


async def test_with_everything_hidden_it_says_what_to_install() -> None:
    host = Machine("bpf", "bpftrace", "perf", "strace")
    async with workload("problems/poll_mailbox.py") as program:
        with pytest.raises(ProblemError) as raised:
            await trace_syscalls(host, find_target(host, program.pid), seconds=1)
    for word in ("BTF", "bpftrace", "perf", "strace"):
        assert word in raised.value.problem.why


async def test_diagnosis_without_the_engine_judges_what_the_programs_saw() -> None:
    host = Machine("bpf")
    async with workload("problems/dedupe_import.py") as program:
        evidence = await observe(host, find_target(host, program.pid), seconds=4)
    assert evidence.collections["cpu"].backend == "py-spy"
    diagnosis = diagnose(evidence)
    assert any(finding.pattern == "hot-loop" for finding in diagnosis.findings)
    assert diagnosis.not_checked
