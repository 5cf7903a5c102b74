"""Everything that one window produced: what a recording holds and what diagnosis judges."""

from pydantic import Field

from perfdoctor.schemas.allocations import AllocationProfile
from perfdoctor.schemas.cpu import CpuProfile
from perfdoctor.schemas.custom import CustomOutput
from perfdoctor.schemas.disk import DiskUse
from perfdoctor.schemas.file_use import FileUse
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.functions import FunctionProfile
from perfdoctor.schemas.goroutines import GoroutineCount
from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.locks import LockProfile
from perfdoctor.schemas.loops import PollingThread
from perfdoctor.schemas.memory import LivingRow, MemoryTrend
from perfdoctor.schemas.memory_map import MemoryMap
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.network import NetworkUse
from perfdoctor.schemas.pace import PaceReading
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.syscalls import LentLine, PacedLine, PollLine, SharedSync, SyscallProfile
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.thread_stacks import ThreadStacks
from perfdoctor.schemas.threads import ChildProcess, PoolLine, ThreadTime
from perfdoctor.schemas.waits import FaultRow, WaitRow
from perfdoctor.schemas.work import Work
from perfdoctor.schemas.workload import Run


class Evidence(Model):
    """One window on one target. A part is None when it was not asked, empty when it was asked and nothing happened.

    ``collections`` says per part, by its name here, how it was measured.
    ``cores`` is the number of CPUs the target may run on. ``user_roots`` are the folders whose code is the user's own
    (empty: decided by excluding the standard library, site-packages and system paths). ``sources`` has the SHA-256 of
    files on the stacks as they were when the window closed: what is shown of them later may be another text. ``age`` is
    how many seconds the target had been running when the window began; None: not known. ``pace`` was read along with
    the calls and the samples, as the only part without an entry in ``collections``. ``work`` is what a workload itself
    counted: no collector knows it.
    """

    target: Target
    window: Window
    cores: int = 1
    age: float | None = None
    user_roots: tuple[str, ...] = ()
    sources: dict[str, str] = Field(default_factory=dict)
    collections: dict[str, Collection]
    syscalls: SyscallProfile | None = None
    cpu: CpuProfile | None = None
    waits: tuple[WaitRow, ...] | None = None
    faults: tuple[FaultRow, ...] | None = None
    threads: tuple[ThreadTime, ...] | None = None
    children: tuple[ChildProcess, ...] | None = None
    pools: tuple[PoolLine, ...] = ()
    paced: tuple[PacedLine, ...] = ()
    polls: tuple[PollLine, ...] = ()
    lent: tuple[LentLine, ...] = ()
    shared_syncs: tuple[SharedSync, ...] = ()
    loops: tuple[PollingThread, ...] | None = None
    pace: tuple[PaceReading, ...] | None = None
    memory: MemoryTrend | None = None
    limits: Limits | None = None
    living: tuple[LivingRow, ...] | None = None
    files: tuple[FileFact, ...] = ()
    file_use: FileUse | None = None
    disk: DiskUse | None = None
    network: NetworkUse | None = None
    allocations: AllocationProfile | None = None
    locks: LockProfile | None = None
    goroutines: GoroutineCount | None = None
    functions: FunctionProfile | None = None
    memory_map: MemoryMap | None = None
    thread_stacks: ThreadStacks | None = None
    custom: CustomOutput | None = None
    work: Work | None = None
    run: Run | None = None
    """the run of a workload that this is the record of"""
