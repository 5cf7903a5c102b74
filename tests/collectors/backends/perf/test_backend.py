"""When perf can answer, and when it says why not."""

from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.host.local import LocalHost

STATUS = "/proc/self/status"
PARANOID = "/proc/sys/kernel/perf_event_paranoid"
ALL, NONE = b"CapEff:\t000001ffffffffff\n", b"CapEff:\t0000000000000000\n"


class FakeHost(LocalHost):
    """A machine of which only these files exist."""

    def __init__(
        self, files: dict[str, bytes], *, installed: bool = True, tracefs: list[str] | OSError | None = None
    ) -> None:
        self.files, self.installed, self.tracefs = files, installed, tracefs

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if self.installed else None

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path][:limit]

    def list_folder(self, path: str) -> list[str]:
        if isinstance(self.tracefs, list):
            return self.tracefs
        raise self.tracefs or FileNotFoundError(path)


def test_without_the_program_it_says_how_to_install_it() -> None:
    problem = perf.unavailable(FakeHost({}, installed=False))
    assert problem and "apt-get install linux-perf" in problem.next_step


def test_a_kernel_that_leaves_perf_to_root_is_named_with_the_way_out() -> None:
    problem = perf.unavailable(FakeHost({PARANOID: b"4\n", STATUS: NONE}))
    assert problem and "perf_event_paranoid is 4" in problem.why
    assert "sysctl kernel.perf_event_paranoid=2" in problem.next_step
    assert perf.unavailable(FakeHost({PARANOID: b"4\n", STATUS: ALL})) is None
    assert perf.unavailable(FakeHost({PARANOID: b"2\n", STATUS: NONE})) is None


def test_a_kernel_without_performance_events_is_named() -> None:
    problem = perf.unavailable(FakeHost({STATUS: ALL}))
    assert problem and "no performance events" in problem.why


def test_counting_needs_tracefs_and_the_exact_command_is_said() -> None:
    problem = perf.unavailable_for_syscalls(FakeHost({PARANOID: b"1\n", STATUS: NONE}))
    assert problem and problem.next_step == "As root run: mount -t tracefs tracefs /sys/kernel/tracing"


def test_root_gets_a_tracefs_of_its_own() -> None:
    assert perf.unavailable_for_syscalls(FakeHost({PARANOID: b"1\n", STATUS: ALL})) is None


def test_a_mounted_tracefs_is_enough_when_it_may_be_read() -> None:
    files = {PARANOID: b"1\n", STATUS: NONE}
    assert perf.unavailable_for_syscalls(FakeHost(files, tracefs=["sys_enter", "sys_exit"])) is None
    problem = perf.unavailable_for_syscalls(FakeHost(files, tracefs=PermissionError("no")))
    assert problem and "Only root" in problem.why
