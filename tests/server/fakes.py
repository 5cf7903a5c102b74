"""Instruments that need no machine: they take as long as a window does, say what they see, and notice being
cancelled."""

import time
from collections.abc import Callable, Mapping, Sequence

import anyio

from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.whose import Allowed, Whose
from perfdoctor.collectors.workloads.declared import Declared
from perfdoctor.collectors.workloads.run import Outcome
from perfdoctor.schemas.code import LastChange
from perfdoctor.schemas.comparison import Comparison
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Diagnosis
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import FindAnswer, WatchAnswer
from perfdoctor.schemas.system import ToolsAnswer
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.workload import Trace
from perfdoctor.server.instruments import Instruments, Unseen
from tests.server import samples

WORKLOADS = {"shop": {"argv": ["shop", "--orders", "100"], "variants": {"fast": {"environment": {"FAST": "1"}}}}}
"""what the operator of a fake server declared"""


class FakeHeld:
    """The processes of a target, which are the same until ``lost`` is set."""

    def __init__(self) -> None:
        self.lost = self.any_ended = False

    async def one_ends(self) -> None:
        while not (self.any_ended or self.lost):
            await anyio.sleep(0.02)

    def check(self) -> bool:
        return not self.lost

    def close(self) -> None:
        pass


def whose(pid: int, user: str, name: str, container: str | None = None) -> Whose:
    return Whose(
        pid=pid,
        start_time=12.5,
        users=((user, "33"),),
        names=(name,),
        containers=(container,) if container else ("/user.slice",),
        contained=container is not None,
    )


class FakeInstruments:
    """Knows one process (``samples.PID``). ``note`` is told ``began``, ``ended``, ``cancelled`` and ``cleaned`` as they
    happen, with the time of the monotonic clock (one clock for all processes of a machine)."""

    def __init__(self, note: Callable[[str, float], None] = lambda _event, _at: None) -> None:
        self.note = note
        self.usable: tuple[str, ...] = ("bpf", "strace")
        self.checks = 0
        self.allowed: Allowed | None = None
        self.held = FakeHeld()
        self.processes = {samples.PID: whose(samples.PID, "web", "shop")}
        """those whose family and owner are known; all that are not ``samples.PID`` are its children"""

    async def check_tools(self) -> ToolsAnswer:
        self.checks += 1
        return samples.tools(*self.usable)

    async def find_processes(
        self,
        *,
        query: str | None,
        user: str | None,
        port: int | None,
        container: str | None,
        runtime: str | None,
        cwd: str | None,
        limit: int,
        allowed: Allowed | None = None,
    ) -> FindAnswer:
        self.allowed = allowed
        if query == "crash":
            raise RuntimeError("a secret of the server")
        if query == "group":
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._refuse)
        return samples.found()

    async def find_target(self, pid: int | str, *, children: bool, allowed: Allowed | None = None) -> Target:
        # 4343 is a second process, for what may run beside what.
        if isinstance(pid, str):
            pid = next((known for known, whose in self.processes.items() if pid in whose.names), 0)
        if allowed is not None and not (pid in self.processes and allowed(self.processes[pid])):
            raise Unseen(pid)
        if pid not in (samples.PID, samples.PID + 101):
            raise ProblemError(
                f"There is no process {pid}.", "It has ended, or never was.", "Call proc-find to see which there are."
            )
        return samples.TARGET.model_copy(update={"pid": pid, "children": children})

    async def hold(self, target: Target) -> FakeHeld:
        return self.held

    async def family(self, target: Target, before: Mapping[int, float]) -> list[Whose]:
        return [whose for pid, whose in self.processes.items() if pid == target.pid or target.children]

    async def watch(self, target: Target, *, seconds: float, progress: Progress) -> WatchAnswer:
        await self._window(seconds, progress)
        return samples.watched().model_copy(update={"target": target})

    async def trace_cpu(
        self, target: Target, *, seconds: float, hz: int, backend: str, native: bool, progress: Progress
    ) -> Evidence:
        await self._window(seconds, progress)
        return samples.evidence(target=target, syscalls=None)

    async def trace_syscalls(self, target: Target, *, seconds: float, backend: str, progress: Progress) -> Evidence:
        await self._window(seconds, progress)
        return samples.evidence(target=target, cpu=None)

    async def observe(self, target: Target, *, seconds: float, progress: Progress) -> Evidence:
        await self._window(seconds, progress)
        return samples.evidence(target=target)

    async def measure(
        self, question: str, target: Target, *, seconds: float, backend: str, progress: Progress, **options: object
    ) -> Evidence:
        await self._window(seconds, progress)
        part = samples.PARTS[question]()
        return samples.evidence(
            target=target, cpu=None, syscalls=None, collections={question: samples.HOW}, **{question: part}
        )

    async def run_workload(
        self,
        declared: Declared,
        *,
        repeat: int,
        trace: Trace,
        seconds: float | None,
        within: float,
        progress: Progress,
    ) -> Outcome:
        """The variant is the faster one."""
        await self._window(0.01 if seconds is None else seconds, progress)
        run = samples.run(variant=declared.variant, repeat=repeat, seconds=2.0 if declared.variant else 3.0)
        return Outcome(samples.evidence(cpu=None, run=run), None, "")

    async def last_change(self, path: str) -> LastChange | None:
        return None

    async def _refuse(self) -> None:
        raise ProblemError("It is refused.", "Because.", "Do this.")

    def diagnose(self, evidence: Evidence, focus: str) -> Diagnosis:
        return samples.diagnosis()

    def compare(self, before: Sequence[Evidence], after: Sequence[Evidence]) -> Comparison:
        return samples.comparison()

    def patterns(self) -> dict[str, str]:
        return {"hot-loop": "# Hot loop\n", "small-io": "# Small I/O\n"}

    async def _window(self, seconds: float, progress: Progress) -> None:
        """What a collector does: many small steps, each told; and, however it ends, an orderly end."""
        self.note("began", time.monotonic())
        ends = anyio.current_time() + seconds
        try:
            seen = 0
            while (now := anyio.current_time()) < ends:
                seen += 1
                progress(seconds - (ends - now), f"{seen} events, most of them read")
                await anyio.sleep(0.01)
            self.note("ended", time.monotonic())
        except anyio.get_cancelled_exc_class():
            self.note("cancelled", time.monotonic())
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.02)
            self.note("cleaned", time.monotonic())


def _is_complete(fake: FakeInstruments) -> Instruments:
    """For the type checker: the fake must follow the protocol."""
    return fake
