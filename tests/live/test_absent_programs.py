"""Each program absent in turn, as PATH has it: the ladder steps down and says so; tools-check says how to get it."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from perfdoctor.collectors.capabilities import ABILITIES, ladder
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.system import check_tools
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from tests.live.need import need
from tests.live.test_ladder_steps import Machine
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
PROGRAMS = ("strace", "perf", "bpftrace", "ltrace", "py-spy")
OF_ONE_RUNTIME = ("jvm", "node")
"""rungs that only the programs of one runtime have; the one that is asked here is of Python"""
ASKED = {"cpu": "trace_cpu", "syscalls": "trace_syscalls", "ledger": "observe"}
"""by question: what is not called ``measure``"""
OPTIONS: dict[str, dict[str, object]] = {
    "custom": {"program": "tracepoint:raw_syscalls:sys_enter { @ = count(); }"},
    "functions": {"function": "getppid"},
}
STEPS = sorted(
    {
        (one.question, one.mode, one.backend)
        for one in ABILITIES
        # (py-spy answers for threads only where the interpreter cannot be walked: see test_thread_stacks.py)
        if one.backend in PROGRAMS and one.question != "thread_stacks"
    }
)
RELEASES = {
    "debian": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "ubuntu": "ID=ubuntu\nID_LIKE=debian\n",
    "fedora": "ID=fedora\n",
    "alpine": "ID=alpine\n",
}
INSTALL = {
    "debian": "apt-get install -y",
    "ubuntu": "apt-get install -y",
    "fedora": "dnf install -y",
    "alpine": "apk add",
}


@pytest.fixture
def absent(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A PATH, and a folder of our interpreter, of links to everything but one program."""
    program: str = request.param
    need(LocalHost().which(program), f"{program} must be installed, so that hiding it is what hides it")
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in [*os.environ["PATH"].split(":"), str(Path(sys.executable).parent)]:
        for name in os.listdir(place) if Path(place).is_dir() else ():
            if name != program and not (folder / name).is_symlink():
                (folder / name).symlink_to(f"{place}/{name}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / Path(sys.executable).name))
    assert LocalHost().which(program) is None
    yield program


@pytest.mark.parametrize(("question", "mode", "absent"), STEPS, indirect=["absent"])
async def test_the_next_answers_and_says_what_is_not_installed(question: str, mode: str, absent: str) -> None:
    rungs = [rung for rung in ladder(question, mode) if rung not in OF_ONE_RUNTIME]
    before, after = rungs[: rungs.index(absent)], rungs[rungs.index(absent) + 1 :]
    host = Machine(*before)
    module = import_module(f"perfdoctor.collectors.{question}")
    measure = getattr(module, ASKED.get(question, "measure"))
    options: dict[str, Any] = OPTIONS.get(question, {}) | ({"mode": mode} if mode else {})
    async with workload("problems/poll_mailbox.py") as program:
        target = find_target(host, program.pid)
        if not after:
            with pytest.raises(ProblemError) as raised:
                await measure(host, target, seconds=0.5, **options)
            problem = raised.value.problem
            assert absent in problem.why and "not installed" in problem.why and problem.next_step
            return
        evidence: Evidence = await measure(host, target, seconds=0.7, **options)
    how = evidence.collections[question]
    assert how.backend == after[0]
    assert [skipped.backend for skipped in how.skipped] == [*before, absent]
    assert "not installed" in how.skipped[-1].why and absent in how.skipped[-1].why


@pytest.mark.parametrize("absent", PROGRAMS, indirect=True)
@pytest.mark.parametrize("release", RELEASES)
async def test_tools_check_names_the_command_that_installs_it(absent: str, release: str) -> None:
    class There(LocalHost):
        def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
            return RELEASES[release].encode() if path == "/etc/os-release" else super().read_file(path, limit)

    (state,) = [state for state in (await check_tools(There())).backends if state.backend == absent]
    assert not state.available and "not installed" in state.why
    assert state.unlock is not None
    if absent == "py-spy":
        assert state.unlock.endswith("-m pip install py-spy")
    else:
        assert state.unlock.startswith(INSTALL[release])
        assert absent in state.unlock or (absent, release) == ("perf", "ubuntu")
