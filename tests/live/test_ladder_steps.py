"""With each engine or program hidden in turn, the same question is answered by the next, which says why."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")
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


def ask_without_privilege(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*WITHOUT_PRIVILEGE, sys.executable, "-m", "perfdoctor", *arguments, "--json"]
    environment = {**os.environ, "PERFDOCTOR_STATE": str(state)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)


async def test_without_privilege_ones_own_process_is_still_traced(tmp_path: Path) -> None:
    async with workload("problems/poll_mailbox.py", prefix=WITHOUT_PRIVILEGE) as program:
        told = ask_without_privilege(tmp_path, "trace-syscalls", str(program.pid), "--seconds", "1")
        assert told.returncode == 0, told.stderr
        collection = json.loads(told.stdout)["collection"]
        assert collection["backend"] == "strace"
        assert "CAP_BPF" in next(s["why"] for s in collection["skipped"] if s["backend"] == "bpf")
        refused = ask_without_privilege(tmp_path, "trace-syscalls", str(program.pid), "--backend", "bpf")
        assert refused.returncode == 2
        assert "root" in refused.stdout + refused.stderr


async def test_without_privilege_a_process_with_more_is_refused(tmp_path: Path) -> None:
    async with workload("problems/poll_mailbox.py") as program:
        refused = ask_without_privilege(tmp_path, "trace-syscalls", str(program.pid), "--seconds", "1")
    assert refused.returncode == 2
    assert "CAP_SYS_PTRACE" in refused.stdout + refused.stderr
